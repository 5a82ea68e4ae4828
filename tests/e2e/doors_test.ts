/**
 * Who hears what before they have shown who they are, and what a stranger cannot overhear, keep or make grow.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { ParleyError } from "../../src/mod.ts";
import { eventually, TcpSocket } from "../harness.ts";
import { JOIN, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

test("where a token is required, nothing said to everybody is heard without one", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  const stranger = await server.client("/ws");
  const leaver = await server.client("/ws");
  await leaver.hear({ type: "connected" });
  const kim = await server.client("/ws");
  await kim.ask({ type: "authenticate", token: await server.token("kim") }, { type: "authenticated" });
  leaver.close();
  await eventually(() => server.parley.getClientCount() === 2);
  kim.say({ type: "message", message: "all" });
  await kim.hear({ type: "message", message: "all" });
  await server.parley.broadcast({ type: "news", data: 1 });
  await kim.hear({ type: "news" });
  await stranger.settle();
  assertEquals([...stranger.heard({ type: "message" }), ...stranger.heard({ type: "news" })], []);
});

test("where a token is required, a refusal without one says in plain words what was attempted", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  const plain = await server.client("/ws/lobby");
  for (
    const [frame, attempt] of [
      [{ type: "user_list" }, "list members"],
      [{ type: "join", room: "other" }, "join a room"],
      [{ type: "message", content: "hi" }, "send a message"],
    ] as const
  ) {
    await plain.ask(frame, { type: "error", content: `Authentication Failed: Cannot ${attempt}: authenticate first` });
  }
  const kebab = await server.client("/ws?dialect=kebab");
  await kebab.ask({ type: "typing-start", roomId: "lobby" }, {
    type: "error",
    message: "Cannot send a signal: authenticate first",
  });
});

test("an undecided connection that turns out to be snake is closed where it needed a token", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  const snake = await server.client("/ws");
  snake.say({ type: "join_room", roomId: "lobby" });
  assertEquals(await snake.socket.closed, { code: 1008, reason: "No authentication token" });
  const patient = await server.client("/ws");
  patient.say({ type: "authenticate", token: await server.token("kim") });
  await patient.ask(...JOIN.snake!("lobby"));
});

test("nobody can listen in to what one connection is told, whatever rooms are joined", SLOW, async () => {
  await using server = await TestServer.open();
  const [sender, receiver, other] = [await server.kebab("kim"), await server.kebab("lee"), await server.kebab("other")];
  const to = String(server.parley.getRoom("user:lee")[0]!.id);
  for (const roomId of [`connection:${to}`, to, `direct:${to}`]) await other.ask(...JOIN.kebab!(roomId));
  const ack = await sender.ask(
    { type: "message", to, message: "secret", clientMessageId: "1" },
    { type: "message-ack", clientMessageId: "1" },
  );
  await receiver.hear({ type: "message", message: "secret" });
  await sender.ask(
    { type: "message", to, message: "secret", clientMessageId: "1" },
    { type: "message-ack", duplicate: true, id: ack.id },
  );
  await Promise.all([other.settle(), receiver.settle()]);
  assertEquals(other.heard({ type: "message" }), []);
  assertEquals(receiver.heard({ type: "message" }).length, 1);
});

test("a direct message that reached nobody is no repeat when it is tried again", SLOW, async () => {
  await using server = await TestServer.open();
  const sender = await server.kebab("kim");
  const gone = await server.kebab();
  const to = String(gone.heard({ type: "connected" })[0]!.clientId);
  gone.close();
  await eventually(() => server.parley.getClientCount() === 1);
  const message = { type: "message", to, message: "there?", clientMessageId: "1" };
  await sender.ask(message, { type: "error", code: "not_found" });
  await sender.ask(message, { type: "error", code: "not_found" });
});

test("a program's hook keeps those out of a room's history and list whom it keeps out of the room", SLOW, async () => {
  await using server = await TestServer.open({ hooks: { onJoin: (client) => client.userId === "kim" } });
  const [kim, eve] = [await server.envelope("kim"), await server.envelope("eve")];
  await kim.ask(...JOIN.envelope!("den"));
  for (const action of ["join", "history", "members"]) {
    const refused = { type: "error", data: { code: "forbidden", request: action } };
    await eve.ask({ type: "system", id: action, data: { action, room: "den" } }, refused);
  }
  await kim.ask({ type: "system", id: "h", data: { action: "history", room: "den" } }, { id: "h", type: "system" });
});

test("where members may not publish, signals with content are no way round it", SLOW, async () => {
  await using server = await TestServer.open({ rooms: [{ match: "news", publish: "nobody" }] });
  const eve = await server.envelope("eve");
  await eve.ask(...JOIN.envelope!("news"));
  const say = (event: string) => ({
    type: "custom_event",
    id: event,
    room: "news",
    data: { event, emoji: "+1", message_id: "1" },
  });
  await eve.ask(say("advert"), { type: "error", data: { code: "forbidden", request: "advert" } });
  await eve.ask(say("typing_start"), { id: "typing_start", data: { action: "ack" } });
  await eve.ask(say("reaction"), { id: "reaction", data: { action: "ack" } });
});

test("what an embedding program gives is checked before anybody hears of it", SLOW, async () => {
  await using testServer = await TestServer.open({ hooks: { onMessage: () => ({ data: 1n }) } });
  const { parley: server } = testServer;
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const wrong = [
    () => server.broadcastNewMessage("lobby", { content: "x", timestamp: "yesterday" }),
    () => server.broadcastNewMessage("lobby", { content: "x", timestamp: NaN }),
    () => server.broadcastNewMessage("lobby", { content: "x", timestamp: 1e20 }),
    () => server.publish("lobby", cyclic),
    () => server.publish("lobby", undefined),
    () => server.publish("lobby", 1n),
    () => server.publish("*", { text: "x" }),
    () => server.sendToRoom("", { type: "x" }),
    () => server.sendToUser("a\nb", { type: "x" }),
    () => server.sendToUser("a", { type: "group_membership_change", group_id: "x".repeat(256), joined: true }),
  ];
  for (const call of wrong) assertEquals((await assertRejects(call, ParleyError) as ParleyError).code, "bad_message");
  const client = await testServer.kebab();
  const { position } = await client.ask(...JOIN.kebab!("lobby"));
  assertEquals((position as { offset: number }).offset, 0);
  await client.ask({ type: "message", roomId: "lobby", message: "hi" }, { type: "error", code: "bad_message" });
  const data = { text: "kept", at: new Date(0) };
  await server.publish("lobby", data);
  data.text = "changed";
  const heard = await client.hear({ type: "message", message: "kept" });
  assertEquals(heard.data, { at: "1970-01-01T00:00:00.000Z" });
  const again = await client.ask({ type: "join-room", roomId: "lobby", since: position }, { type: "room-joined" });
  assertEquals((again.messages as { message: string }[])[0]!.message, "kept");
});

test("close codes of invalid share one series", SLOW, async () => {
  await using server = await TestServer.open({ metrics: "public" });
  for (const code of [3001, 3002, 4999]) {
    const client = await server.kebab();
    await client.socket.close(code);
  }
  const text = await eventually(async () => {
    const metrics = await (await fetch(server.url("/metrics"))).text();
    return metrics.includes('parley_closes_total{code="other"} 3') && metrics;
  });
  assert(!text.includes("3001"));
});

test("hooks hear of the end of exactly those connections that they were told are in", SLOW, async () => {
  const told: string[] = [];
  let asked = 0;
  await using server = await TestServer.open({
    websocketMaxConnectionsPerUser: 1,
    hooks: {
      onConnect: () => void asked++,
      onConnected: ({ id }) => void told.push(`+${id}`),
      onDisconnect: ({ id }) => void told.push(`-${id}`),
    },
  });
  const first = await server.snake("kim");
  const second = await server.client(`/ws?token=${await server.token("kim")}`);
  assertEquals((await second.socket.closed).code, 1013);
  first.close();
  await eventually(() => told.length >= 2 && server.parley.getClientCount() === 0);
  assertEquals([asked, ...told.map((entry) => entry[0])], [2, "+", "-"]);
  assertEquals(told[0]!.slice(1), told[1]!.slice(1));
});

test("a token is found with a Bearer in front wherever it stands", SLOW, async () => {
  await using server = await TestServer.open();
  const token = `Bearer ${await server.token("kim")}`;
  const client = await server.kebab();
  await client.ask({ type: "authenticate", token }, { type: "authenticated", userId: "kim" });
  const other = await server.client(`/ws?token=&access_token=${encodeURIComponent(token)}`);
  await other.hear({ type: "connected", userId: "kim" });
});

test("a forwarded address that is none does not become a key", SLOW, async () => {
  await using server = await TestServer.open({ trustProxy: 1, websocketConnectRate: 1, websocketConnectBurst: 1 });
  const statuses: number[] = [];
  for (const forged of ["evil", "x".repeat(2000), "203.0.113.9"]) {
    const headers = { "x-forwarded-for": forged };
    const socket = await TcpSocket.open({ port: server.parley.port, path: "/ws", headers });
    statuses.push(socket.status);
    socket.destroy();
  }
  assertEquals(statuses, [101, 429, 101]);
});
