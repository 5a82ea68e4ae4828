/** Frames that wait: counted in bytes and numbers, pings taken out wherever they stand. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { FrameQueue, type QueuedFrame } from "../../src/frame_queue.ts";

function frame(input: string, extras: Partial<QueuedFrame> = {}): QueuedFrame {
  return { input, bytes: input.length, isPing: false, ...extras };
}

function drained(queue: FrameQueue): unknown[] {
  const inputs: unknown[] = [];
  for (let next = queue.shift(); next; next = queue.shift()) inputs.push(next.input);
  return inputs;
}

test("first in, first out; joins and leaves are counted", () => {
  const queue = new FrameQueue();
  queue.push(frame("join", { move: { bytes: 4 } }));
  queue.push(frame("message"));
  queue.push(frame("leave", { move: { bytes: 5 } }));
  assertEquals(queue.moves, 2);
  assertEquals(queue.shift()?.input, "join");
  assertEquals(queue.moves, 1);
  assertEquals(drained(queue), ["message", "leave"]);
  assertEquals(queue.moves, 0);
});

test("all together are bounded in bytes, those that took a token in number, joins by their own rule", () => {
  const queue = new FrameQueue();
  for (let n = 0; n < 1000; n++) queue.push(frame("12345"));
  assertEquals([queue.fits(frame("x"), 1e6), queue.fits(frame("x", { move: { bytes: 1 } }), 1e6)], [false, true]);
  queue.shift();
  assertEquals([queue.fits(frame("12345"), 5000), queue.fits(frame("123456"), 5000)], [true, false]);
  queue.clear();
  assertEquals([queue.fits(frame("12345"), 5), queue.shift()], [true, undefined]);
});

test("pings leave the line, the rest keeps its order", () => {
  const queue = new FrameQueue();
  for (const input of ["a", "ping 1", "b", "ping 2"]) queue.push(frame(input, { isPing: input.startsWith("ping") }));
  assertEquals(queue.takePings().map(({ input }) => input), ["ping 1", "ping 2"]);
  assertEquals(queue.takePings(), []);
  assertEquals(queue.fits(frame("12345678"), 10), true);
  assertEquals(drained(queue), ["a", "b"]);
});
