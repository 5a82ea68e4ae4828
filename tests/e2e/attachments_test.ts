/**
 * Bytes in messages: Socket.IO's clients get bytes, live and replayed, everybody else the same message with base64 in
 * their place, whatever the nodes share; and nobody can pass an object off as bytes.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import type { ServerOptions } from "../../src/mod.ts";
import { call } from "./http_calls.ts";
import { RedisServer } from "./redis_server.ts";
import { type SocketioClient, SocketioClients, TRANSPORTS } from "./socketio_clients.ts";
import { JOIN, type JsonClient, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 30_000 };
const room = "lobby";
const FILE = new Uint8Array([0, 255, 10, 128]);
const SHOWN = { $base64: "AP8KgA==" };

interface Reader {
  open(server: TestServer): Promise<JsonClient>;
  /** What its live message frame has. */
  live: JsonFrame;
  join(since: unknown): JsonFrame;
  /** Its reply to a join, with what it replays. */
  joined: JsonFrame;
  messagesOf(joined: JsonFrame): JsonFrame[];
}

const READERS: Record<string, Reader> = {
  envelope: {
    open: (server) => server.envelope("eve"),
    live: { type: "message", data: { text: "look", data: SHOWN, more: [SHOWN] } },
    join: (since) => ({ type: "system", id: "j", data: { action: "join", room, since } }),
    joined: { type: "room_joined", data: { recovered: true } },
    messagesOf: ({ data }) => (data as { messages: JsonFrame[] }).messages,
  },
  kebab: {
    open: (server) => server.kebab("kim"),
    live: { type: "message", message: "look", data: { data: SHOWN, more: [SHOWN] } },
    join: (since) => ({ type: "join-room", roomId: room, since }),
    joined: { type: "room-joined", recovered: true },
    messagesOf: ({ messages }) => messages as JsonFrame[],
  },
  snake: {
    open: (server) => server.snake("sam"),
    live: { type: "new_message", content: "look", data: { data: SHOWN, more: [SHOWN] } },
    join: (since) => ({ type: "join_room", roomId: room, since }),
    joined: { type: "online_update", recovered: true },
    messagesOf: ({ messages }) => messages as JsonFrame[],
  },
  plain: {
    open: (server) => server.plain("pat"),
    live: { type: "message", content: "look", data: { data: SHOWN, more: [SHOWN] } },
    join: (since) => ({ type: "join", room, since }),
    joined: { type: "user_list", recovered: true },
    messagesOf: ({ messages }) => messages as JsonFrame[],
  },
};

const SHARED: Record<string, () => Promise<{ options: ServerOptions } & AsyncDisposable>> = {
  memory: () => Promise.resolve({ options: {}, [Symbol.asyncDispose]: () => Promise.resolve() }),
  async redis() {
    const redis = await RedisServer.start();
    const options = { broker: "redis" as const, redisUrl: redis.url };
    return { options, [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose]() };
  },
};

/** What a socketio client has heard, with its bytes as plain arrays of their type. */
function withBytes({ content, data, more }: { content: string; data: Uint8Array; more: Uint8Array[] }): unknown[] {
  return [content, new Uint8Array(data), new Uint8Array(more[0]!)];
}

async function send(client: SocketioClient, beside: JsonFrame = {}): Promise<void> {
  const content = { conversationId: room, content: "look", data: FILE, more: [FILE], ...beside };
  assert((await client.ask("sendMessage", content)).ok);
}

for (const [broker, share] of Object.entries(SHARED)) {
  test(`over ${broker} a message with bytes reaches every dialect, live and after a rejoin`, SLOW, async () => {
    await using shared = await share();
    await using server = await TestServer.open(shared.options);
    await using clients = new SocketioClients(server);
    const ann = await clients.connect("ann");
    const { position: since } = await ann.ask("joinConversation", { conversationId: room });
    const bob = await clients.connect("bob");
    await bob.ask("joinConversation", { conversationId: room });
    const byDialect: Record<string, JsonClient> = {};
    for (const [dialect, { open }] of Object.entries(READERS)) {
      byDialect[dialect] = await open(server);
      await byDialect[dialect].ask(...JOIN[dialect]!(room));
    }
    await send(ann);
    const expected = ["look", FILE, FILE];
    assertEquals(withBytes(await bob.hear("newMessage")), expected);
    for (const [dialect, { live, join, joined, messagesOf }] of Object.entries(READERS)) {
      const client = byDialect[dialect]!;
      const frame = await client.hear(live);
      assertEquals(messagesOf(await client.ask(join(since), joined)), [frame], dialect);
    }
    const again = await bob.ask("joinConversation", { conversationId: room, since });
    assertEquals([again.recovered, ...again.messages.map(withBytes)], [true, expected]);
    const users = await bob.hear("conversationUsers", ({ messages }) => messages !== undefined);
    assertEquals(users.messages.map(withBytes), [expected]);

    const history = { type: "system", id: "h", data: { action: "history", room } };
    const { data } = await byDialect.envelope!.ask(history, { type: "system", id: "h" });
    assertEquals((data as { messages: JsonFrame[] }).messages.map((message) => message.data), [
      { text: "look", data: SHOWN, more: [SHOWN] },
    ]);
    const bearer = await server.token("sam");
    const { body } = await call(server, `GET /api/chat/rooms/${room}/messages`, { bearer });
    assertEquals((body.messages as JsonFrame[]).map((message) => message.data), [{ data: SHOWN, more: [SHOWN] }]);
  });

  test(`over ${broker} an object that looks like bytes stays an object, live and after a rejoin`, SLOW, async () => {
    await using shared = await share();
    await using server = await TestServer.open(shared.options);
    await using byDialect = new SocketioClients(server);
    const bob = await byDialect.connect("bob");
    const { position: since } = await bob.ask("joinConversation", { conversationId: room });
    const kim = await server.kebab("kim");
    await kim.ask(...JOIN.kebab!(room));
    kim.say({ type: "message", roomId: room, message: "look", data: { file: SHOWN } });
    assertEquals((await bob.hear("newMessage")).file, SHOWN);
    await send(bob, { file: SHOWN });
    assertEquals((await bob.hear("newMessage")).file, SHOWN);
    const { messages } = await bob.ask("joinConversation", { conversationId: room, since });
    assertEquals(messages.map(({ file }: JsonFrame) => file), [SHOWN, SHOWN]);
  });
}

