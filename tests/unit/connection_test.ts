/** What a connection knows of itself: its refusals, its name as a guest. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { Connection } from "../../src/hub/connection.ts";
import { kebab } from "../../src/dialects/kebab.ts";
import { IdSource } from "../../src/id.ts";

const ids = new IdSource();

function connection(): Connection {
  return new Connection({ id: ids.next(), socket: undefined as never, dialect: kebab, address: "::1" });
}

test("refusals add up only within ten seconds", () => {
  const one = connection();
  assertEquals([0, 1, 9_999].map((nowMs) => one.countViolation(nowMs, 2)), [false, false, true]);
  assertEquals([10_001, 10_002, 20_001, 20_002].map((nowMs) => one.countViolation(nowMs, 2)), [
    false,
    false,
    true,
    false,
  ]);
});

test("guests have names of their own, the same each time", () => {
  const names = new Set(Array.from({ length: 500 }, () => connection().member.name));
  for (const name of names) assertMatch(name, /^guest-[0-9a-f]{6}$/);
  assert(names.size > 495, `${names.size} of 500 differ`);
  const { id, member } = connection();
  const again = new Connection({ id, socket: undefined as never, dialect: kebab, address: "::1" });
  assertEquals(again.member, member);
});
