/** How much of what is kept a connection may read: the bucket by itself, and in the whole core. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { type ConfigOverrides, defaultConfig } from "../../src/config/config.ts";
import { Connection } from "../../src/hub/connection.ts";
import { kebab } from "../../src/dialects/kebab.ts";
import { IdSource } from "../../src/id.ts";
import { ReadRate } from "../../src/hub/read_rate.ts";
import { type FakeSocket, type JsonFrame, TestCore, token } from "../test_core.ts";
import { FakeClock } from "../fakes.ts";
import { eventually } from "../harness.ts";

const SLOW = { timeout: 20_000 };
const ids = new IdSource();

function connection(): Connection {
  return new Connection({ id: ids.next(), socket: undefined as never, dialect: kebab, address: "::1" });
}

function open(overrides: ConfigOverrides): { clock: FakeClock; reads: ReadRate; one: Connection } {
  const clock = new FakeClock();
  return { clock, reads: new ReadRate(defaultConfig(overrides), { now: clock.now }), one: connection() };
}

test("a whole room may be read at once; what overdraws the bucket has to be waited for", () => {
  const { clock, reads, one } = open({ websocketByteRate: 250, historyRoomBytes: 4000 });
  reads.charge(one, 4000);
  assertEquals([reads.waitMs(one), reads.waitMs(connection())], [0, 0]);
  reads.charge(one, 3000);
  assertEquals(reads.waitMs(one), 3000);
  clock.advance(3000);
  assertEquals(reads.waitMs(one), 0);
  clock.advance(60_000);
  reads.charge(one, 4001);
  assertEquals(reads.waitMs(one), 1);
});

test("without a rate of bytes reading has none either", () => {
  const { reads, one } = open({ websocketByteRate: 0, historyRoomBytes: 4000 });
  reads.charge(one, 1e9);
  assertEquals(reads.waitMs(one), 0);
});

function ask(socket: FakeSocket, action: string, more: JsonFrame = {}): void {
  socket.say({ type: "system", data: { action, room: "a", ...more } });
}

function refusals(socket: FakeSocket): JsonFrame[] {
  return socket.heard({ type: "error" }).map(({ data }) => data as JsonFrame);
}

test("who has read too much is refused further reading and nothing else, and a replay waits", SLOW, async () => {
  const broker = memoryBroker({ ids });
  const core = new TestCore(broker, { websocketByteRate: 1000, historyRoomBytes: 4000 });
  const socket = await core.connect(`/websocket/connect?token=${token("ann")}`);
  ask(socket, "join");
  const [joined] = socket.heard({ room: "a" });
  const { position } = joined!.data as JsonFrame;
  for (let n = 0; n < 8; n++) socket.say({ type: "message", room: "a", data: { text: "x".repeat(1000) } });
  ask(socket, "history");
  assertEquals(refusals(socket), []);
  for (const action of ["history", "members", "notifications"]) ask(socket, action);
  const refused = refusals(socket);
  assertEquals(refused.map(({ code }) => code), ["rate_limited", "rate_limited", "rate_limited"]);
  assert(Number(refused[0]!.retryAfter) > 500);
  const before = socket.frames.length;
  socket.say({ type: "message", room: "a", data: { text: "still heard" } });
  ask(socket, "join", { room: "b" });
  assertEquals(socket.frames.length, before + 2);
  ask(socket, "leave");
  ask(socket, "join", { since: position });
  const replayed = () => socket.frames.slice(before).some(({ data }) => (data as JsonFrame).recovered === true);
  assert(!replayed());
  await eventually(replayed);
  assertEquals(refusals(socket).length, 3);
});
