/**
 * What operators do to Socket.IO users over the admin API: notifications, kicks, removals; and what survives a login.
 */
import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../harness.ts";
import { type SocketioClient, SocketioClients, TRANSPORTS } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 30_000 };
const adminToken = "an admin key of the tests";
const conversationId = "lobby";

async function admin(server: TestServer, method: string, path: string, body?: unknown, token = adminToken) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(server.url(path), {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, ...await response.json() };
}

function closing(client: SocketioClient): Promise<string> {
  return new Promise((resolve) => client.socket.once("disconnect", resolve));
}

for (const [way, transports] of Object.entries(TRANSPORTS)) {
  test(
    `${way}: a notification is stored, told to every tab in its dialect, and counted until it is read`,
    SLOW,
    async () => {
      await using server = await TestServer.open({ adminToken });
      await using clients = new SocketioClients(server, { transports });
      const tabs = [await clients.connect("ann"), await clients.connect("ann", { transports: ["websocket"] })];
      const envelope = await server.envelope("ann");
      const post = (title: string) =>
        admin(server, "POST", "/websocket/users/ann/message", { type: "notification", data: { title, body: "text" } });
      assertEquals((await post("one")).recipients_count, 3);
      for (const tab of tabs) {
        const { title, body, read } = await tab.hear("notification");
        assertEquals([title, body, read, await tab.hear("unreadCount", (count) => count > 0)], [
          "one",
          "text",
          false,
          1,
        ]);
      }
      await envelope.hear({ type: "notification", room: "user:ann", data: { title: "one", read: false } });
      await envelope.hear({ type: "custom_event", data: { event: "unread_count", count: 1 } });
      await post("two");
      const { notifications, unread } = await admin(server, "GET", "/websocket/users/ann/notifications");
      assertEquals([notifications.map((each: { title: string }) => each.title), unread], [["two", "one"], 2]);
      const own = await admin(
        server,
        "GET",
        "/websocket/users/ann/notifications?limit=1",
        undefined,
        await server.token("ann"),
      );
      assertEquals([own.notifications.length, own.unread, typeof own.cursor], [1, 2, "string"]);
      const others = await admin(
        server,
        "GET",
        "/websocket/users/ann/notifications",
        undefined,
        await server.token("bob"),
      );
      assertEquals(others.status, 403);
      await tabs[0]!.ask("markNotificationRead", { notificationId: notifications[0].id });
      await envelope.hear({ type: "custom_event", data: { event: "unread_count", count: 1 } });
      for (const tab of tabs) tab.close();
      const later = await clients.connect("ann");
      assertEquals(await later.hear("unreadCount"), 1);
    },
  );

  test(`${way}: a kicked client is told so and stays away`, SLOW, async () => {
    await using server = await TestServer.open({ adminToken });
    await using clients = new SocketioClients(server, { transports });
    const [ann, bob] = [await clients.connect("ann"), await clients.connect("bob")];
    for (const client of [ann, bob]) await client.ask("joinConversation", { conversationId });
    const gone = closing(ann);
    assertEquals((await admin(server, "DELETE", `/websocket/connections/${ann.socket.id}`)).disconnected_count, 1);
    assertEquals(await gone, "io server disconnect");
    assertEquals(await bob.hear("userLeft"), { userId: "ann", conversationId, total: 1, announcing: true });
    assertEquals([ann.socket.active, server.parley.getClientCount()], [false, 1]);
  });

  test(`${way}: who is put out of a conversation is told the reason and hears no more of it`, SLOW, async () => {
    await using server = await TestServer.open({ adminToken });
    server.parley.on("settle", () => true);
    await using clients = new SocketioClients(server, { transports });
    const [ann, bob] = [await clients.connect("ann"), await clients.connect("bob")];
    for (const client of [ann, bob]) await client.ask("joinConversation", { conversationId });
    await admin(server, "DELETE", `/websocket/rooms/${conversationId}/members/ann`);
    assertEquals(await ann.hear("userLeft"), { userId: "ann", conversationId, reason: "kicked" });
    await bob.ask("sendMessage", { conversationId, content: "alone" });
    await ann.settle();
    assertEquals(ann.heard("newMessage"), []);
  });
}

test("a blocked user is refused until the block is over", SLOW, async () => {
  await using server = await TestServer.open({ adminToken });
  await using clients = new SocketioClients(server);
  const ann = await clients.connect("ann");
  const gone = closing(ann);
  await admin(server, "POST", "/websocket/users/ann/disconnect", { blockSeconds: 60 });
  assertEquals(await gone, "io server disconnect");
  const refused = clients.open({ auth: { token: await server.token("ann") } });
  const error = await new Promise<Error & { data?: unknown }>((resolve) =>
    refused.socket.once("connect_error", resolve)
  );
  const { code, retryAfter } = error.data as { code: string; retryAfter: number };
  assertEquals(code, "forbidden");
  assert(retryAfter > 50_000 && retryAfter <= 60_000, `${retryAfter} ms`);
  assertStringIncludes(error.message, "blocked");
  await admin(server, "POST", "/websocket/users/ann/disconnect", { blockSeconds: 0 });
  await clients.connect("ann");
});

test("operators see Socket.IO connections with their dialect and rooms", SLOW, async () => {
  await using server = await TestServer.open({ adminToken });
  await using clients = new SocketioClients(server);
  const ann = await clients.connect("ann");
  await ann.ask("joinConversation", { conversationId });
  const seen = await admin(server, "GET", `/websocket/connections/${ann.socket.id}`);
  assertEquals([seen.user_id, seen.dialect, seen.ip], ["ann", "socketio", "127.0.0.1"]);
  assert(seen.rooms.includes(conversationId));
});

test("an expired token closes the connection after it was told, and a fresh one brings it back", SLOW, async () => {
  await using server = await TestServer.open();
  await using clients = new SocketioClients(server);
  let ttlMs = 1500;
  const auth = (give: (payload: object) => void) =>
    void server.token("ann", { ttlMs }).then((token) => give({ token }));
  const ann = await clients.open({ auth }).connected();
  ttlMs = 60_000;
  assertEquals(await closing(ann), "transport close");
  assert(ann.heard("exception").some(({ code }) => code === "token_expired"));
  await eventually(() => ann.socket.connected);
});
