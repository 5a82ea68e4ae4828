/**
 * Deadlines of equal length: in order, on time, and gone when nobody waits.
 */
import { test } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Deadlines, type Expiring } from "../../src/socketio/engine/deadlines.ts";
import { eventually } from "../harness.ts";

/** Something with a deadline, that hears of it by its name. */
function item<T>(name: T, expired: (name: T, dueAt: number) => void): Expiring {
  return { expired: (dueAt) => expired(name, dueAt) };
}

test("deadlines expire in the order they were set, not before their time", async () => {
  const expired: [string, number][] = [];
  const deadlines = new Deadlines(30);
  const note = (name: string, dueAt: number) => void expired.push([name, performance.now() - dueAt]);
  const [a, b, c] = [item("a", note), item("b", note), item("c", note)];
  for (const each of [a, b, c]) deadlines.set(each);
  deadlines.set(a);
  assert(deadlines.delete(b));
  assertEquals(deadlines.delete(b), false);
  assertEquals(deadlines.size, 2);
  await eventually(() => expired.length === 2);
  assertEquals(expired.map(([name]) => name), ["c", "a"]);
  for (const [, lateMs] of expired) assert(lateMs >= 0);
  assertEquals(deadlines.size, 0);
});

test("a deadline runs from the moment it is given", () => {
  const expired: number[] = [];
  const deadlines = new Deadlines(1000);
  const [past, future] = [item("past", (_, dueAt) => expired.push(dueAt)), item("future", () => undefined)];
  const now = performance.now();
  deadlines.set(past, now - 1000);
  deadlines.set(future, now);
  deadlines.sweep();
  assertEquals(expired.length, 1);
  assertAlmostEquals(expired[0]!, now, 0.001);
  assert(deadlines.has(future));
  deadlines.clear();
  assertEquals(deadlines.size, 0);
});

test("what expires may set its next deadline", async () => {
  let rounds = 0;
  const deadlines = new Deadlines(5);
  const again: Expiring = {
    expired: (dueAt) => {
      if (++rounds < 4) deadlines.set(again, dueAt);
    },
  };
  deadlines.set(again);
  await eventually(() => rounds === 4);
  assertEquals(deadlines.size, 0);
});
