/**
 * A message that comes before its join, in every JSON dialect: it waits for the join, for a moment, within bounds, and is
 * judged as ever when none comes.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import type { Broker } from "../../src/broker.ts";
import { Connection } from "../../src/hub/connection.ts";
import { kebab as dialect } from "../../src/dialects/kebab.ts";
import { EarlyFrames } from "../../src/commands/early_frames.ts";
import type { MemoryBroker } from "../../src/brokers/memory/broker.ts";
import { memoryBroker } from "../memory_broker.ts";
import { IdSource } from "../../src/id.ts";
import { type FakeSocket, type JsonFrame, TestCore, type TestCoreOptions, token } from "../test_core.ts";
import { eventually } from "../harness.ts";
import { SlowBroker } from "../slow_broker.ts";

const SLOW = { timeout: 20_000 };

function memory(): MemoryBroker {
  return memoryBroker();
}

function open(options: TestCoreOptions = {}, broker: Broker = memory()): TestCore {
  return new TestCore(broker, options);
}

interface Words {
  path: string;
  join(room: string): JsonFrame;
  say(room: string, text: string): JsonFrame;
  type(room: string): JsonFrame;
  /** The text of a message it hears. */
  textOf(frame: JsonFrame): unknown;
}

const DIALECTS: Record<string, Words> = {
  envelope: {
    path: `/websocket/connect?token=${token("eve")}`,
    join: (room) => ({ type: "system", id: "j", data: { action: "join", room } }),
    say: (room, text) => ({ type: "message", id: text, room, data: { text } }),
    type: (room) => ({ type: "custom_event", room, data: { event: "typing_start" } }),
    textOf: ({ type, data }) => type === "message" ? (data as JsonFrame).text : undefined,
  },
  kebab: {
    path: "/ws?dialect=kebab",
    join: (roomId) => ({ type: "join-room", roomId }),
    say: (roomId, message) => ({ type: "message", roomId, message }),
    type: (roomId) => ({ type: "typing-start", roomId }),
    textOf: ({ type, message }) => type === "message" ? message : undefined,
  },
  snake: {
    path: `/ws?token=${token("eve")}`,
    join: (roomId) => ({ type: "join_room", roomId }),
    say: (roomId, content) => ({ type: "message", roomId, content }),
    type: (roomId) => ({ type: "typing_start", roomId }),
    textOf: ({ type, content }) => type === "new_message" ? content : undefined,
  },
  plain: {
    path: "/ws",
    join: (room) => ({ type: "join", room }),
    say: (room, content) => ({ type: "message", room, content }),
    type: (room) => ({ type: "ping", room }),
    textOf: ({ type, content }) => type === "message" ? content : undefined,
  },
};

function textsOf({ textOf }: Words, socket: FakeSocket): unknown[] {
  return socket.frames.map(textOf).filter((text) => text !== undefined);
}

function errorsOf(socket: FakeSocket): unknown[] {
  return socket.heard({ type: "error" }).map(({ code, roomId }) => `${code} ${roomId}`);
}

const { kebab } = DIALECTS as { kebab: Words };

for (const [name, words] of Object.entries(DIALECTS)) {
  for (const makeBroker of [memory, () => new SlowBroker()]) {
    test(`${name}, ${makeBroker().name} broker: what was said before the join goes first when it has come`, async () => {
      const core = open({}, makeBroker());
      const bystander = await core.connect("/ws?dialect=kebab");
      bystander.say(kebab.join("lobby"));
      await eventually(() => bystander.heard({ type: "room-joined" }).length === 1);
      const socket = await core.connect(words.path);
      for (const frame of [words.say("lobby", "1"), words.type("lobby"), words.say("lobby", "2")]) socket.say(frame);
      for (const frame of [words.join("hall"), words.join("lobby"), words.say("lobby", "3")]) socket.say(frame);
      await eventually(() => textsOf(words, socket).length === 3);
      assertEquals(textsOf(words, socket), ["1", "2", "3"]);
      assertEquals(errorsOf(socket), []);
      await eventually(() => textsOf(kebab, bystander).length === 3);
      const told = bystander.frames.map(({ type, message }) => message ?? type);
      const typing = name === "plain" ? [] : ["typing-start", "typing-stop"];
      assertEquals(told.filter((what) => /^\d|typing/.test(String(what))), ["1", ...typing, "2", "3"]);
    });
  }
}

test("without its join it is refused as ever, a second later, and others do not wait for it", SLOW, async () => {
  const socket = await open().connect(kebab.path);
  socket.say({ ...kebab.say("lobby", "1"), clientMessageId: "c1" });
  socket.say(kebab.join("hall"));
  socket.say(kebab.say("hall", "2"));
  assertEquals([textsOf(kebab, socket), errorsOf(socket)], [["2"], []]);
  await eventually(() => errorsOf(socket).length > 0);
  const [{ code, roomId, clientMessageId }] = socket.heard({ type: "error" }) as [JsonFrame];
  assertEquals([code, roomId, clientMessageId], ["not_joined", "lobby", "c1"]);
  socket.say(kebab.join("lobby"));
  assertEquals(textsOf(kebab, socket), ["2"], "it was refused, so it is not said any more");
});

