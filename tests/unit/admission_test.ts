/** Who comes in at all, why the others do not, and that places are given back. */
import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Admission } from "../../src/admission.ts";
import { type ConfigOverrides, defaultConfig } from "../../src/config.ts";
import { ParleyError } from "../../src/errors.ts";
import { Origins } from "../../src/origins.ts";
import { Stats } from "../../src/stats.ts";

function open(overrides: ConfigOverrides = {}): { admission: Admission; stats: Stats } {
  const config = defaultConfig({ jwtSecret: "x".repeat(32), ...overrides });
  const stats = new Stats();
  return { admission: new Admission(config, new Origins(config.websocketAllowedOrigins), stats), stats };
}

function refusal(admission: Admission, address = "203.0.113.1", headers = {}): [string, number | undefined] {
  const request = new Request("http://parley.test/ws", { headers });
  const check = () => admission.check(request, { address, port: 1, secure: false });
  const { code, retryAfter } = assertThrows(check, ParleyError) as ParleyError;
  return [code, retryAfter];
}

function admitted(admission: Admission, address = "203.0.113.1"): string {
  return admission.check(new Request("http://parley.test/ws"), { address, port: 1, secure: false });
}

test("places of all and of one network are counted and given back", () => {
  const { admission, stats } = open({ websocketMaxConnections: 3, websocketMaxConnectionsPerIp: 2 });
  for (const address of ["2001:db8::1", "2001:db8::2", "203.0.113.1"]) {
    admission.enter(admitted(admission, address));
  }
  assertEquals(refusal(admission, "203.0.113.2"), ["unavailable", 5000]);
  admission.leave("203.0.113.1");
  assertEquals(refusal(admission, "2001:db8::3"), ["unavailable", 5000]);
  assertEquals(admitted(admission, "2001:db8:0:1::1"), "2001:db8:0:1::1");
  admission.leave("2001:db8::2");
  assertEquals(admitted(admission, "2001:db8::3"), "2001:db8::3");
  assertEquals(stats.snapshot()['parley_refused_total{reason="limit"}'], 2);
});

test("one network's rate is no other's", () => {
  const { admission, stats } = open({ websocketConnectRate: 1, websocketConnectBurst: 2 });
  admitted(admission);
  admitted(admission);
  const [code, retryAfter] = refusal(admission);
  assertEquals([code, retryAfter! > 0 && retryAfter! <= 1000], ["rate_limited", true]);
  admitted(admission, "203.0.113.2");
  assertEquals(stats.snapshot()['parley_refused_total{reason="rate"}'], 1);
});

test("what is refused for another reason takes no token", () => {
  const { admission, stats } = open({
    websocketConnectRate: 1,
    websocketConnectBurst: 1,
    websocketAllowedOrigins: ["https://app.test"],
  });
  assertEquals(refusal(admission, undefined, { origin: "https://evil.test" }), ["forbidden", undefined]);
  admission.draining = true;
  assertEquals(refusal(admission), ["unavailable", 5000]);
  admission.draining = false;
  admitted(admission);
  const { 'parley_refused_total{reason="origin"}': origin, 'parley_refused_total{reason="draining"}': draining } = stats
    .snapshot();
  assertEquals([origin, draining], [1, 1]);
  assertEquals(refusal(open({ websocketEnabled: false }).admission), ["unavailable", 5000]);
});
