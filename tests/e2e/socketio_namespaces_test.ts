/**
 * Rooms of a namespace: the rules of the configuration hold there as everywhere, and nobody gets in from outside.
 */
import { test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { defaultConfig } from "../../src/config/config.ts";
import { ADMIN_KEY } from "./http_calls.ts";
import { type SocketioClient, SocketioClients } from "./socketio_clients.ts";
import { JOIN, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

const OPTIONS = {
  socketioNamespaces: ["/chat", "/other"],
  adminToken: ADMIN_KEY,
  rooms: [
    { match: "vip:*", join: "listed" as const },
    { match: "wall", publish: "anyone" as const },
    { match: "quiet:*", presence: false, history: false as const },
  ],
};

async function codeOf(client: SocketioClient, event: string, conversationId: string): Promise<string> {
  const { ok, error } = await client.ask(event, { conversationId, content: "x" });
  return ok ? "ok" : error.code;
}

test("rules and the rooms of a token judge a room's name without its namespace", SLOW, async () => {
  await using server = await TestServer.open(OPTIONS);
  await using clients = new SocketioClients(server, { transports: ["websocket"] });
  const token = await server.token("ann", { rooms: ["vip:1"] });
  for (const namespace of ["", "/chat"]) {
    const guest = await clients.connect(undefined, { namespace });
    const ann = await clients.open({ namespace, auth: { token } }).connected();
    assertEquals(await codeOf(guest, "joinConversation", "vip:1"), "unauthorized");
    assertEquals(await codeOf(ann, "joinConversation", "vip:1"), "ok");
    assertEquals(await codeOf(ann, "joinConversation", "vip:2"), "forbidden");
    assertEquals(await codeOf(guest, "sendMessage", "wall"), "ok", "published into without a join");
    const quiet = await guest.ask("joinConversation", { conversationId: "quiet:1" });
    assertEquals([quiet.users, quiet.position], [[], undefined]);
  }
});

test("a room of a namespace is refused from outside, whatever names it", SLOW, async () => {
  await using server = await TestServer.open(OPTIONS);
  await using clients = new SocketioClients(server, { transports: ["websocket"] });
  const inside = await clients.connect("ann", { namespace: "/chat" });
  assertEquals(await codeOf(inside, "joinConversation", "secret"), "ok");
  const [root, other] = [await clients.connect("bob"), await clients.connect("bob", { namespace: "/other" })];
  for (const room of ["/chat,secret", "/other,secret", "/chat,wall"]) {
    for (const client of [root, other, inside]) {
      assertEquals(await codeOf(client, "joinConversation", room), "forbidden", room);
      assertEquals(await codeOf(client, "sendMessage", room), "forbidden", room);
    }
    for (const dialect of ["kebab", "snake", "envelope", "plain"] as const) {
      const jsonClient = await server[dialect]("bob");
      const [frame] = JOIN[dialect]!(room);
      const refusal = await jsonClient.ask(frame, { type: "error" });
      assert(JSON.stringify(refusal).includes('"forbidden"'), JSON.stringify(refusal));
    }
    const guest = await server.client(`/ws/${encodeURIComponent(room)}`);
    await guest.hear({ type: "error", data: { code: "forbidden" } });
    const authorization = `Bearer ${await server.token("bob")}`;
    const url = server.url(`/api/chat/rooms/${encodeURIComponent(room)}/messages`);
    const posted = await fetch(url, { method: "POST", body: '{"content":"x"}', headers: { authorization } });
    const read = await fetch(url, { headers: { authorization } });
    assertEquals([posted.status, read.status], [403, 403]);
    for (const answer of [posted, read]) await answer.body?.cancel();
  }
  assertEquals(server.parley.getRoom("/chat,secret").map(({ userId }) => userId), ["ann"]);
  assertEquals(inside.heard("newMessage"), []);
  assertEquals(await codeOf(root, "joinConversation", "/elsewhere,room"), "ok", "no namespace of ours");
});

test("a program and an admin reach a namespace's rooms by their whole names", SLOW, async () => {
  await using server = await TestServer.open(OPTIONS);
  await using clients = new SocketioClients(server, { transports: ["websocket"] });
  const ann = await clients.connect("ann", { namespace: "/chat" });
  await ann.ask("joinConversation", { conversationId: "lobby" });
  await server.parley.publish("/chat,lobby", { text: "from the program" });
  assertEquals((await ann.hear("newMessage")).conversationId, "lobby");
  const url = server.url(`/websocket/rooms/${encodeURIComponent("/chat,lobby")}/message`);
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const sent = await fetch(url, { method: "POST", body: '{"type":"news","data":{"n":1}}', headers });
  assertEquals((await sent.json() as JsonFrame).recipients_count, 1);
  assertEquals(await ann.hear("news"), { n: 1 });
});

test("a rule that names a namespace is refused at the start", () => {
  const rooms = [{ match: "/chat,vip:*" }];
  const message = assertThrows(() =>
    defaultConfig({ jwtSecret: "x".repeat(32), rooms, socketioNamespaces: ["/chat"] })
  );
  assert(String(message).includes('write "vip:*"'), String(message));
  assertEquals(defaultConfig({ jwtSecret: "x".repeat(32), rooms }).rooms.length, 1);
});
