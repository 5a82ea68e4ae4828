/** The audit trail: how often a stranger's refused tokens are worth a line. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Audit } from "../../src/hub/audit.ts";
import { ParleyError } from "../../src/errors.ts";
import { createLog } from "../../src/log.ts";
import { FakeClock } from "../fakes.ts";

test("refused tokens of one address are a line a second at most, those of another one have their own", () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const audit = new Audit(createLog({ format: "json", write: (line) => lines.push(line) }), clock);
  const refuse = (address: string) => audit.refused(address, "upgrade", new ParleyError("unauthorized", "bad"));
  const addresses = () => lines.splice(0).map((line) => JSON.parse(line).address);
  for (let n = 0; n < 100; n++) refuse("203.0.113.1");
  refuse("203.0.113.2");
  assertEquals(addresses(), ["203.0.113.1", "203.0.113.2"]);
  clock.advance(999);
  refuse("203.0.113.1");
  assertEquals(addresses(), []);
  clock.advance(1);
  refuse("203.0.113.1");
  refuse("203.0.113.1");
  assertEquals(addresses(), ["203.0.113.1"]);
});

test("refused tokens of however many addresses are twenty lines a second", () => {
  const clock = new FakeClock();
  let lines = 0;
  const audit = new Audit(createLog({ write: () => void lines++ }), clock);
  const refuse = (n: number) => audit.refused(`2001:db8:0:${n}::1`, "http", new ParleyError("unauthorized", "bad"));
  for (let n = 0; n < 500; n++) refuse(n);
  assertEquals(lines, 100);
  clock.advance(1000);
  for (let n = 500; n < 1000; n++) refuse(n);
  assertEquals(lines, 120);
});
