/**
 * Connecting and being closed: tokens, namespaces, limits, and what the real client makes of each end.
 */
import { test } from "node:test";
import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { eventually, TestSocket } from "../harness.ts";
import { type SocketioClient, SocketioClients, TRANSPORTS } from "./socketio_clients.ts";
import { JOIN, TestServer } from "./test_server.ts";

const SLOW = { timeout: 30_000 };
const conversationId = "lobby";

interface ConnectError extends Error {
  data?: { code: string };
}

function refusal(client: SocketioClient): Promise<ConnectError> {
  return new Promise((resolve) => client.socket.once("connect_error", resolve));
}

function closing(client: SocketioClient): Promise<string> {
  return new Promise((resolve) => client.socket.once("disconnect", resolve));
}

test("a dialect that an upgrade names goes before the path of Socket.IO", SLOW, async () => {
  await using server = await TestServer.open();
  const url = server.ws("/socket.io/?EIO=4&transport=websocket");
  for (const protocol of ["parley.socketio", "chat"]) {
    const socket = await TestSocket.open(url, { protocols: [protocol] });
    assertEquals(socket.protocol, protocol);
    assertEquals(String(await socket.next())[0], "0");
    socket.close();
  }
  const kebab = await TestSocket.open(`${url}&dialect=kebab`);
  assertEquals((await kebab.nextJson()).type, "connected");
  kebab.close();
  for (const options of [{ protocols: ["parley.bogus"] }, {}]) {
    await assertRejects(() => TestSocket.open(options.protocols ? url : `${url}&dialect=bogus`, options));
  }
});

for (const [way, transports] of Object.entries(TRANSPORTS)) {
  test(`${way}: a bad token is refused with its reason, wherever it stands`, SLOW, async () => {
    await using server = await TestServer.open();
    await using clients = new SocketioClients(server, { transports });
    for (const options of [{ auth: { token: "bad" } }, { query: { token: "bad" } }, { auth: { token: 7 } }]) {
      const error = await refusal(clients.open(options));
      assertStringIncludes(error.message, "authentication failed");
      assertEquals(error.data, { code: "unauthorized" });
    }
    assertEquals(server.parley.getClientCount(), 0);
  });

  test(`${way}: the server's close makes the client come back, as somebody new`, SLOW, async () => {
    await using server = await TestServer.open({ websocketMessageRate: 5, websocketMessageBurst: 5 });
    await using clients = new SocketioClients(server, { transports });
    const client = await clients.connect("ann");
    const { id } = client.socket;
    const gone = closing(client);
    for (let n = 0; n < 40; n++) client.say("typing", { conversationId });
    assertEquals(await gone, "transport close");
    await client.connected();
    assertNotEquals(client.socket.id, id);
    assert(client.heard("exception").some(({ code }) => code === "rate_limited"));
  });

  test(`${way}: a client that disconnects is out at once`, SLOW, async () => {
    await using server = await TestServer.open();
    await using clients = new SocketioClients(server, { transports });
    const client = await clients.connect("ann");
    await client.ask("joinConversation", { conversationId });
    client.close();
    await eventually(() => server.parley.getClientCount() === 0 && server.parley.getRoomCount() === 0);
  });

  test(`${way}: namespaces share a connection and have rooms of their own`, SLOW, async () => {
    await using server = await TestServer.open({ socketioNamespaces: ["/chat"] });
    server.parley.on("settle", () => true);
    await using clients = new SocketioClients(server, { transports });
    const ann = await clients.connect("ann");
    const anns = await clients.connect("ann", { namespace: "/chat" });
    const bob = await clients.connect("bob", { namespace: "/chat" });
    for (const client of [ann, anns, bob]) await client.ask("joinConversation", { conversationId });
    assertEquals(await anns.hear("userJoined"), { userId: "bob", conversationId, total: 2, announcing: true });
    anns.say("wave", { conversationId, to: undefined, hands: 2 });
    assertEquals(await bob.hear("wave"), { hands: 2, conversationId, userId: "ann" });
    bob.say("sendMessage", { conversationId, content: "hi" });
    assertEquals((await anns.hear("newMessage")).conversationId, conversationId);
    await ann.settle();
    assertEquals([ann.heard("newMessage"), ann.heard("userJoined"), ann.heard("wave")], [[], [], []]);
  });
}

test("without a token one is a guest, unless authentication is required", SLOW, async () => {
  await using open = await TestServer.open();
  await using guests = new SocketioClients(open);
  const guest = await guests.connect();
  const { users } = await guest.ask("joinConversation", { conversationId });
  assertEquals(users[0].userId, guest.socket.id);
  await using closed = await TestServer.open({ websocketRequireAuth: true });
  await using invalid = new SocketioClients(closed);
  const error = await refusal(invalid.open());
  assertEquals(error.data, { code: "unauthorized" });
  await invalid.connect("ann");
});

