/**
 * The core over a broker that answers later: what may happen between two waits, and that everything is given back.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import type { NodeCommand } from "../../src/broker.ts";
import { run } from "../../src/maybe.ts";
import { type FakeSocket, type JsonFrame, TestCore, type TestCoreOptions, token } from "../test_core.ts";
import { eventually } from "../harness.ts";
import { seeds } from "../nightly.ts";
import { SlowBroker } from "../slow_broker.ts";

function open(options?: TestCoreOptions): { broker: SlowBroker; core: TestCore } {
  const broker = new SlowBroker();
  return { broker, core: new TestCore(broker, options) };
}

async function leaveNothing({ broker, core }: { broker: SlowBroker; core: TestCore }): Promise<void> {
  await eventually(async () => {
    await broker.settled();
    const left: Record<string, number> = {
      ...core.leftovers(),
      seats: broker.engine.presence.countRooms(),
      subscribed: broker.subscribed.size,
    };
    assertEquals(left, { connections: 0, rooms: 0, turns: 0, topics: 0, seats: 0, subscribed: 0 });
    return true;
  });
}

async function heard(socket: FakeSocket, expected: Record<string, unknown>): Promise<Record<string, unknown>> {
  return await eventually(() => socket.heard(expected)[0]);
}

test("a connection that closes at any wait of its life leaves nothing behind", { timeout: 20_000 }, async () => {
  let hurt = true;
  for (let closesAt = 1; hurt; closesAt++) {
    const { broker, core } = open();
    const socket = await core.connect("/ws?dialect=plain&room=r");
    let calls = 0;
    hurt = false;
    broker.onEffect = () => {
      if (++calls !== closesAt) return;
      hurt = true;
      socket.close(1000, "");
    };
    socket.say({ type: "join", room: "lobby" });
    socket.say({ type: "authenticate", token: token("eve", { groups: [{ id: "fleet" }] }) });
    socket.say({ type: "join", room: "hall", since: { epoch: "x", offset: 3 } });
    socket.say({ type: "message", room: "hall", content: "hi", clientMessageId: "1" });
    socket.say({ type: "leave", room: "lobby" });
    socket.say({ type: "join", room: "lobby" });
    await broker.settled();
    await new Promise((resolve) => setTimeout(resolve, 1));
    await broker.settled();
    socket.close(1000, "");
    await leaveNothing({ broker, core });
    assertEquals(core.log.filter((line) => /fault|ERROR/.test(line)), []);
  }
});

for (const seed of seeds({ nightly: 100 })) {
  test(`calls that fail at random leave nothing behind either, and each command is answered (seed ${seed})`, async () => {
    await failAtRandom(seed);
  });
}

async function failAtRandom(seed: number): Promise<void> {
  let random = seed;
  const chance = (of: number) => (random = random * 48271 % 2147483647) % 100 < of;
  const { broker, core } = open();
  broker.fails = () => chance(20);
  const sockets: FakeSocket[] = [];
  for (let round = 0; round < 60; round++) {
    const groups = [{ id: `g${round % 3}` }];
    const path = chance(50) ? `/ws?token=${token(`u${round % 4}`, { groups })}` : `/ws/r${round % 3}`;
    const socket = await core.connect(path).catch(() => undefined);
    if (!socket) continue;
    sockets.push(socket);
    for (const room of ["r0", "r1", "r0"]) {
      socket.say({ type: "join_room", roomId: room });
      socket.say({ type: "join", room });
      socket.say({ type: "message", roomId: room, room, content: "hi", clientMessageId: String(round) });
      socket.say({ type: "typing_start", roomId: room });
      if (chance(50)) socket.say({ type: "leave_room", roomId: room });
      if (chance(50)) socket.say({ type: "leave", room });
    }
    const user = `u${round % 4}`;
    // Orders fail like everything else here; what they were to do is then not done.
    const obey = (order: NodeCommand) => void Promise.resolve(core.node.execute(order)).catch(() => {});
    if (chance(30)) obey({ do: "move_group", user: "u1", group: "g9", joined: chance(50) });
    if (chance(30)) obey({ do: "kick", user, reason: "kicked" });
    if (chance(30)) obey({ do: "put_out", room: "r0", member: user, reason: "kicked" });
    if (chance(40)) socket.close(1000, "");
  }
  await broker.settled();
  for (const socket of sockets) socket.close(1000, "");
  await leaveNothing({ broker, core });
  assertEquals(core.log.filter((line) => /fault/.test(line)), []);
}

test("what is said in a room while somebody joins it is heard once, and after the answer", async () => {
  const { broker, core } = open();
  const speaker = await core.connect("/ws?dialect=kebab");
  speaker.say({ type: "join-room", roomId: "hall" });
  await heard(speaker, { type: "room-joined" });
  const joiner = await core.connect("/ws?dialect=kebab");
  let said = 0;
  broker.onEffect = (call) => {
    // Not on behalf of the messages themselves, or it would never end.
    if (call !== "publish") {
      core.hub.broker.publish({ room: "hall", event: message(core, ++said) }, { keep: { size: 9, ttlMs: 9999 } });
    }
  };
  joiner.say({ type: "join-room", roomId: "hall", since: { epoch: "none", offset: 0 } });
  const joined = await heard(joiner, { type: "room-joined" });
  broker.onEffect = () => {};
  await broker.settled();
  const before = (joined.messages as { message: string }[]).map((each) => Number(each.message));
  const after = joiner.heard({ type: "message" }).map((each) => Number(each.message));
  assert(said > 2);
  assertEquals([...before, ...after], Array.from({ length: said }, (_, n) => n + 1));
  assertEquals(joiner.frames.map(({ type }) => type).indexOf("message") > joiner.frames.indexOf(joined), true);
});

function message(core: TestCore, text: number) {
  const from = { connection: "c", name: "n" };
  return { kind: "message" as const, ...core.hub.stamp(), room: "hall", from, data: { text: String(text) } };
}

test("commands of one connection are answered in order, the frames of each dialect as they came", async () => {
  const { core } = open();
  const socket = await core.connect("/ws");
  socket.say({ type: "authenticate", token: token("eve") });
  socket.say({ type: "join", room: "hall" });
  socket.say({ type: "ping" });
  await heard(socket, { type: "pong" });
  const types = socket.frames.map(({ type }) => type);
  assertEquals(types, ["connected", "authenticated", "join", "user_list", "pong"]);
  // Asked while it was undecided, so answered for all dialects at once.
  assertEquals(socket.heard({ type: "authenticated" })[0], {
    type: "authenticated",
    userId: "eve",
    user_id: "eve",
    username: "eve",
  });
});

test("a connection that comes while its user is blocked, kicked or moved does not slip through", async () => {
  const { broker, core } = open();
  for (let wait = 0; wait <= 4; wait++) {
    const user = `eve${wait}`;
    const socket = await core.connect(`/websocket/connect?token=${token(user, { groups: [{ id: "crew" }] })}`);
    let calls = 0;
    const done = new Promise<unknown>((resolve) => {
      broker.onEffect = () => {
        if (calls++ !== wait) return;
        resolve(run(core.api.sendToUser(user, {
          type: "group_membership_change",
          fields: { group_id: "crew", joined: false },
        })));
      };
    });
    await done;
    await broker.settled();
    await heard(socket, { type: "system_notification" });
    await eventually(() => !core.hub.rooms.has("group:crew"));
    socket.close(1000, "");
    await broker.settled();
  }
  for (let wait = 0; wait < 4; wait++) {
    let calls = 0;
    const socket = await core.connect(`/websocket/connect?token=${token("mal")}`);
    broker.onEffect = () => {
      if (calls++ !== wait) return;
      core.hub.broker.grants.block("mal", 60_000);
      void core.hub.cluster.execute({ do: "kick", user: "mal", reason: "kicked" });
    };
    await eventually(() => socket.closed);
    broker.onEffect = () => {};
    await broker.settled();
    await core.hub.broker.grants.block("mal", 0);
  }
  await leaveNothing({ broker, core });
});

test("a block is asked about once for each token, and again only if somebody was kicked meanwhile", async () => {
  const { broker, core } = open();
  const asked: string[] = [];
  broker.onEffect = (call) => void (call === "blockedFor" && asked.push(call));
  const granted = await core.knock(`/websocket/connect?token=${token("ann")}`);
  const ann = granted();
  await heard(ann, { type: "system_notification" });
  assertEquals(asked.length, 1);
  const late = await core.knock(`/websocket/connect?token=${token("mal")}`);
  await core.hub.broker.grants.block("mal", 60_000);
  assertEquals(await core.hub.cluster.execute({ do: "kick", user: "mal", reason: "blocked" }), 0);
  const mal = late();
  await eventually(() => mal.closed);
  assertEquals([mal.heard({ type: "system_notification" }), mal.closed?.code], [[], 1008]);
  assertEquals(asked.length, 3);
  ann.close(1000, "");
  await leaveNothing({ broker, core });
});

test("two changes of one user's groups at once seat the connection once", async () => {
  const { broker, core } = open();
  const socket = await core.connect(`/websocket/connect?token=${token("eve")}`);
  await heard(socket, { type: "system_notification" });
  const order = { do: "move_group" as const, user: "eve", group: "crew", joined: true };
  await Promise.all([core.node.execute(order), core.node.execute(order)]);
  assertEquals(core.hub.rooms.get("group:crew")?.members.size, 1);
  socket.close(1000, "");
  await leaveNothing({ broker, core });
});

test("a room given up while another connection is on its way in is the same room for both", async () => {
  const { broker, core } = open();
  const first = await core.connect(`/websocket/connect?token=${token("ann", { groups: [{ id: "crew" }] })}`);
  await heard(first, { type: "system_notification" });
  let second: FakeSocket | undefined;
  for (let wait = 0; wait < 8; wait++) {
    const comes = core.connect(`/websocket/connect?token=${token("bob", { groups: [{ id: "crew" }] })}`);
    let calls = 0;
    broker.onEffect = () => {
      calls++;
      if (calls === wait) void core.node.execute({ do: "move_group", user: "ann", group: "crew", joined: false });
    };
    second = await comes;
    await heard(second, { type: "system_notification" });
    await broker.settled();
    broker.onEffect = () => {};
    await core.hub.broker.publish({ room: "group:crew", event: { ...message(core, 1), room: "group:crew" } });
    await heard(second, { type: "message", room: "group:crew" });
    second.close(1000, "");
    await core.node.execute({ do: "move_group", user: "ann", group: "crew", joined: true });
    await broker.settled();
  }
  first.close(1000, "");
  await leaveNothing({ broker, core });
});

test("a broker that is away: joins and messages are refused, leaves and pings work", async () => {
  const { broker, core } = open();
  const socket = await core.connect("/ws?dialect=kebab");
  socket.say({ type: "join-room", roomId: "hall" });
  await heard(socket, { type: "room-joined" });
  broker.fails = () => true;
  socket.say({ type: "join-room", roomId: "other" });
  socket.say({ type: "message", roomId: "hall", message: "hi" });
  socket.say({ type: "typing-start", roomId: "hall" });
  await eventually(() => socket.heard({ code: "unavailable" }).length === 3);
  socket.say({ type: "leave-room", roomId: "hall" });
  socket.say({ type: "ping" });
  await heard(socket, { type: "room-left", roomId: "hall" });
  await heard(socket, { type: "pong" });
  assertEquals(socket.heard({ type: "error" }).length, 3);
  socket.close(1000, "");
  await leaveNothing({ broker, core });
});

test("frames that wait are bounded in number and in bytes, and each one too many is answered", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => release = resolve);
  const { broker, core } = open({ hooks: { onJoin: () => gate } });
  const socket = await core.connect(`/websocket/connect?token=${token("eve")}`);
  await heard(socket, { type: "system_notification" });
  socket.say({ type: "system", id: "j", data: { action: "join", room: "hall" } });
  const big = "x".repeat(60_000);
  for (let n = 0; n < 17; n++) socket.say({ type: "heartbeat", id: `big${n}`, data: { big } });
  assertEquals(socket.heard({ type: "error" }).map(({ data }) => (data as JsonFrame).request), ["big16"]);
  for (let n = 0; n < 1000; n++) socket.say({ type: "heartbeat", id: `${n}` });
  const refused = socket.heard({ type: "error" }).length;
  assert(refused > 10 && refused < 100, `${refused} were refused`);
  release();
  await heard(socket, { type: "heartbeat", id: "900" });
  socket.close(1000, "");
  await leaveNothing({ broker, core });
});

test("what was granted before it was full, or before the drain, is told so when it opens", async () => {
  const { broker, core } = open({ websocketMaxConnections: 1 });
  const sockets = [await core.knock("/ws"), await core.knock("/ws"), await core.knock("/ws")];
  const first = sockets[0]!();
  assertEquals(sockets[1]!().closed, { code: 1013, reason: "Connection limit reached" });
  first.close(1000, "");
  await eventually(() => core.hub.connections.size === 0);
  core.admission.draining = true;
  assertEquals(sockets[2]!().closed, { code: 1001, reason: "The server is going away" });
  await leaveNothing({ broker, core });
  core.admission.draining = false;
  assertEquals((await core.knock("/ws"))().closed, undefined);
});
