/** History in memory beyond the contract: the ring against a plain list, and what goes when memory is short. */
import { test } from "node:test";
import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual, assertNotEquals } from "@std/assert";
import { MemoryHistory } from "../../src/brokers/memory/history.ts";
import { RoomLog } from "../../src/brokers/memory/room_log.ts";
import type { MessageEvent } from "../../src/message.ts";
import { FakeClock } from "../fakes.ts";

const KEEP = { size: 100, ttlMs: 60_000 };

function messageOf(data: unknown): MessageEvent {
  return { kind: "message", id: "i", timestamp: 0, from: { connection: "c", name: "n" }, data };
}

function texts(history: MemoryHistory, room: string): unknown[] {
  return history.read(room, { limit: 1000 }).messages.map(({ data }) => data);
}

test("a room's ring holds what a plain list would", () => {
  const log = new RoomLog("r", "e");
  let list: { data: number; at: number; offset: number }[] = [];
  let random = 1;
  const next = (below: number) => (random = random * 48271 % 2147483647) % below;
  for (let step = 1; step <= 3000; step++) {
    // The size changes now and then, as after a change of the configuration.
    const size = step < 1500 ? 10 : step < 2200 ? 25 : 7;
    log.append(messageOf(step), { size, maxBytes: Infinity, keptAt: step });
    list.push({ data: step, at: step, offset: step });
    list = list.slice(-size);
    if (next(10) === 0) {
      const time = step - next(8);
      log.dropBefore(time);
      list = list.filter(({ at }) => at >= time);
    }
    assertEquals([log.length, log.bytes > 0, log.offset], [list.length, list.length > 0, step]);
    assertEquals(log.slice(log.first, log.offset).map(({ data }) => data), list.map(({ data }) => data));
  }
});

test("over the limit the least recently used room goes, with its epoch", () => {
  const history = new MemoryHistory(40_000);
  const text = "x".repeat(1000);
  for (const room of ["a", "b", "c"]) {
    for (let n = 0; n < 8; n++) history.append(room, messageOf(text), KEEP);
  }
  const before = history.read("a", { limit: 1 }).position;
  const lost = history.read("b", { limit: 1 }).position;
  history.read("a", { limit: 1 });
  for (let n = 0; n < 8; n++) history.append("d", messageOf(text), KEEP);
  assertLessOrEqual(history.bytes, 40_000);
  assertEquals(history.read("a", { limit: 1 }).position, before);
  assertEquals(history.rooms < 4, true);
  const after = history.read("c", { limit: 100, since: lost });
  assertEquals([after.recovered, after.messages], [false, []]);
  assertNotEquals(after.position.epoch, lost.epoch);
});

test("a room that is alone over the limit loses its oldest messages only", () => {
  const history = new MemoryHistory(20_000);
  for (let n = 1; n <= 100; n++) history.append("a", messageOf(`${n}`.padEnd(1000)), KEEP);
  const { messages, position } = history.read("a", { limit: 100 });
  assertEquals(position.offset, 100);
  assertEquals(messages.at(-1)?.position, position);
  assertGreater(messages.length, 5);
  assertLess(messages.length, 20);
  assertEquals(history.rooms, 1);
});

test("bytes are given back with the messages", () => {
  const clock = new FakeClock();
  const history = new MemoryHistory(1e9, clock.now);
  for (let n = 0; n < 50; n++) {
    history.append(`r${n % 5}`, messageOf({ text: "x".repeat(n) }), { size: 4, ttlMs: 1000 });
  }
  assertGreater(history.bytes, 5 * 4 * 300);
  clock.advance(1001);
  history.sweep();
  const empty = history.bytes;
  assertLess(empty, 5 * 400);
  history.append("r0", messageOf("x"), KEEP);
  assertGreater(history.bytes, empty);
  clock.advance(25 * 3_600_000);
  history.sweep();
  assertEquals([history.bytes, history.rooms], [0, 0]);
});

test("a room that comes back after a quiet day has a new epoch", () => {
  const clock = new FakeClock();
  const history = new MemoryHistory(1e9, clock.now);
  history.append("r", messageOf(1), KEEP);
  const { position } = history.read("r", { limit: 0 });
  clock.advance(23 * 3_600_000);
  history.sweep();
  assert(history.read("r", { limit: 5, since: position }).recovered);
  clock.advance(25 * 3_600_000);
  history.sweep();
  assertEquals(history.read("r", { limit: 5, since: position }).recovered, false);
  assertEquals(texts(history, "r"), []);
});