test("the token may come from a function, a header, the query, and begin with Bearer", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  await using clients = new SocketioClients(server);
  const token = await server.token("ann");
  const auth = (give: (payload: object) => void) => give({ token: `Bearer ${token}` });
  const ways = [{ auth }, { query: { token } }, { extraHeaders: { authorization: `Bearer ${token}` } }];
  for (const options of ways) {
    const client = await clients.open(options).connected();
    assertEquals(server.parley.getClient(client.socket.id!)?.userId, "ann");
  }
});

test("a namespace that is not configured is refused, and the others live on", SLOW, async () => {
  await using server = await TestServer.open();
  await using clients = new SocketioClients(server);
  const manager = (await clients.connect("ann")).socket.io;
  const other = manager.socket("/other");
  const error = await new Promise<Error>((resolve) => other.once("connect_error", resolve));
  assertEquals(error.message, "Invalid namespace");
  assertEquals(server.parley.getClientCount(), 1);
});

test("an event over the size limit is refused whatever brought it, and nobody is closed", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxMessageBytes: 20_000 });
  for (const transports of Object.values(TRANSPORTS)) {
    await using clients = new SocketioClients(server, { transports });
    const ann = await clients.connect("ann");
    await ann.ask("joinConversation", { conversationId });
    const content = "x".repeat(20_000);
    assertEquals((await ann.ask("sendMessage", { conversationId, content })).error.code, "too_large");
    ann.say("sendMessage", { conversationId, content, clientMessageId: "c1" });
    const { code, conversationId: room, clientMessageId } = await ann.hear("exception");
    assertEquals([code, room, clientMessageId], ["too_large", conversationId, "c1"]);
    const file = new Uint8Array(30_000);
    assertEquals((await ann.ask("sendMessage", { conversationId, content: "", file })).error.code, "too_large");
    assert((await ann.ask("sendMessage", { conversationId, content: "fits" })).ok);
  }
});

test("more attachments than clients accept are refused to relay, and handlers may take them", SLOW, async () => {
  await using server = await TestServer.open({ socketioMaxAttachments: 20 });
  server.parley.on("count", (_from, data) => (data as unknown[]).length);
  await using clients = new SocketioClients(server, { transports: ["websocket"] });
  const ann = await clients.connect("ann");
  await ann.ask("joinConversation", { conversationId });
  const files = Array.from({ length: 11 }, () => new Uint8Array(1));
  const { error } = await ann.ask("sendMessage", { conversationId, files });
  assertEquals(error.code, "bad_message");
  assertStringIncludes(error.message, "11 attachments");
  assertEquals(await ann.ask("count", files), 11);
});

test("JSON that is nested too deep is refused, and what is nested deep is not", SLOW, async () => {
  await using server = await TestServer.open();
  await using clients = new SocketioClients(server);
  const ann = await clients.connect("ann");
  await ann.ask("joinConversation", { conversationId });
  const nested = (levels: number): unknown => levels === 0 ? 0 : [nested(levels - 1)];
  assert((await ann.ask("sendMessage", { conversationId, deep: nested(20) })).ok);
  const { error } = await ann.ask("sendMessage", { conversationId, deep: nested(2000) });
  assertEquals(error.code, "bad_message");
});

test("a page of an origin that is not listed cannot begin a session", SLOW, async () => {
  await using server = await TestServer.open({ websocketAllowedOrigins: ["https://app.example"] });
  const begin = (origin: string) => fetch(server.url("/socket.io/?EIO=4&transport=polling"), { headers: { origin } });
  const refused = await begin("https://evil.example");
  assertEquals([refused.status, (await refused.json()).code], [403, 4], "as the protocol numbers it");
  const admitted = await begin("https://app.example");
  assertEquals(admitted.headers.get("access-control-allow-origin"), "https://app.example");
  assertEquals(admitted.headers.get("access-control-allow-credentials"), "true");
  await admitted.body?.cancel();
});

test("sessions count as connections, whether they join a namespace or not", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxConnections: 2 });
  const begin = () => fetch(server.url("/socket.io/?EIO=4&transport=polling"));
  const [one, two] = [await begin(), await begin()];
  const full = await begin();
  assertEquals([full.status, full.headers.has("retry-after")], [503, true]);
  const { sid } = JSON.parse((await one.text()).slice(1));
  await two.body?.cancel();
  await full.body?.cancel();
  await fetch(server.url(`/socket.io/?EIO=4&transport=polling&sid=${sid}`), { method: "POST", body: "1" });
  await using clients = new SocketioClients(server);
  await clients.connect("ann");
});

