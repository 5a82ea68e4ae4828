/**
 * Who a connection is: every source of a token at the upgrade, in-band authentication, refresh, expiry, blocks.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { eventually, TcpSocket, TestSocket } from "../harness.ts";
import { JOIN, JsonClient, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

/** The status of an upgrade with these headers: 101, or what it was refused with. */
async function upgrade(server: TestServer, path: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = await TcpSocket.open({ port: server.parley.port, path, headers });
  socket.destroy();
  return socket.status;
}

test("envelope takes a token from header, query and cookie, and refuses with 401", SLOW, async () => {
  await using server = await TestServer.open();
  const token = await server.token("eve");
  const path = "/websocket/connect";
  assertEquals(await upgrade(server, path), 401);
  assertEquals(await upgrade(server, path, { authorization: `Bearer ${token}` }), 101);
  assertEquals(await upgrade(server, path, { cookie: `a=b; falcon_auth_token=${token}` }), 101);
  assertEquals(await upgrade(server, path, { cookie: `token=Bearer%20${token}` }), 101);
  assertEquals(await upgrade(server, `${path}?token=${token}`), 101);
  assertEquals(await upgrade(server, `${path}?access_token=${token}`), 101);
  assertEquals(await upgrade(server, path, { authorization: "Bearer nonsense" }), 401);
  assertEquals(await upgrade(server, path, { cookie: "falcon_auth_token=nonsense" }), 401);
});

test("a cookie counts only for pages of the server's own host and of listed origins", SLOW, async () => {
  await using server = await TestServer.open({ websocketAllowedOrigins: ["*", "https://*.example.com"] });
  const cookie = `falcon_auth_token=${await server.token("eve")}`;
  const path = "/websocket/connect";
  const host = `127.0.0.1:${server.parley.port}`;
  assertEquals(await upgrade(server, path, { cookie, origin: "https://evil.test" }), 401);
  assertEquals(await upgrade(server, path, { cookie, origin: `http://${host}` }), 101);
  assertEquals(await upgrade(server, path, { cookie, origin: "https://app.example.com" }), 101);
  assertEquals(await upgrade(server, path, { cookie, origin: "https://app.example.com.evil.test" }), 401);
  assertEquals(await upgrade(server, "/ws", { cookie, origin: "https://evil.test" }), 101);
});

test("an origin that is not allowed is refused before anything else", SLOW, async () => {
  await using server = await TestServer.open({ websocketAllowedOrigins: ["https://app.example.com"] });
  assertEquals(await upgrade(server, "/ws", { origin: "https://evil.test" }), 403);
  assertEquals(await upgrade(server, "/ws", { origin: "https://app.example.com" }), 101);
  assertEquals(await upgrade(server, "/ws"), 101);
});

test(
  "a bad token in header or query refuses even where none is needed; a bad cookie counts as none",
  SLOW,
  async () => {
    await using server = await TestServer.open();
    assertEquals(await upgrade(server, "/ws", { authorization: "Bearer nonsense" }), 401);
    assertEquals(await upgrade(server, "/ws/lobby?token=nonsense"), 401);
    assertEquals(await upgrade(server, "/ws", { cookie: "token=nonsense" }), 101);
    assertEquals(await upgrade(server, "/ws/auth", { cookie: "token=nonsense" }), 401);
  },
);

test("snake is upgraded and then closed 1008 with the reason its clients know", SLOW, async () => {
  await using server = await TestServer.open();
  const none = new TestSocket(server.ws("/ws?token="));
  assertEquals(await none.closed, { code: 1008, reason: "No authentication token" });
  const bad = new TestSocket(server.ws("/ws?token=nonsense"));
  assertEquals(await bad.closed, { code: 1008, reason: "Invalid token" });
});

test("a numeric id keeps its type for those dialects that had it, and is a string for the others", SLOW, async () => {
  await using server = await TestServer.open();
  const snake = await server.client(`/ws?token=${server.sign({ userId: 7, name: "Seven" })}`);
  assertEquals((await snake.hear({ type: "connected" })).userId, 7);
  await snake.ask(...JOIN.snake!("x"));
  const kebab = await server.kebab("kim");
  await kebab.ask(...JOIN.kebab!("x"));
  const plain = await server.plain("pat");
  await plain.ask(...JOIN.plain!("x"));
  snake.say({ type: "message", roomId: "x", content: "hi" });
  assertEquals((await kebab.hear({ type: "message" })).userId, 7);
  assertEquals((await plain.hear({ type: "message" })).user_id, "7");
});

test("a connection gets an identity once; somebody else's token changes nothing", SLOW, async () => {
  await using server = await TestServer.open();
  const kebab = await server.kebab("kim", { name: "Kim" });
  const refused = await kebab.ask({ type: "authenticate", token: await server.token("eve") }, { type: "auth-error" });
  assert(String(refused.message).length > 0);
  await kebab.ask({ type: "authenticate", token: await server.token("kim") }, { type: "authenticated", userId: "kim" });
  await kebab.ask(...JOIN.kebab!("x"));
  const echo = await kebab.ask({ type: "message", roomId: "x", message: "me" }, { type: "message" });
  assertEquals(echo.userId, "kim");
});

