/** Who comes in at all, why the others do not, and that places are given back. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Admission } from "../../src/gateway/admission.ts";
import { type ConfigOverrides, defaultConfig } from "../../src/config/config.ts";
import { ParleyError } from "../../src/errors.ts";
import { createLog } from "../../src/log.ts";
import { Origins } from "../../src/gateway/origins.ts";
import { Stats } from "../../src/hub/metrics.ts";

function open(overrides: ConfigOverrides = {}): { admission: Admission; stats: Stats; lines: string[] } {
  const config = defaultConfig({ jwtSecret: "x".repeat(32), ...overrides });
  const stats = new Stats();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const origins = new Origins(config.websocketAllowedOrigins);
  return { admission: new Admission({ config, origins, stats, log }), stats, lines };
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
  assertEquals(stats.refused.series()['parley_refused_total{reason="limit"}'], 2);
});

test("one network's rate is no other's", () => {
  const { admission, stats } = open({ websocketConnectRate: 1, websocketConnectBurst: 2 });
  admitted(admission);
  admitted(admission);
  const [code, retryAfter] = refusal(admission);
  assertEquals([code, retryAfter! > 0 && retryAfter! <= 1000], ["rate_limited", true]);
  admitted(admission, "203.0.113.2");
  assertEquals(stats.refused.series()['parley_refused_total{reason="rate"}'], 1);
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
    .refused
    .series();
  assertEquals([origin, draining], [1, 1]);
  assertEquals(refusal(open({ websocketEnabled: false }).admission), ["unavailable", 5000]);
});

test("an X-Forwarded-For that is not believed is said once, with the cure", () => {
  const headers = new Headers({ "x-forwarded-for": "198.51.100.7" });
  const peer = { address: "10.0.0.2", port: 1, secure: false };
  const { admission, lines } = open();
  for (let n = 0; n < 3; n++) assertEquals(admission.addressOf(headers, peer), "10.0.0.2");
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /WARN .*X-Forwarded-For is not believed.* set TRUST_PROXY .* address=10\.0\.0\.2$/);
  const trusting = open({ trustProxy: 1 });
  assertEquals(trusting.admission.addressOf(headers, peer), "198.51.100.7");
  const direct = open();
  direct.admission.addressOf(new Headers(), peer);
  assertEquals([...trusting.lines, ...direct.lines], []);
});

test("that an address has met a limit of its own is said once, and which", () => {
  const rate = open({ websocketConnectRate: 1, websocketConnectBurst: 1 });
  admitted(rate.admission);
  for (let n = 0; n < 3; n++) refusal(rate.admission);
  assertEquals(rate.lines.length, 1);
  assertMatch(rate.lines[0]!, /WARN .*met its limit.* address=203\.0\.113\.1 limit=WEBSOCKET_CONNECT_RATE$/);
  const places = open({ websocketMaxConnectionsPerIp: 1 });
  places.admission.enter(admitted(places.admission));
  refusal(places.admission);
  assertMatch(places.lines.join(), /limit=WEBSOCKET_MAX_CONNECTIONS_PER_IP$/);
  const all = open({ websocketMaxConnections: 1 });
  all.admission.enter(admitted(all.admission));
  refusal(all.admission);
  assertEquals(all.lines, []);
});

test("by default a thousand connections of a public address fit, and any number of a private one", () => {
  const { admission } = open();
  for (let n = 0; n < 1000; n++) {
    for (const address of ["203.0.113.1", "10.0.0.1", "127.0.0.1", "::1"]) admission.enter(address);
  }
  assertEquals(admission.fullness("203.0.113.1"), "the limit of 1000 connections per address is reached");
  for (const address of ["10.0.0.1", "127.0.0.1", "::1", "203.0.113.2"]) {
    assertEquals([address, admission.fullness(address)], [address, undefined]);
  }
  admission.leave("203.0.113.1");
  for (const address of ["10.0.0.1", "127.0.0.1", "::1"]) admission.leave(address);
  assertEquals(admission.fullness("203.0.113.1"), undefined);
});