test("all dialects are in one room, each in its own words; binary events stay among Socket.IO", SLOW, async () => {
  await using server = await TestServer.open();
  server.parley.on("settle", () => true);
  await using clients = new SocketioClients(server);
  const [sio, peer] = [await clients.connect("sam"), await clients.connect("pia", { transports: ["polling"] })];
  for (const client of [sio, peer]) await client.ask("joinConversation", { conversationId });
  const [envelope, kebab] = [await server.envelope("eve"), await server.kebab("kim")];
  const [snake, plain] = [await server.snake("sue"), await server.plain("pat")];
  await envelope.ask(...JOIN.envelope!(conversationId));
  await kebab.ask(...JOIN.kebab!(conversationId));
  await snake.ask(...JOIN.snake!(conversationId));
  await plain.ask(...JOIN.plain!(conversationId));
  assertEquals((await peer.hear("userJoined", ({ userId }) => userId === "pat")).conversationId, conversationId);

  sio.say("stroke", { conversationId, file: new Uint8Array(3) });
  sio.say("sendMessage", { conversationId, content: "hello", extra: 1 });
  await envelope.hear({ type: "message", room: conversationId, data: { text: "hello", extra: 1 }, user_id: "sam" });
  await kebab.hear({ type: "message", roomId: conversationId, message: "hello", data: { extra: 1 }, userId: "sam" });
  await snake.hear({ type: "new_message", roomId: conversationId, content: "hello", sender_user_id: "sam" });
  await plain.hear({ type: "message", room: conversationId, content: "hello", user_id: "sam" });
  assertEquals((await peer.hear("stroke")).file.byteLength, 3);
  for (const jsonClient of [envelope, kebab, snake, plain]) {
    assertEquals(jsonClient.heard().filter((frame) => JSON.stringify(frame).includes("stroke")), []);
  }

  kebab.say({ type: "message", roomId: conversationId, message: "from kim" });
  plain.say({ type: "message", room: conversationId, content: "from pat" });
  envelope.say({ type: "custom_event", room: conversationId, data: { event: "confetti", amount: 5 } });
  snake.say({ type: "typing_start", roomId: conversationId });
  for (const client of [sio, peer]) {
    assertEquals((await client.hear("newMessage", ({ content }) => content === "from kim")).senderId, "kim");
    assertEquals((await client.hear("newMessage", ({ content }) => content === "from pat")).senderId, "pat");
    assertEquals(await client.hear("confetti"), { amount: 5, conversationId, userId: "eve" });
    assertEquals(await client.hear("userTyping"), { userId: "sue", conversationId });
  }
  sio.say("cheer", { conversationId, loud: true });
  await kebab.hear({ type: "cheer", roomId: conversationId, data: { loud: true } });
  await envelope.hear({ type: "custom_event", data: { event: "cheer", loud: true, user_id: "sam" } });
});

test("a hook sees Socket.IO connections as it sees all others, and may refuse them", SLOW, async () => {
  const seen: string[] = [];
  await using server = await TestServer.open({
    hooks: {
      onConnect: ({ userId, dialect }) => void seen.push(`connect ${userId} ${dialect}`),
      onJoin: (_client, room) => room !== "closed",
      onMessage: (_client, { data }) => ({ data: { text: String((data as { text: string }).text).toUpperCase() } }),
      onDisconnect: ({ userId }, code) => void seen.push(`disconnect ${userId} ${code}`),
    },
  });
  await using clients = new SocketioClients(server);
  const ann = await clients.connect("ann");
  assertEquals((await ann.ask("joinConversation", { conversationId: "closed" })).error.code, "forbidden");
  await ann.ask("joinConversation", { conversationId });
  ann.say("sendMessage", { conversationId, content: "loud" });
  assertEquals((await ann.hear("newMessage")).content, "LOUD");
  ann.close();
  await eventually(() => seen.length === 2);
  assertEquals(seen, ["connect ann socketio", "disconnect ann 1000"]);
});

test("when the server goes away its clients come back to the next one", SLOW, async () => {
  const first = await TestServer.open();
  const { port } = first.parley;
  await using clients = new SocketioClients(first);
  const tabs = await Promise.all(Object.values(TRANSPORTS).map((transports) => clients.connect("ann", { transports })));
  const ends = Promise.all(tabs.map(closing));
  await first.parley.stop();
  for (const reason of await ends) assert(["transport close", "transport error"].includes(reason), reason);
  await using second = await TestServer.open({ ports: [port] });
  for (const tab of tabs) await tab.connected().catch(() => tab.connected());
  assertEquals(second.parley.getClientCount(), 3);
  await assertRejects(() => fetch(first.url("/x")).then(() => Promise.reject(new Error("answered"))));
});