test("a bad token in-band leaves the connection; the fifth ends it", SLOW, async () => {
  await using server = await TestServer.open();
  const kebab = await server.kebab();
  for (let tries = 0; tries < 5; tries++) {
    await kebab.ask({ type: "authenticate", token: "nonsense" }, { type: "auth-error", message: "Invalid token" });
  }
  assertEquals((await kebab.socket.closed).code, 1008);
});

test("where authentication is required only it and pings are served before, and it has its time", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true, websocketConnectionTimeoutMs: 1000 });
  const plain = await server.client("/ws/lobby");
  await plain.ask({ type: "ping" }, { type: "pong" });
  await plain.ask({ type: "join", room: "other" }, { type: "error", data: { code: "unauthorized" } });
  const token = await server.token("pat");
  await plain.ask({ type: "authenticate", data: { token } }, { type: "authenticated", user_id: "pat" });
  await plain.hear({ type: "user_list", room: "lobby" });
  const late = await server.client("/ws/lobby");
  await late.hear({ type: "error", data: { code: "unauthorized" } });
  assertEquals((await late.socket.closed).code, 1008);
});

test("a token that expires is told and closed 4401, unless a fresh one came first", SLOW, async () => {
  await using server = await TestServer.open();
  // Within the leeway of five seconds: accepted, and served for as long as it would be accepted again.
  const almostOver = (sub: string) => server.sign({ sub, exp: Math.floor(Date.now() / 1000) - 2 });
  const stale = await server.client(`/websocket/connect?token=${almostOver("eve")}`);
  const fresh = await server.client(`/websocket/connect?token=${almostOver("fay")}`);
  await Promise.all([stale, fresh].map((client) => client.hear({ type: "system_notification" })));
  const token = await server.token("fay");
  await fresh.ask({ type: "system", id: "r", data: { action: "authenticate", token } }, { id: "r" });
  await stale.settle();
  await stale.hear({ type: "error", data: { code: "token_expired" } });
  assertEquals((await stale.socket.closed).code, 4401);
  await fresh.settle();
  assertEquals(fresh.socket.isOpen, true);
});

test("a fresh token with fewer rights puts the connection out of rooms it may no longer be in", SLOW, async () => {
  await using server = await TestServer.open({ rooms: [{ match: "secret:*", join: "listed" }] });
  const envelope = await server.envelope("eve", { rooms: ["secret:*"], groups: ["fleet", "crew"] });
  await envelope.ask(...JOIN.envelope!("secret:1"));
  const token = await server.token("eve", { groups: ["crew", "deck"] });
  await envelope.ask({ type: "system", id: "r", data: { action: "authenticate", token } }, { id: "r" });
  await envelope.hear({ type: "room_left", room: "secret:1", data: { reason: "forbidden" } });
  await envelope.hear({ type: "room_left", room: "group:fleet", data: { reason: "forbidden" } });
  const rooms = server.parley.getClient(String(connectionOf(envelope)))!.rooms;
  assertEquals([...rooms].sort(), ["group:crew", "group:deck", "user:eve"]);
});

function connectionOf(envelope: JsonClient): unknown {
  const [greeting] = envelope.heard({ type: "system_notification" });
  return (greeting!.data as JsonFrame).connection_id;
}

test("the greeting names the rooms it is in; reserved rooms of others are closed to it", SLOW, async () => {
  await using server = await TestServer.open();
  const envelope = await server.envelope("eve", { groups: ["fleet"] });
  const [greeting] = envelope.heard({ type: "system_notification" });
  assertEquals((greeting!.data as JsonFrame).rooms, ["user:eve", "group:fleet"]);
  await envelope.hear({ type: "custom_event", room: "user:eve", data: { event: "unread_count", count: 0 } });
  for (const room of ["user:kim", "group:crew", "presence:kim"]) {
    const [frame] = JOIN.envelope!(room);
    await envelope.ask(frame, { type: "error", data: { code: "forbidden", request: frame.id } });
  }
  await envelope.ask(...JOIN.envelope!("user:eve"));
  await envelope.ask({ type: "system", id: "l", data: { action: "leave", room: "user:eve" } }, {
    type: "room_left",
    id: "l",
  });
  assertEquals(server.parley.getClient(String(connectionOf(envelope)))!.rooms.includes("user:eve"), true);
  await envelope.ask({ type: "message", id: "g", room: "group:fleet", data: 1 }, { type: "message", id: "g" });
  await envelope.ask({ type: "message", id: "u", room: "user:eve", data: 1 }, {
    type: "error",
    data: { request: "u" },
  });
});

test("a limit of connections per user closes the one too many with 1013", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxConnectionsPerUser: 2 });
  await server.snake("sam");
  const second = await server.snake("sam");
  const third = new JsonClient(await TestSocket.open(server.ws(`/ws?token=${await server.token("sam")}`)));
  const { code, message, roomId } = await third.socket.nextJson();
  assertEquals([code, roomId], ["room_full", undefined]);
  assertEquals(message, 'Cannot connect as "sam": the user has 2 connections, which is the limit');
  assertEquals((await third.socket.closed).code, 1013);
  second.close();
  await eventually(() => server.parley.getClientCount() === 1);
  await server.snake("sam");
});
