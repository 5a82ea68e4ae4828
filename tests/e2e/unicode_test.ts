/**
 * Names as they reach clients: whole characters in every dialect, and rooms called by as many as are allowed.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { ADMIN_KEY, call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import { SocketioClients } from "./socketio_clients.ts";
import { JOIN, type JsonClient, type JsonFrame, type TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

const DIALECTS: Record<string, (server: TestServer, name: string) => Promise<JsonClient>> = {
  envelope: (server, name) => server.envelope("eve", { name }),
  kebab: (server, name) => server.kebab("kim", { name }),
  snake: (server, name) => server.snake("sam", { name }),
  plain: (server, name) => server.plain("pat", { name }),
};

const MESSAGES: Record<string, (room: string) => JsonFrame> = {
  envelope: (room) => ({ type: "message", room, data: { text: "hi" } }),
  kebab: (roomId) => ({ type: "message", roomId, message: "hi" }),
  snake: (roomId) => ({ type: "message", roomId, content: "hi" }),
  plain: (room) => ({ type: "message", room, content: "hi" }),
};

test("a name that would be cut within an emoji has no half of it in any frame of any dialect", SLOW, async () => {
  await using server = await openHttpServer();
  await using clients = new SocketioClients(server);
  const name = `${"n".repeat(127)}🎉`;
  const watcher = await clients.connect("walt");
  await watcher.ask("joinConversation", { conversationId: "lobby" });
  const jsonClients: JsonClient[] = [];
  for (const [dialect, open] of Object.entries(DIALECTS)) {
    const client = await open(server, name);
    await client.ask(...JOIN[dialect]!("lobby"));
    jsonClients.push(client);
    client.say(MESSAGES[dialect]!("lobby"));
    assertEquals((await watcher.hear("newMessage")).senderName, "n".repeat(127));
  }
  for (const client of jsonClients) {
    await client.settle();
    for (const frame of client.socket.frames) assert(!/\p{Cs}|\\ud[89a-f]/iu.test(String(frame)), String(frame));
  }
  const { text } = await call(server, "GET /websocket/connections?user_id=eve", { bearer: ADMIN_KEY });
  assertEquals(JSON.parse(text).connections[0].name, "n".repeat(127));
});

test("a room's name has up to 255 characters at every door", SLOW, async () => {
  await using server = await openHttpServer();
  await using clients = new SocketioClients(server);
  const room = "r".repeat(255);
  const longer = `${room}r`;
  const url = `/api/chat/rooms/${room}/messages`;
  const guest = await server.client(`/ws/${room}`);
  await guest.hear({ type: "user_list", room });
  const socketio = await clients.connect("ann");
  assertEquals((await socketio.ask("joinConversation", { conversationId: room })).ok, true);
  assertEquals((await socketio.ask("joinConversation", { conversationId: longer })).error.code, "bad_message");
  for (const [dialect, open] of Object.entries(DIALECTS)) {
    const client = await open(server, "Somebody");
    const [join, joined] = JOIN[dialect]!(room);
    await client.ask({ ...join, id: "j" }, joined);
    await client.ask({ ...JOIN[dialect]!(longer)[0], id: "l" }, { type: "error" });
    assertEquals((await callAsAdmin(server, `POST ${url}`, { body: { content: dialect } })).status, 201);
    await guest.hear({ type: "message", content: dialect });
  }
  assertEquals(
    (await callAsAdmin(server, `POST ${url.replace(room, longer)}`, { body: { content: "x" } })).status,
    400,
  );
  assertEquals((await callAsAdmin(server, `GET /websocket/rooms/${room}`)).body.member_count, 6);
});

test("a user whose id is as long as a room's name can be written to", SLOW, async () => {
  await using server = await openHttpServer();
  const user = "u".repeat(255);
  const long = await server.snake(user);
  const eve = await server.envelope("eve");
  eve.say({ type: "message", to: user, data: { text: "hi" } });
  await long.hear({ type: "new_message", content: "hi" });
  const kim = await server.kebab("kim");
  kim.say({ type: "message", userId: user, message: "ho" });
  await long.hear({ type: "new_message", content: "ho" });
  const { status } = await callAsAdmin(server, `POST /websocket/users/${user}/message`, { body: { type: "nudge" } });
  assertEquals(status, 200);
  await long.hear({ type: "nudge" });
});

test("the description says which names rooms and users can have", SLOW, async () => {
  await using server = await openHttpServer();
  const { paths } = (await call(server, "GET /openapi.json")).body as { paths: Record<string, JsonFrame> };
  const { get } = paths["/websocket/rooms/{id}"] as { get: { parameters: { schema: JsonFrame }[] } };
  const { minLength, maxLength, pattern } = get.parameters[0]!.schema;
  assertEquals([minLength, maxLength], [1, 255]);
  const names = ["lobby", "ünïcödé 🎉", "*", "a\nb", "a\u0085b"];
  assertEquals(names.map((name) => new RegExp(String(pattern), "u").test(name)), [true, true, false, false, false]);
});
