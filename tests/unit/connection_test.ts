/** What a connection knows of itself: its bucket of frames, its refusals, its name as a guest. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { Connection } from "../../src/connection.ts";
import { kebab } from "../../src/dialects/kebab.ts";
import { IdSource } from "../../src/id.ts";
import { eventually } from "../harness.ts";

const ids = new IdSource();

function connection(burst: number): Connection {
  return new Connection({ id: ids.next(), socket: undefined as never, dialect: kebab, address: "::1", burst });
}

test("a burst of frames, then one each time its time has passed", async () => {
  const one = connection(3);
  assertEquals([1, 2, 3].map(() => one.takeToken(5, 3)), [0, 0, 0]);
  const waitMs = one.takeToken(5, 3);
  assert(waitMs > 0 && waitMs <= 200, `${waitMs} ms`);
  await eventually(() => one.takeToken(5, 3) === 0);
  assert(one.takeToken(5, 3) > 0);
  assertEquals(connection(0).takeToken(0, 0), 0);
});

test("refusals add up only within ten seconds", () => {
  const one = connection(1);
  assertEquals([1, 2, 3].map(() => one.refuse(2)), [false, false, true]);
});

test("guests have names of their own, the same each time", () => {
  const names = new Set(Array.from({ length: 500 }, () => connection(1).member.name));
  for (const name of names) assertMatch(name, /^guest-[0-9a-f]{6}$/);
  assert(names.size > 495, `${names.size} of 500 differ`);
  const { id, member } = connection(1);
  const again = new Connection({ id, socket: undefined as never, dialect: kebab, address: "::1", burst: 1 });
  assertEquals(again.member, member);
});
