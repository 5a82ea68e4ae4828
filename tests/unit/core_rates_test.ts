/**
 * The rates of a connection in the whole core: which frames are refused, which wait, in which order they go on, and
 * that nothing is kept for those who have gone.
 */
import { assert, assertEquals } from "@std/assert";
import { mock, test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { type FakeSocket, type JsonFrame, TestCore, type TestCoreOptions, token } from "../test_core.ts";
import { eventually } from "../harness.ts";
import { SlowBroker } from "../slow_broker.ts";

const SLOW = { timeout: 20_000 };
/** Two rooms, so 52 joins and leaves at once, and four may wait. */
const FEW_ROOMS = { websocketMaxRooms: 2, websocketJoinRate: 2 };
const BURST = 52;

function open(options: TestCoreOptions = {}): TestCore {
  const broker = memoryBroker();
  return new TestCore(broker, options);
}

function kebab(core: TestCore): Promise<FakeSocket> {
  return core.connect("/ws?dialect=kebab");
}

/** Whatever time it takes on a busy machine, no bucket fills meanwhile. */
function atOneMoment(act: () => void): void {
  const now = performance.now();
  const clock = mock.method(performance, "now", () => now);
  try {
    act();
  } finally {
    clock.mock.restore();
  }
}

/** In and out of one room, as often as the burst allows. */
function spendBurst(socket: FakeSocket): void {
  atOneMoment(() => {
    for (let n = 0; n < BURST / 2; n++) {
      socket.say({ type: "join-room", roomId: "a" });
      socket.say({ type: "leave-room", roomId: "a" });
    }
  });
  assertEquals(socket.heard({ type: "room-left" }).length, BURST / 2);
}

function typesAfter(socket: FakeSocket, start: number): unknown[] {
  return socket.frames.slice(start).map(({ type }) => type);
}

test("joins and leaves up to the burst are carried out at once and cost no other frame its token", async () => {
  const socket = await kebab(open({ ...FEW_ROOMS, websocketMessageRate: 1, websocketMessageBurst: 1 }));
  spendBurst(socket);
  socket.say({ type: "ping" });
  assertEquals([socket.heard({ type: "pong" }).length, socket.heard({ type: "error" })], [1, []]);
});

test("beyond it they wait, whatever comes behind them keeps its order, and pings overtake", SLOW, async () => {
  const socket = await kebab(open(FEW_ROOMS));
  spendBurst(socket);
  const start = socket.frames.length;
  socket.say({ type: "join-room", roomId: "a" });
  socket.say({ type: "message", roomId: "a", message: "hi", clientMessageId: "1" });
  socket.say({ type: "leave-room", roomId: "a" });
  socket.say({ type: "message", roomId: "a", message: "too late" });
  socket.say({ type: "ping" });
  socket.say({ type: "pong" });
  assertEquals(typesAfter(socket, start), []);
  await eventually(() => socket.heard({ code: "not_joined" })[0]);
  const order = ["pong", "room-joined", "message", "message-ack", "room-left", "error"];
  assertEquals(typesAfter(socket, start), order);
});

test("a ping that arrives while joins wait is answered in the same turn", SLOW, async () => {
  const socket = await kebab(open(FEW_ROOMS));
  spendBurst(socket);
  for (const type of ["join-room", "leave-room", "join-room"]) socket.say({ type, roomId: "a" });
  const joins = () => socket.heard({ type: "room-joined" }).length;
  await eventually(() => joins() === BURST / 2 + 1);
  socket.say({ type: "ping" });
  assertEquals(socket.heard({ type: "pong" }).length, 1);
  await eventually(() => joins() === BURST / 2 + 2);
});

test("heartbeats and pings of envelope overtake under their own ids", SLOW, async () => {
  const socket = await open(FEW_ROOMS).connect(`/websocket/connect?token=${token("eve")}`);
  const system = (action: string, id: string) => socket.say({ type: "system", id, data: { action, room: "a" } });
  for (let n = 0; n < BURST / 2; n++) ["join", "leave"].forEach((action) => system(action, `${action} ${n}`));
  system("join", "waits");
  socket.say({ type: "heartbeat", id: "h" });
  system("ping", "p");
  await eventually(() => socket.heard({ id: "waits" })[0]);
  assertEquals(socket.frames.slice(-3).map(({ id }) => id), ["h", "p", "waits"]);
});

test("exactly so many wait; the next is refused and counts as too much, the others still go on", SLOW, async () => {
  const core = open({ ...FEW_ROOMS, websocketMessageBurst: 2 });
  const socket = await kebab(core);
  spendBurst(socket);
  for (let n = 0; n < 2; n++) ["join-room", "leave-room"].forEach((type) => socket.say({ type, roomId: "a" }));
  assertEquals(socket.heard({ type: "error" }), []);
  socket.say({ type: "join-room", roomId: "a" });
  const [refused, ...more] = socket.heard({ type: "error" });
  assertEquals([refused?.code, refused?.retryAfter, more.length], ["rate_limited", 500, 0]);
  await eventually(() => socket.heard({ type: "room-left" }).length === BURST / 2 + 2);
  for (let n = 0; n < 20; n++) socket.say({ type: "join-room", roomId: "a" });
  assertEquals(socket.closed?.code, 4429);
});

test("all rooms of a connection can be joined at once over a broker that answers later", SLOW, async () => {
  const core = new TestCore(new SlowBroker(), { websocketMaxRooms: 100, websocketJoinRate: 10 });
  const socket = await kebab(core);
  for (let n = 0; n < 100; n++) socket.say({ type: "join-room", roomId: `r${n}` });
  for (let n = 0; n < 50; n++) socket.say({ type: "leave-room", roomId: `r${n}` });
  socket.say({ type: "message", roomId: "r99", message: "hi" });
  await eventually(() => socket.heard({ type: "message" })[0], { withinMs: 10_000 });
  assertEquals([socket.heard({ type: "room-joined" }).length, socket.heard({ type: "room-left" }).length], [100, 50]);
  assertEquals(socket.heard({ type: "error" }), []);
});

test("with a broker that answers later, pings wait for commands but not for the rate", SLOW, async () => {
  const core = new TestCore(new SlowBroker(), FEW_ROOMS);
  const socket = await kebab(core);
  for (let n = 0; n < BURST / 2; n++) ["join-room", "leave-room"].forEach((type) => socket.say({ type, roomId: "a" }));
  for (const type of ["join-room", "ping", "leave-room"]) socket.say({ type, roomId: "a" });
  await eventually(() => socket.heard({ type: "pong" })[0], { withinMs: 10_000 });
  assertEquals(typesAfter(socket, -2), ["room-left", "pong"]);
  assertEquals(socket.heard({ type: "room-left" }).length, BURST / 2);
  await eventually(() => socket.heard({ type: "room-left" }).length === BURST / 2 + 1);
});

test("who closes while joins wait leaves nothing behind, and nothing is joined for it", SLOW, async () => {
  const joined: string[] = [];
  const core = open({ ...FEW_ROOMS, hooks: { onJoin: (_, room) => void joined.push(room) } });
  const socket = await kebab(core);
  spendBurst(socket);
  for (const room of ["x", "y"]) socket.say({ type: "join-room", roomId: room });
  const [connection] = core.hub.connections.values();
  assertEquals(connection!.queue?.moves, 2);
  socket.close(1000, "");
  await eventually(() => connection!.queue === undefined);
  assertEquals(core.leftovers(), { connections: 0, rooms: 0, turns: 0, topics: 0 });
  assertEquals(joined.filter((room) => room !== "a"), []);
});

test("what waits behind joins is bounded in bytes", SLOW, async () => {
  const socket = await kebab(open(FEW_ROOMS));
  spendBurst(socket);
  socket.say({ type: "join-room", roomId: "a" });
  for (let n = 0; n < 20; n++) socket.say({ type: "message", roomId: "a", message: "x".repeat(60_000) });
  // The sockets of these tests may have 1,000,000 bytes unsent, and as many may wait.
  await eventually(() => socket.heard({ type: "message" }).length === 16);
  const refused = socket.heard({ type: "error" });
  assertEquals(refused.map(({ code }) => code), new Array(4).fill("rate_limited"));
});

test("what waits is bounded over all connections of an address, and is given back with them", SLOW, async () => {
  const core = open({ ...FEW_ROOMS, websocketConnectRate: 0 });
  const message = "x".repeat(60_000);
  const sockets: FakeSocket[] = [];
  const fill = async () => {
    const socket = await kebab(core);
    sockets.push(socket);
    spendBurst(socket);
    socket.say({ type: "join-room", roomId: `${sockets.length}` });
    for (let n = 0; n < 16; n++) socket.say({ type: "message", roomId: `${sockets.length}`, message });
    return socket.heard({ code: "rate_limited" }).length;
  };
  let refused = 0;
  while (refused === 0 && sockets.length < 100) refused = await fill();
  // 64 MiB, of which each connection has nearly one.
  assertEquals([sockets.length, refused > 0], [70, true]);
  for (const socket of sockets) socket.close(1000, "");
  await eventually(() => core.hub.connections.size === 0);
  assertEquals(await fill(), 0);
});

test("a frame that decides the dialect of a connection still does so when it waits", SLOW, async () => {
  const socket = await open({ websocketMaxRooms: 1, websocketJoinRate: 2 }).connect("/ws");
  let start = 0;
  atOneMoment(() => {
    socket.say({ type: "join", room: "a" });
    for (let n = 0; n < 50; n++) socket.say({ type: "leave", room: "a" });
    start = socket.frames.length;
    socket.say({ type: "join", room: "a" });
    socket.say({ type: "ping" });
  });
  await eventually(() => socket.heard({ type: "user_list" }).length === 2);
  assertEquals(typesAfter(socket, start), ["pong", "join", "user_list"]);
});

test("the second replay of a room waits for a second, one of another room does not", SLOW, async () => {
  const socket = await kebab(open());
  const since = { epoch: "stale", offset: 1 };
  const replayed = () => socket.heard({ type: "room-joined" }).map(({ roomId }) => roomId);
  socket.say({ type: "join-room", roomId: "a", since });
  socket.say({ type: "join-room", roomId: "b", since });
  socket.say({ type: "leave-room", roomId: "a" });
  assertEquals(replayed(), ["a", "b"]);
  const start = performance.now();
  socket.say({ type: "join-room", roomId: "a", since });
  socket.say({ type: "join-room", roomId: "c" });
  assertEquals(replayed(), ["a", "b"]);
  await eventually(() => replayed().length === 4);
  assertEquals(replayed().slice(2), ["a", "c"]);
  assert(performance.now() - start > 900);
});

test("frames over the rate of bytes are refused, and go on when there is room again", async () => {
  const socket = await kebab(open({ websocketByteRate: 256 * 1024 }));
  socket.say({ type: "join-room", roomId: "a" });
  const message = "x".repeat(60_000);
  atOneMoment(() => {
    for (let n = 0; n < 20; n++) socket.say({ type: "message", roomId: "a", message });
  });
  assertEquals(socket.heard({ type: "message" }).length, 17);
  const refused = socket.heard({ type: "error" });
  assertEquals(refused.map(({ code }) => code), ["rate_limited", "rate_limited", "rate_limited"]);
  const wait = Number(refused[0]!.retryAfter);
  assert(wait > 0 && wait < 250, `${wait} ms`);
  await eventually(() => {
    socket.say({ type: "message", roomId: "a", message });
    return socket.heard({ type: "message" }).length === 18;
  }, { everyMs: 50 });
});

test("bytes are counted as they are on the wire", async () => {
  const socket = await kebab(open({ websocketByteRate: 256 * 1024 }));
  atOneMoment(() => {
    for (let n = 0; n < 20; n++) socket.say({ type: "ping", pad: "€".repeat(20_000) });
  });
  assertEquals(socket.heard({ type: "pong" }).length, 17);
});

const TYPING: JsonFrame = { type: "typing-start", roomId: "a" };

test("signals over the rate are dropped, counted, and told once a second; all count as too many", SLOW, async () => {
  const core = open({ websocketMessageRate: 1, websocketMessageBurst: 5 });
  const socket = await kebab(core);
  socket.say({ type: "join-room", roomId: "a" });
  for (let n = 0; n < 10; n++) socket.say(TYPING);
  assertEquals(socket.heard({ type: "error" }).map(({ code }) => code), ["rate_limited"]);
  assertEquals([core.hub.stats.signals.value, core.hub.stats.signalsDropped.value], [5, 5]);
  for (let n = 0; n < 6; n++) socket.say(TYPING);
  assertEquals([socket.heard({ type: "error" }).length, socket.closed?.code], [1, 4429]);
});

test("a guest's direct message costs a token for each ten rooms in which it looks for the other", async () => {
  const core = open({ websocketMessageRate: 1, websocketMessageBurst: 10 });
  const socket = await kebab(core);
  atOneMoment(() => {
    for (let n = 0; n < 50; n++) socket.say({ type: "join-room", roomId: `r${n}` });
    for (let n = 0; n < 3; n++) socket.say({ type: "message", to: "nobody", message: "hi", clientMessageId: `${n}` });
  });
  assertEquals(socket.heard({ type: "error" }).map(({ code }) => code), ["not_found", "not_found", "rate_limited"]);
});

test("a signal that asks for an answer gets one each time", async () => {
  const core = open({ websocketMessageRate: 1, websocketMessageBurst: 2 });
  const socket = await core.connect(`/websocket/connect?token=${token("eve")}`);
  const signal = (id?: string) => ({ type: "custom_event", id, room: "a", data: { event: "typing_start" } });
  socket.say({ type: "system", id: "j", data: { action: "join", room: "a" } });
  for (const id of ["0", "1", "2", "3", undefined, undefined]) socket.say(signal(id));
  const refused = socket.heard({ type: "error" });
  assertEquals(refused.length, 3);
  assertEquals(refused.slice(0, 2).map(({ data }) => (data as JsonFrame).request), ["2", "3"]);
  assertEquals(core.hub.stats.signalsDropped.value, 2);
});
