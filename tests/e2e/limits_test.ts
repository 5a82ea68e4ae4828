/**
 * Every limit: the answer at it, who is spared, and that what was taken is given back.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { eventually, OPCODE, RUNTIME, TcpSocket, type TcpSocketOptions, TestSocket } from "../harness.ts";
import { JOIN, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

const FROM_PUBLIC = { headers: { "x-forwarded-for": "203.0.113.7" } };

async function status(server: TestServer, path = "/ws", options: Partial<TcpSocketOptions> = {}): Promise<number> {
  const socket = await TcpSocket.open({ port: server.parley.port, path, ...options });
  socket.destroy();
  return socket.status;
}

test("frames over the rate are refused one by one, and the connection ends only when it goes on", SLOW, async () => {
  await using server = await TestServer.open({ websocketMessageRate: 1, websocketMessageBurst: 5 });
  const client = await server.kebab();
  const other = await server.kebab();
  for (let n = 0; n < 7; n++) client.say({ type: "ping" });
  const refused = await client.hear({ type: "error", code: "rate_limited" });
  assert(Number(refused.retryAfter) > 0 && Number(refused.retryAfter) <= 1000);
  await client.hear({ type: "error", code: "rate_limited" });
  assertEquals(client.heard({ type: "pong" }).length, 5);
  for (let n = 0; n < 20; n++) client.say({ type: "ping" });
  assertEquals((await client.socket.closed).code, 4429);
  await other.settle();
});

test("a refused frame's answer names the frame's id", SLOW, async () => {
  await using server = await TestServer.open({ websocketMessageRate: 1, websocketMessageBurst: 1 });
  const eve = await server.envelope("eve");
  eve.say({ type: "heartbeat", id: "1" });
  await eve.ask({ type: "heartbeat", id: "2" }, { type: "error", data: { code: "rate_limited", request: "2" } });
});

test("a frame over the size ends its connection with 1009, a longer authentication does not", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxMessageBytes: 512 });
  const client = await server.kebab();
  const other = await server.kebab();
  const token = await server.token("kim", { name: "x".repeat(1000) });
  await client.ask({ type: "authenticate", token }, { type: "authenticated", userId: "kim" });
  await client.ask(...JOIN.kebab!("lobby"));
  const fits = "x".repeat(512 - JSON.stringify({ type: "message", roomId: "lobby", message: "" }).length);
  await client.ask({ type: "message", roomId: "lobby", message: fits }, { type: "message", message: fits });
  client.say({ type: "message", roomId: "lobby", message: `${fits}x` });
  assertEquals((await client.socket.closed).code, 1009);
  other.say({ type: "message", roomId: "lobby", message: "€".repeat(300) });
  assertEquals((await other.socket.closed).code, 1009);
});

test("connections in all and per address are limited before the upgrade, and given back", SLOW, async () => {
  await using all = await TestServer.open({ websocketMaxConnections: 2 });
  const first = await all.kebab();
  await all.kebab();
  assertEquals(await status(all), 503);
  first.close();
  await eventually(() => all.parley.getClientCount() === 1);
  assertEquals(await status(all), 101);
});

test("connections of one public address are limited, those of others and of private ones are not", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxConnectionsPerIp: 1, trustProxy: 1 });
  const first = await server.client("/ws", FROM_PUBLIC);
  await first.hear({ type: "connected" });
  assertEquals(await status(server, "/ws", FROM_PUBLIC), 503);
  assertEquals(await status(server, "/ws", { headers: { "x-forwarded-for": "203.0.113.8" } }), 101);
  await server.kebab();
  assertEquals(await status(server), 101);
  first.close();
  await eventually(async () => await status(server, "/ws", FROM_PUBLIC) === 101);
});

test("a socket that is over keeps the place of a connection while the runtime holds it", SLOW, async () => {
  await using server = await TestServer.open({
    websocketMaxConnectionsPerIp: 2,
    trustProxy: 1,
    websocketMaxMessageBytes: 1000,
  });
  const { port } = server.parley;
  const stubborn: TcpSocket[] = [];
  // One is turned away as it comes, the other one for what it says: no peer agrees to it, and neither hangs up.
  for (const path of ["/ws?token=", "/ws?dialect=kebab"]) {
    stubborn.push(await TcpSocket.open({ port, path, agrees: false, ...FROM_PUBLIC }));
  }
  stubborn[1]!.send("x".repeat(2000));
  for (const peer of stubborn) await peer.inbox.take(({ opcode }) => opcode === OPCODE.close);
  // Bun lets go of them by itself.
  const refused = RUNTIME === "deno" ? 503 : 101;
  assertEquals(await status(server, "/ws", FROM_PUBLIC), refused);
  for (const peer of stubborn) peer.destroy();
  await eventually(async () => await status(server, "/ws", FROM_PUBLIC) === 101);
});

test("new connections of one address are limited by rate, with the time to wait", SLOW, async () => {
  await using server = await TestServer.open({ websocketConnectRate: 1, websocketConnectBurst: 2 });
  assertEquals([await status(server), await status(server)], [101, 101]);
  const refused = await TcpSocket.open({ port: server.parley.port, path: "/ws" });
  assertEquals([refused.status, refused.headers.get("retry-after")], [429, "1"]);
});

test("rooms per connection, members per room and a rule's own number are limited", SLOW, async () => {
  await using server = await TestServer.open({
    websocketMaxRooms: 2,
    websocketMaxMembers: 2,
    rooms: [{ match: "small", maxMembers: 1 }],
  });
  const [one, two, three] = [await server.kebab(), await server.kebab(), await server.plain()];
  await one.ask(...JOIN.kebab!("small"));
  await two.ask({ type: "join-room", roomId: "small" }, { type: "error", code: "room_full" });
  await one.ask(...JOIN.kebab!("a"));
  await two.ask(...JOIN.kebab!("a"));
  const full = await three.ask({ type: "join", room: "a" }, { type: "error", room: "a", data: { code: "room_full" } });
  assert(String(full.content).startsWith("Room Full"));
  await one.ask({ type: "join-room", roomId: "b" }, { type: "error", code: "forbidden" });
  await one.ask({ type: "leave-room", roomId: "a" }, { type: "room-left" });
  await three.ask(...JOIN.plain!("a"));
});

test("broadcasts are for the authenticated, to kebab clients, one a second", SLOW, async () => {
  await using server = await TestServer.open();
  const kim = await server.kebab("kim");
  const undecided = await server.client("/ws");
  const snake = await server.snake("sam");
  const guest = await server.kebab();
  await guest.ask({ type: "message", message: "all" }, { type: "error", code: "unauthorized" });
  kim.say({ type: "message", message: "all" });
  await undecided.hear({ type: "message", message: "all" });
  await kim.ask({ type: "message", message: "again" }, { type: "error", code: "rate_limited" });
  await snake.settle();
  assertEquals(snake.heard({ content: "all" }), []);
});

test("above the bound nobody is told of joins, and lists are empty with the true total", SLOW, async () => {
  await using server = await TestServer.open({ roomAnnounceMax: 2 });
  const [one, two, three] = [await server.kebab(), await server.kebab(), await server.kebab()];
  await one.ask(...JOIN.kebab!("big"));
  await two.ask(...JOIN.kebab!("big"));
  await one.hear({ type: "user-joined" });
  const joined = await three.ask(...JOIN.kebab!("big"));
  assertEquals([joined.members, joined.total], [[], 3]);
  await one.settle();
  assertEquals(one.heard({ type: "user-joined" }).length, 1);
});

test("a silent peer is dropped, one that answers pings is not", SLOW, async () => {
  await using server = await TestServer.open({ websocketPongWaitMs: 2000 });
  const silent = await TcpSocket.open({ port: server.parley.port, path: "/ws", pongs: false });
  const alive = await server.kebab();
  await silent.closed;
  await alive.settle();
  await eventually(() => server.parley.getClientCount() === 1);
});

test("a peer that does not read is dropped, and its room notices nothing but the leave", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxBufferedBytes: 262_144 });
  const stalled = await TcpSocket.open({ port: server.parley.port, path: "/ws/lobby" });
  const client = await server.kebab("kim");
  const { total } = await client.ask(...JOIN.kebab!("lobby"));
  assertEquals(total, 2);
  stalled.stopReading();
  const text = "x".repeat(30_000);
  let sent = 0;
  await eventually(async () => {
    await client.ask({ type: "message", roomId: "lobby", message: `${++sent} ${text}` }, { type: "message" });
    return server.parley.getRoom("lobby").length === 1;
  }, { withinMs: 15_000 });
  await client.hear({ type: "user-left", roomId: "lobby" });
  const numbers = client.heard({ type: "message" }).map((frame) => parseInt(String(frame.message)));
  assertEquals(numbers, numbers.map((_, index) => index + 1));
  stalled.destroy();
});

test("switched off, WebSocket URLs answer 503 and the rest lives on", SLOW, async () => {
  await using server = await TestServer.open({ websocketEnabled: false });
  assertEquals(await status(server), 503);
  const live = await fetch(server.url("/livez"));
  assertEquals([live.status, await live.text()], [200, "ok"]);
  const socket = new TestSocket(server.ws("/ws"));
  assertEquals((await socket.closed).code, 1006);
});
