/**
 * Refusals as clients need them: none can be taken for success, each names what it refuses, and an expired token has one
 * code at every door.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import { ParleyError } from "../../src/errors.ts";
import { TestSocket } from "../harness.ts";
import { call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import { SocketioClients } from "./socketio_clients.ts";
import { JOIN, JsonClient, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

// ---- none can be taken for success ----

test("no refusal of an envelope frame bears the frame's id: it names it in data.request", SLOW, async () => {
  await using server = await TestServer.open({ websocketMessageRate: 1, websocketMessageBurst: 6 });
  const ann = await server.envelope("ann");
  const refused: Record<string, JsonFrame> = {
    forbidden: { type: "system", data: { action: "join", room: "user:bob" } },
    not_joined: { type: "custom_event", room: "lobby", data: { event: "typing_start" } },
    bad_message: { type: "message", room: "*", data: 1 },
    unsupported_type: { type: "system", data: { action: "dance" } },
    not_found: { type: "message", to: "nobody", data: 1 },
  };
  for (const [code, frame] of Object.entries(refused)) {
    await ann.ask({ ...frame, id: code }, { type: "error", data: { code, request: code } });
  }
  for (let n = 0; n < 8; n++) ann.say({ type: "heartbeat", id: "rate_limited" });
  await ann.hear({ type: "error", data: { code: "rate_limited", request: "rate_limited" } });
  const errors = ann.heard({ type: "error" });
  assertEquals(new Set(errors.map(({ id }) => id)).size, errors.length);
  for (const { id } of errors) assert(!(String(id) in refused) && id !== "rate_limited", `an error has the id ${id}`);
});

test("an id that a backend gives a message is nobody's answer: it stands in message_id alone", SLOW, async () => {
  await using server = await openHttpServer();
  const ann = await server.envelope("ann");
  await ann.ask(...JOIN.envelope!("lobby"));
  const body = { id: "c1", content: "from REST", sender_user_id: "bob" };
  assertEquals((await callAsAdmin(server, "POST /api/chat/rooms/lobby/messages", { body })).body.id, "c1");
  await server.parley.broadcastNewMessage("lobby", { id: "c1", content: "from the library" });
  const told: JsonFrame[] = [];
  for (const text of ["from REST", "from the library"]) told.push(await ann.hear({ type: "message", data: { text } }));
  const history = { type: "system", id: "h", data: { action: "history", room: "lobby" } };
  const { data } = await ann.ask(history, { type: "system", id: "h" });
  assertEquals((data as { messages: JsonFrame[] }).messages, told);
  assertEquals(told.map(({ message_id }) => message_id), ["c1", "c1"]);
  for (const { id } of told) assertNotEquals(id, "c1");
  const kebab = await server.kebab("kim");
  await kebab.ask(...JOIN.kebab!("lobby"));
  await server.parley.broadcastNewMessage("lobby", { id: "c2", content: "to kebab" });
  await kebab.hear({ type: "message", id: "c2" });
});

// ---- each names what it refuses ----

interface Speaker {
  open(server: TestServer): Promise<JsonClient>;
  /** A message into the room, `beside` being further fields. */
  message(room: string, id: string, beside?: JsonFrame): JsonFrame;
  /** A refusal of that message. */
  refusal(code: string, room: string, id: string): JsonFrame;
  ping: JsonFrame;
}

const SPEAKERS: Record<string, Speaker> = {
  kebab: {
    open: (server) => server.kebab("kim"),
    message: (roomId, clientMessageId, beside) => ({
      type: "message",
      roomId,
      message: "hi",
      clientMessageId,
      ...beside,
    }),
    refusal: (code, roomId, clientMessageId) => ({ type: "error", code, roomId, clientMessageId }),
    ping: { type: "ping" },
  },
  snake: {
    open: (server) => server.snake("sam"),
    message: (roomId, clientMessageId, beside) => ({
      type: "message",
      roomId,
      content: "hi",
      clientMessageId,
      ...beside,
    }),
    refusal: (code, roomId, clientMessageId) => ({ type: "error", code, roomId, clientMessageId }),
    ping: { type: "ping" },
  },
  plain: {
    open: (server) => server.plain("pat"),
    message: (room, clientMessageId, beside) => ({ type: "message", room, content: "hi", clientMessageId, ...beside }),
    refusal: (code, room, clientMessageId) => ({ type: "error", room, data: { code, clientMessageId } }),
    ping: { type: "ping" },
  },
};