for (const [way, transports] of Object.entries(TRANSPORTS)) {
  test(`${way}: a replay with more attachments than a packet may have goes on as live messages`, SLOW, async () => {
    await using server = await TestServer.open();
    await using byDialect = new SocketioClients(server, { transports });
    const ann = await byDialect.connect("ann");
    const { position: since } = await ann.ask("joinConversation", { conversationId: room });
    for (let n = 0; n < 8; n++) await send(ann, { n });
    await ann.ask("sendMessage", { conversationId: room, content: "the last" });
    const bob = await byDialect.connect("bob");
    const { recovered, position, messages } = await bob.ask("joinConversation", { conversationId: room, since });
    assertEquals([recovered, position.offset], [true, 5]);
    assertEquals(messages.map(({ n }: JsonFrame) => n), [0, 1, 2, 3, 4]);
    await bob.hear("newMessage", ({ content }) => content === "the last");
    const rest = bob.heard("newMessage");
    assertEquals(rest.map((message) => message.position.offset), [6, 7, 8, 9]);
    for (const message of rest.slice(0, 3)) assertEquals(withBytes(message), ["look", FILE, FILE]);
    assert(bob.socket.connected);
  });
}

test(
  "bytes count as base64 against the limit of messages; relayed events stay live, for Socket.IO alone",
  SLOW,
  async () => {
    await using server = await TestServer.open({ websocketMaxMessageBytes: 2000 });
    await using byDialect = new SocketioClients(server);
    const [ann, bob] = [await byDialect.connect("ann"), await byDialect.connect("bob")];
    const kim = await server.kebab("kim");
    await kim.ask(...JOIN.kebab!(room));
    for (const client of [ann, bob]) await client.ask("joinConversation", { conversationId: room });
    const file = new Uint8Array(1600);
    const refused = await ann.ask("sendMessage", { conversationId: room, content: "big", file });
    assertEquals([refused.ok, refused.error.code], [false, "too_large"]);
    assert((await ann.ask("sendMessage", { conversationId: room, content: "fits", file: file.slice(0, 1200) })).ok);
    await kim.hear({ type: "message", message: "fits" });
    assert((await ann.ask("stroke", { conversationId: room, file })).ok);
    assertEquals((await bob.hear("stroke")).file.byteLength, 1600);
    await kim.settle();
    assertEquals(kim.heard({ type: "stroke" }), []);
    assertEquals(kim.heard({ type: "message" }).length, 1);
  },
);

test("a direct message with bytes is shown to whoever it is for", SLOW, async () => {
  await using server = await TestServer.open();
  await using byDialect = new SocketioClients(server);
  const ann = await byDialect.connect("ann");
  const sam = await server.snake("sam");
  assert((await ann.ask("sendMessage", { to: "sam", content: "look", file: FILE })).ok);
  assertEquals((await sam.hear({ type: "new_message" })).data, { file: SHOWN });
});

test("the same id with other bytes is another message, with the same ones a repeat", SLOW, async () => {
  await using server = await TestServer.open();
  await using byDialect = new SocketioClients(server);
  const ann = await byDialect.connect("ann");
  await ann.ask("joinConversation", { conversationId: room });
  const say = async (file: unknown) => {
    const message = { conversationId: room, content: "look", file, clientMessageId: "m1" };
    return (await ann.ask("sendMessage", message)).duplicate;
  };
  assertEquals([await say(FILE), await say(FILE), await say(FILE.slice(1))], [undefined, true, undefined]);
  assertEquals(await say(SHOWN), undefined);
});

test("a hook that changes a message with bytes leaves them bytes, and cannot add too many", SLOW, async () => {
  const onMessage = (_: unknown, { data }: { data: unknown }) => {
    const given = data as { text: string; file: Uint8Array };
    if (given.text === "copies") return { data: { files: Array.from({ length: 11 }, () => given.file) } };
    return { data: { ...given, checked: true } };
  };
  await using server = await TestServer.open({ hooks: { onMessage } });
  await using byDialect = new SocketioClients(server);
  const ann = await byDialect.connect("ann");
  await ann.ask("joinConversation", { conversationId: room });
  const { message } = await ann.ask("sendMessage", { conversationId: room, content: "look", file: FILE });
  assertEquals([message.checked, new Uint8Array(message.file)], [true, FILE]);
  const refused = await ann.ask("sendMessage", { conversationId: room, content: "copies", file: FILE });
  assertEquals(refused.error.code, "bad_message");
});
