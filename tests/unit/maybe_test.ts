/** Synchronous when it can be; and one thing at a time for each name. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { after, isPromise, type MaybePromise, run, type Steps, wait } from "../../src/maybe.ts";
import { KeyedQueue } from "../../src/hub/keyed_queue.ts";

function* sum(...parts: MaybePromise<number>[]): Steps<number> {
  let total = 0;
  for (const part of parts) total += yield* wait(part);
  return total;
}

test("steps that need not wait end in this turn, others when the last has settled", async () => {
  assertEquals(run(sum(1, 2)), 3);
  const later = run(sum(1, Promise.resolve(2), 3, Promise.resolve(4)));
  assert(isPromise(later));
  assertEquals(await later, 10);
  assertEquals(after(1, (one) => one + 1), 2);
  assertEquals(await after(Promise.resolve(1), (one) => one + 1), 2);
});

test("what a step throws, at once or later, can be caught where it is waited for", async () => {
  function* guarded(part: MaybePromise<number>): Steps<string> {
    try {
      yield* wait(part);
      return "well";
    } catch (error) {
      return (error as Error).message;
    }
  }
  assertEquals(await run(guarded(Promise.reject(new Error("badly")))), "badly");
  function* broken(): Steps<void> {
    yield* wait(undefined);
    throw new Error("broken");
  }
  assertThrows(() => run(broken()), Error, "broken");
  await assertRejects(() => Promise.resolve(run(sum(Promise.reject(new Error("later"))))), Error, "later");
});

test("turns: in the order of asking, past failures, and nothing is kept", async () => {
  const turns = new KeyedQueue();
  const done: string[] = [];
  const slow = (name: string, fails = false) => async () => {
    await Promise.resolve();
    done.push(name);
    if (fails) throw new Error(name);
    return name;
  };
  assertEquals([turns.run("x", () => 1), turns.size], [1, 0]);
  const all = [turns.run("a", slow("a1", true)), turns.run("a", slow("a2")), turns.run("b", slow("b1"))];
  const third = turns.run("a", () => done.push("a3"));
  assertEquals((await Promise.allSettled(all)).map(({ status }) => status), ["rejected", "fulfilled", "fulfilled"]);
  await third;
  assertEquals(done.filter((name) => name[0] === "a"), ["a1", "a2", "a3"]);
  assertEquals(done.indexOf("b1") < done.indexOf("a2"), true);
  await Promise.resolve();
  await Promise.resolve();
  assertThrows(
    () =>
      turns.run("x", () => {
        throw new Error("at once");
      }),
    Error,
    "at once",
  );
  assertEquals(turns.size, 0);
});