for (const [dialect, { open, message, refusal, ping }] of Object.entries(SPEAKERS)) {
  test(`${dialect}: a refused message is named by its room and its sender's id`, SLOW, async () => {
    await using server = await TestServer.open({ websocketMessageRate: 1, websocketMessageBurst: 8 });
    const client = await open(server);
    await client.ask(message("lobby", "m1"), refusal("not_joined", "lobby", "m1"));
    await client.ask(message("user:eve", "m2"), refusal("forbidden", "user:eve", "m2"));
    await client.ask(message("a\nb", "m3"), refusal("bad_message", "a\nb", "m3"));
    const [join] = JOIN[dialect]!("user:eve");
    const { clientMessageId: _, ...room } = refusal("forbidden", "user:eve", "");
    await client.ask(
      join,
      dialect === "plain" ? { type: "error", room: "user:eve", data: { code: "forbidden" } } : room,
    );
    for (let n = 0; n < 8; n++) client.say(ping);
    await client.ask(message("lobby", "m4"), refusal("rate_limited", "lobby", "m4"));
  });
}

test("socketio: an exception names the conversation and the sender's id, in any namespace", SLOW, async () => {
  await using server = await TestServer.open({ socketioNamespaces: ["/chat"] });
  await using clients = new SocketioClients(server);
  for (const namespace of ["/", "/chat"]) {
    const client = await clients.connect("ann", { namespace });
    const told = async (code: string) => {
      const { conversationId, clientMessageId } = await client.hear("exception", (error) => error.code === code);
      return [conversationId, clientMessageId];
    };
    client.say("sendMessage", { conversationId: "lobby", content: "hi", clientMessageId: "m1" });
    assertEquals(await told("not_joined"), ["lobby", "m1"]);
    client.say("sendMessage", { conversationId: "lobby", content: 5, clientMessageId: "m2" });
    assertEquals(await told("bad_message"), ["lobby", "m2"]);
    client.say("joinConversation", { conversationId: "user:eve" });
    assertEquals(await told("forbidden"), ["user:eve", undefined]);
    client.say("wave", { conversationId: "hall" });
    assertEquals(await told("not_joined"), ["hall", undefined]);
  }
});

// ---- an expired token has one code ----

test("an expired token is token_expired at every door and in every dialect", SLOW, async () => {
  await using server = await TestServer.open();
  const token = await server.token("ann", { ttlMs: -60_000 });
  for (const path of ["/websocket/connect", "/ws/auth", "/ws/lobby", "/api/chat/rooms/lobby/messages"]) {
    const upgrade = path.startsWith("/api") ? {} : UPGRADE;
    const { status, body } = await call(server, `GET ${path}`, { bearer: token, headers: upgrade });
    assertEquals([path, status, body.code], [path, 401, "token_expired"]);
  }
  const snake = new TestSocket(server.ws(`/ws?token=${token}`));
  assertEquals((await snake.nextJson()).code, "token_expired");
  assertEquals(await snake.closed, { code: 1008, reason: "Invalid token" });
  assertEquals(snake.frames.length, 1);

  const kebab = await server.kebab();
  await kebab.ask({ type: "authenticate", token }, { type: "auth-error", code: "token_expired" });
  const undecided = await server.client("/ws");
  await undecided.ask({ type: "authenticate", token }, { type: "auth-error", code: "token_expired" });
  const plain = await server.plain();
  await plain.ask({ type: "authenticate", token }, { type: "error", data: { code: "token_expired" } });
  const known = await server.snake("ann");
  await known.ask({ type: "authenticate", token }, { type: "error", code: "token_expired" });
  const envelope = await server.envelope("ann");
  const refresh = { type: "system", id: "r", data: { action: "authenticate", token } };
  await envelope.ask(refresh, { type: "error", data: { code: "token_expired", request: "r" } });
});

test("an expired token is token_expired to Socket.IO, wherever it stands", SLOW, async () => {
  await using server = await TestServer.open();
  await using clients = new SocketioClients(server);
  const token = await server.token("ann", { ttlMs: -60_000 });
  for (const options of [{ auth: { token } }, { query: { token } }]) {
    const { socket } = clients.open({ reconnection: false, ...options });
    const error = await new Promise<Error & { data?: unknown }>((resolve) => socket.once("connect_error", resolve));
    assertEquals(error.data, { code: "token_expired" });
    assert(error.message.startsWith("authentication failed: "));
  }
});

test("what is gone is 410 over HTTP", () => assertEquals(new ParleyError("gone", "It is gone").status, 410));

const UPGRADE = {
  "connection": "upgrade",
  "upgrade": "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};
