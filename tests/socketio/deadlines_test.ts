/**
 * Deadlines of equal length: in order, on time, and gone when nobody waits.
 */
import { test } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Deadlines } from "../../src/socketio/engine/deadlines.ts";
import { eventually } from "../harness.ts";

test("deadlines expire in the order they were set, not before their time", async () => {
  const expired: [string, number][] = [];
  const deadlines = new Deadlines<string>(30, (item, dueAt) => expired.push([item, performance.now() - dueAt]));
  for (const item of ["a", "b", "c"]) deadlines.set(item);
  deadlines.set("a");
  assert(deadlines.delete("b"));
  assertEquals(deadlines.delete("b"), false);
  assertEquals(deadlines.size, 2);
  await eventually(() => expired.length === 2);
  assertEquals(expired.map(([item]) => item), ["c", "a"]);
  for (const [, lateMs] of expired) assert(lateMs >= 0);
  assertEquals(deadlines.size, 0);
});

test("a deadline runs from the moment it is given", () => {
  const expired: number[] = [];
  const deadlines = new Deadlines<string>(1000, (_, dueAt) => expired.push(dueAt));
  const now = performance.now();
  deadlines.set("past", now - 1000);
  deadlines.set("future", now);
  deadlines.sweep();
  assertEquals(expired.length, 1);
  assertAlmostEquals(expired[0]!, now, 0.001);
  assert(deadlines.has("future"));
  deadlines.clear();
  assertEquals(deadlines.size, 0);
});

test("what expires may set its next deadline", async () => {
  let rounds = 0;
  const deadlines = new Deadlines<string>(5, (item, dueAt) => {
    if (++rounds < 4) deadlines.set(item, dueAt);
  });
  deadlines.set("again");
  await eventually(() => rounds === 4);
  assertEquals(deadlines.size, 0);
});
