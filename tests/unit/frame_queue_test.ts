/** Frames that wait: counted in bytes and numbers, pings taken out wherever they stand. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { FrameQueue, type QueuedFrame } from "../../src/hub/frame_queue.ts";
import { WaitingBytes } from "../../src/hub/waiting_bytes.ts";

function frame(input: string, extras: Partial<QueuedFrame> = {}): QueuedFrame {
  return { input, bytes: input.length, isPing: false, ...extras };
}

const ADDRESS = "203.0.113.7";

function drained(queue: FrameQueue): unknown[] {
  const inputs: unknown[] = [];
  for (let next = queue.shift(); next; next = queue.shift()) inputs.push(next.input);
  return inputs;
}

test("first in, first out; joins and leaves are counted", () => {
  const queue = new FrameQueue(new WaitingBytes(), ADDRESS);
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
  const queue = new FrameQueue(new WaitingBytes(), ADDRESS);
  for (let n = 0; n < 1000; n++) queue.push(frame("12345"));
  assertEquals([queue.fits(frame("x"), 1e6), queue.fits(frame("x", { move: { bytes: 1 } }), 1e6)], [false, true]);
  queue.shift();
  assertEquals([queue.fits(frame("12345"), 5000), queue.fits(frame("123456"), 5000)], [true, false]);
  queue.clear();
  assertEquals([queue.fits(frame("12345"), 5), queue.shift()], [true, undefined]);
});

test("pings leave the line, the rest keeps its order", () => {
  const queue = new FrameQueue(new WaitingBytes(), ADDRESS);
  for (const input of ["a", "ping 1", "b", "ping 2"]) queue.push(frame(input, { isPing: input.startsWith("ping") }));
  assertEquals(queue.takePings().map(({ input }) => input), ["ping 1", "ping 2"]);
  assertEquals(queue.takePings(), []);
  assertEquals(queue.fits(frame("12345678"), 10), true);
  assertEquals(drained(queue), ["a", "b"]);
});

test("all queues of a network have one bound, all networks another, and whatever leaves makes room", () => {
  const waiting = new WaitingBytes({ perNetwork: 100, inAll: 150 });
  const open = (address: string) => new FrameQueue(waiting, address);
  const frame = (bytes: number) => ({ input: "", bytes, isPing: true });
  const [one, same, other] = [open("2001:db8::1"), open("2001:db8::2"), open(ADDRESS)];
  one.push(frame(60));
  assertEquals([same.fits(frame(40), 1000), same.fits(frame(41), 1000), other.fits(frame(90), 1000)], [
    true,
    false,
    true,
  ]);
  other.push(frame(90));
  assertEquals([same.fits(frame(1), 1000), other.fits(frame(1), 1000)], [false, false]);
  other.takePings();
  assertEquals(same.fits(frame(40), 1000), true);
  one.shift();
  assertEquals(waiting.networks, 0);
  one.push(frame(60));
  same.push(frame(40));
  for (const queue of [one, same]) queue.clear();
  assertEquals([one.isEmpty, waiting.networks, same.fits(frame(100), 1000)], [true, 0, true]);
});