test("a join that is refused is answered first, and then what waited for it", async () => {
  const socket = await open({ hooks: { onJoin: (_client, room) => room !== "vip" } }).connect(kebab.path);
  for (const frame of [kebab.say("vip", "1"), kebab.type("vip"), kebab.say("lobby", "2"), kebab.join("vip")]) {
    socket.say(frame);
  }
  assertEquals(errorsOf(socket), ["forbidden vip", "not_joined vip", "not_joined vip"]);
  socket.say(kebab.join("lobby"));
  assertEquals(textsOf(kebab, socket), ["2"]);
});

test("a join that is under way is waited for, however long it takes", SLOW, async () => {
  const gate = Promise.withResolvers<void>();
  const core = open({ hooks: { onJoin: () => gate.promise } });
  const [slow, clock] = [await core.connect(kebab.path), await core.connect(kebab.path)];
  for (const frame of [kebab.say("b", "1"), kebab.join("a"), kebab.join("b"), kebab.say("b", "2")]) slow.say(frame);
  clock.say(kebab.say("b", "0"));
  await eventually(() => errorsOf(clock).length === 1);
  assertEquals(slow.heard({ type: "error" }), []);
  gate.resolve();
  await eventually(() => textsOf(kebab, slow).length === 2);
  assertEquals([textsOf(kebab, slow), errorsOf(slow)], [["1", "2"], []]);
});

test("a group's room that a token opens counts as joined", SLOW, async () => {
  const socket = await open().connect("/ws?dialect=kebab");
  socket.say(kebab.say("group:fleet", "1"));
  socket.say({ type: "authenticate", token: token("eve", { groups: [{ id: "fleet" }] }) });
  await eventually(() => textsOf(kebab, socket).length === 1);
  assertEquals(errorsOf(socket), []);
});

test("a connection that is not young any more is refused at once", async () => {
  const core = open();
  const socket = await core.connect(kebab.path);
  const [connection] = [...core.hub.connections.values()];
  connection!.welcomedAtMs! -= 3000;
  socket.say(kebab.say("lobby", "1"));
  assertEquals(errorsOf(socket), ["not_joined lobby"]);
});

test("so many of a connection wait, and so large; the rest is refused at once", async () => {
  const core = open();
  const many = await core.connect(kebab.path);
  for (let n = 0; n < 103; n++) many.say(kebab.say("lobby", `${n}`));
  assertEquals(errorsOf(many).length, 3);
  many.say(kebab.join("lobby"));
  assertEquals(textsOf(kebab, many).length, 100);
  const large = await core.connect(kebab.path);
  for (let n = 0; n < 3; n++) large.say(kebab.say("lobby", "x".repeat(30_000)));
  assertEquals(errorsOf(large).length, 1);
});

test("of a node 16 MiB wait, and those who have gone hold nothing", () => {
  const ids = new IdSource();
  const early = new EarlyFrames(() => undefined);
  const connections: Connection[] = [];
  const frame = { input: "", bytes: 64 * 1024, room: "lobby" };
  const join = () => {
    const one = new Connection({ id: ids.next(), socket: undefined as never, dialect, address: "::1" });
    connections.push(one);
    return early.keep(one, frame);
  };
  while (join());
  assertEquals(connections.length, 257);
  for (const one of connections) early.forget(one);
  assert(join());
  early.forget(connections.at(-1)!);
});

test("what waits has taken its tokens, and a hook is asked about it once", async () => {
  const asked: unknown[] = [];
  const core = open({
    websocketMessageRate: 1,
    websocketMessageBurst: 3,
    hooks: { onMessage: (_client, { data }) => void asked.push((data as JsonFrame).text) },
  });
  const socket = await core.connect(kebab.path);
  for (const text of ["1", "2", "3", "4"]) socket.say(kebab.say("lobby", text));
  assertEquals([errorsOf(socket), asked], [["rate_limited lobby"], []]);
  socket.say(kebab.join("lobby"));
  assertEquals([textsOf(kebab, socket), asked], [["1", "2", "3"], ["1", "2", "3"]]);
  assert(core.hub.stats.messages.value === 3);
});

test("a connection that closed while its message was being judged keeps nothing back", SLOW, async () => {
  const verdicts: (() => void)[] = [];
  const onMessage = () => new Promise<undefined>((resolve) => verdicts.push(() => resolve(undefined)));
  const core = open({ hooks: { onMessage }, websocketConnectRate: 0 });
  const long = "x".repeat(60_000);
  for (let n = 0; n < 300; n++) {
    const socket = await core.connect(kebab.path);
    socket.say(kebab.join("lobby"));
    socket.say(kebab.say("lobby", long));
    socket.close(1000, "gone");
  }
  await eventually(() => core.hub.connections.size === 0);
  for (const answer of verdicts) answer();
  // 16 MiB of frames of the dead would leave no room for hers.
  const early = await core.connect(kebab.path);
  early.say(kebab.say("lobby", long));
  assertEquals(errorsOf(early), []);
});

test("a message that means the room of its path waits for that room's join, and its refusal names the room", async () => {
  const path = "/ws/lobby";
  const bob = await open().connect(path);
  bob.say({ type: "leave" });
  bob.say({ type: "message", content: "early" });
  assertEquals(bob.heard({ type: "error" }), []);
  bob.say({ type: "join" });
  assertEquals(textsOf(DIALECTS.plain!, bob), ["early"]);
  const ann = await open({ rooms: [{ match: "lobby", publish: "nobody" }] }).connect(path);
  ann.say({ type: "message", content: "no" });
  const [{ data, room }] = ann.heard({ type: "error" }) as [JsonFrame];
  assertEquals([(data as JsonFrame).code, room], ["forbidden", "lobby"]);
});
