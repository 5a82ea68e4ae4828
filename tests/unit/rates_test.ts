/** Token buckets of one connection: frames, bytes, joins and leaves, replays, and what counts as too much. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { type ConfigOverrides, defaultConfig } from "../../src/config/config.ts";
import { Connection } from "../../src/hub/connection.ts";
import { kebab } from "../../src/dialects/kebab.ts";
import { IdSource } from "../../src/id.ts";
import { Rates } from "../../src/hub/rates.ts";
import { FakeClock } from "../fakes.ts";

const ids = new IdSource();
const KIB = 1024;
const MOVE = { bytes: 100 };

function connection(): Connection {
  return new Connection({ id: ids.next(), socket: undefined as never, dialect: kebab, address: "::1" });
}

function open(overrides: ConfigOverrides = {}): { clock: FakeClock; rates: Rates; one: Connection } {
  const clock = new FakeClock();
  return { clock, rates: new Rates(defaultConfig(overrides), { now: clock.now }), one: connection() };
}

function times<T>(count: number, take: () => T): T[] {
  return Array.from({ length: count }, take);
}

test("a burst of frames, then one each time its time has passed", () => {
  const { clock, rates, one } = open({ websocketMessageRate: 5, websocketMessageBurst: 3 });
  assertEquals(times(4, () => rates.takeFrame(one, 10)), [0, 0, 0, 200]);
  clock.advance(150);
  assertEquals([rates.takeFrame(one, 10), rates.takeFrame(connection(), 10)], [50, 0]);
  clock.advance(50);
  assertEquals([rates.takeFrame(one, 10), rates.takeFrame(one, 10)], [0, 200]);
  clock.advance(60_000);
  assertEquals(times(4, () => rates.takeFrame(one, 10)), [0, 0, 0, 200]);
});

test("a frame may cost several tokens; what costs more than a burst takes all of it", () => {
  const { clock, rates, one } = open({ websocketMessageRate: 5, websocketMessageBurst: 10 });
  assertEquals([rates.takeFrame(one, 10, 7), rates.takeFrame(one, 10, 4), rates.takeFrame(one, 10, 3)], [0, 200, 0]);
  assertEquals(rates.takeFrame(one, 10, 20), 2000);
  clock.advance(2000);
  assertEquals(rates.takeFrame(one, 10, 20), 0);
});

test("a rate that divides nothing evenly still allows the whole burst", () => {
  for (const rate of [3, 7, 13, 49]) {
    const { rates, one } = open({ websocketMessageRate: rate, websocketMessageBurst: 100 });
    assertEquals([rate, times(101, () => rates.takeFrame(one, 1)).findIndex((waitMs) => waitMs > 0)], [rate, 100]);
  }
});

test("bytes have a bucket beside the frames: a mebibyte at once, then the rate", () => {
  const { clock, rates, one } = open();
  assertEquals(times(17, () => rates.takeFrame(one, 64 * KIB)), [...times(16, () => 0), 250]);
  assertEquals(rates.takeFrame(one, 1000), 4);
  clock.advance(1000);
  assertEquals(times(5, () => rates.takeFrame(one, 64 * KIB)), [0, 0, 0, 0, 250]);
});

test("a refused frame takes neither bytes nor a token", () => {
  const { clock, rates, one } = open({ websocketMessageBurst: 17 });
  times(16, () => rates.takeFrame(one, 64 * KIB));
  assertEquals(times(50, () => rates.takeFrame(one, 64 * KIB) > 0).every(Boolean), true);
  clock.advance(250);
  assertEquals(rates.takeFrame(one, 64 * KIB), 0);
});

test("four of the largest messages fit into the burst, and what is larger than the burst waits until it is empty", () => {
  const { clock, rates, one } = open({ websocketMaxMessageBytes: 1024 * KIB });
  assertEquals(times(5, () => rates.takeFrame(one, 1024 * KIB)), [0, 0, 0, 0, 4000]);
  clock.advance(16_000);
  assertEquals(rates.takeFrame(one, 99 * 1024 * KIB), 0);
  assertEquals(rates.takeFrame(one, 1024 * KIB), 4000);
});

test("rates of 0 are no limits", () => {
  const { rates, one } = open({ websocketMessageRate: 0, websocketByteRate: 0, websocketJoinRate: 0 });
  assert(
    times(5000, () => rates.takeFrame(one, 1024 * KIB) + rates.takeMove(one, MOVE)).every((waitMs) => waitMs === 0),
  );
  assert(rates.mayWait(one, 1e6));
});

test("joins and leaves take no token of a frame: the rooms and fifty at once, then ten a second", () => {
  const { clock, rates, one } = open({ websocketMessageBurst: 1, websocketMaxRooms: 20 });
  assertEquals(times(71, () => rates.takeMove(one, MOVE)), [...times(70, () => 0), 100]);
  assertEquals(rates.takeFrame(one, 100), 0);
  clock.advance(100);
  assertEquals(times(2, () => rates.takeMove(one, MOVE)), [0, 100]);
});

test("twice the rooms may wait, beside what the burst still lets through", () => {
  const { clock, rates, one } = open({ websocketMaxRooms: 20 });
  assertEquals([rates.mayWait(one, 110), rates.mayWait(one, 111)], [true, false]);
  times(70, () => rates.takeMove(one, MOVE));
  assertEquals([rates.mayWait(one, 40), rates.mayWait(one, 41)], [true, false]);
  clock.advance(100);
  assertEquals([rates.mayWait(one, 41), rates.mayWait(one, 42)], [true, false]);
  assert(open({ websocketMaxRooms: 0 }).rates.mayWait(one, 1000));
});

test("a join that is padded waits for its bytes too", () => {
  const { rates, one } = open();
  times(16, () => rates.takeFrame(one, 64 * KIB));
  assertEquals(rates.takeMove(one, { bytes: 64 * KIB }), 250);
});

test("the same room is replayed to the same connection once a second, others at once", () => {
  const { clock, rates, one } = open();
  const replay = (room: string, to = one) => rates.takeMove(to, { bytes: 100, replays: room });
  assertEquals([replay("a"), replay("a"), replay("b"), replay("a", connection())], [0, 1000, 0, 0]);
  assertEquals(rates.takeMove(one, MOVE), 0);
  clock.advance(999);
  assertEquals(replay("a"), 1);
  clock.advance(1);
  assertEquals([replay("a"), replay("a")], [0, 1000]);
});

test("who was refused too often within ten seconds has to go; of dropped signals it hears once a second", () => {
  const { clock, rates, one } = open({ websocketMessageBurst: 2 });
  assertEquals(times(5, () => rates.countViolation(one)), [false, false, false, false, true]);
  assertEquals([rates.mayTell(one), rates.mayTell(one), rates.mayTell(connection())], [true, false, true]);
  clock.advance(1000);
  assertEquals(rates.mayTell(one), true);
});

test("a refusal names the limits that there are, and the time to wait", () => {
  const refusal = open({ websocketMessageRate: 7 }).rates.refusal(30);
  assertMatch(refusal.message, /at most 7 messages and 262144 bytes a second/);
  assertEquals([refusal.code, refusal.retryAfter], ["rate_limited", 30]);
  assertMatch(open({ websocketByteRate: 0 }).rates.refusal(1).message, /at most 50 messages a second/);
});
