/** Idempotent publishes in memory: how long they are remembered, and how many. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { MemoryOnce } from "../../src/brokers/memory/once.ts";
import { FakeClock } from "../fakes.ts";

/** What is remembered of a message. */
function publishOf(id: string) {
  return { id, timestamp: 7 };
}

test("a sender's oldest keys go first, others' stay", () => {
  const once = new MemoryOnce();
  once.remember({ sender: "bob", key: "k" }, publishOf("b"));
  for (let n = 1; n <= 300; n++) once.remember({ sender: "ann", key: `${n}` }, publishOf(`${n}`));
  assertEquals(once.find({ sender: "ann", key: "44" }), undefined);
  assertEquals(once.find({ sender: "ann", key: "45" })?.duplicateOf, publishOf("45"));
  assertEquals(once.find({ sender: "bob", key: "k" })?.duplicateOf, publishOf("b"));
  assertEquals(once.size, 257);
});

test("beyond the total the silent senders go first", () => {
  const once = new MemoryOnce(Date.now, 10);
  for (let n = 1; n <= 5; n++) {
    for (const sender of ["ann", "bob"]) once.remember({ sender, key: `${n}` }, publishOf(sender));
  }
  once.remember({ sender: "bob", key: "6" }, publishOf("bob"));
  assertEquals(once.find({ sender: "ann", key: "5" }), undefined);
  assertEquals(once.find({ sender: "bob", key: "1" })?.duplicateOf, publishOf("bob"));
  assertEquals(once.size, 6);
});

test("keys are forgotten after five minutes", () => {
  const clock = new FakeClock();
  const once = new MemoryOnce(clock.now);
  const position = { epoch: "e", offset: 1 };
  once.remember({ sender: "ann", key: "1" }, { ...publishOf("1"), position });
  clock.advance(299_999);
  assertEquals(once.find({ sender: "ann", key: "1" }), { position, duplicateOf: publishOf("1") });
  once.remember({ sender: "ann", key: "2" }, publishOf("2"));
  clock.advance(1);
  assertEquals(once.find({ sender: "ann", key: "1" }), undefined);
  once.sweep();
  assertEquals(once.find({ sender: "ann", key: "2" })?.duplicateOf, publishOf("2"));
  once.remember({ sender: "ann", key: "1" }, publishOf("3"));
  assertEquals(once.find({ sender: "ann", key: "1" })?.duplicateOf, publishOf("3"));
  clock.advance(300_000);
  once.sweep();
  assertEquals(once.size, 0);
});
