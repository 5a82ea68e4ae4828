/**
 * The documented events with the real client, on each of its transports: what it says, what it and the others hear.
 */
import { test } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { eventually } from "../harness.ts";
import type { Acknowledge } from "../../src/mod.ts";
import { type SocketioClient, SocketioClients, TRANSPORTS } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 30_000 };
const conversationId = "lobby";

interface Cast {
  server: TestServer;
  clients: SocketioClients;
  ann: SocketioClient;
  bob: SocketioClient;
}

type Scene = (cast: Cast) => Promise<void>;

async function joinBoth({ ann, bob }: Cast): Promise<void> {
  await ann.ask("joinConversation", { conversationId });
  await bob.ask("joinConversation", { conversationId });
}

const SCENES: Record<string, Scene> = {
  async "joinConversation lists who is there and tells the others"({ ann, bob, server }) {
    const alone = await ann.ask("joinConversation", { conversationId });
    const { position, ...rest } = alone;
    const me = { userId: "ann", name: "ann", status: "online" };
    const list = { conversationId, users: [me], total: 1, announcing: true };
    assertEquals(rest, { ok: true, ...list });
    assertEquals(position.offset, 0);
    assertEquals(await ann.hear("conversationUsers"), { ...list, position });
    await bob.ask("joinConversation", { conversationId });
    assertEquals(await ann.hear("userJoined"), { userId: "bob", conversationId, total: 2, announcing: true });
    assertEquals((await bob.hear("conversationUsers")).total, 2);
    assertEquals(bob.heard("userJoined"), []);
    assertEquals(server.parley.getRoom(conversationId).length, 2);
  },

  async "joinConversation without an acknowledgement is answered by the event alone"({ ann }) {
    ann.say("joinConversation", { conversationId });
    assertEquals((await ann.hear("conversationUsers")).conversationId, conversationId);
  },

  async "a join that is refused leaves one outside"({ ann, bob }) {
    await bob.ask("joinConversation", { conversationId });
    const refused = await ann.ask("joinConversation", { conversationId: "user:bob" });
    assertEquals([refused.ok, refused.error.code], [false, "forbidden"]);
    ann.say("joinConversation", { conversationId: "user:bob" });
    const told = await ann.hear("exception");
    assertEquals([told.status, told.code], ["error", "forbidden"]);
  },

  async "leaveConversation tells the others"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    assertEquals(await bob.ask("leaveConversation", { conversationId }), { ok: true, conversationId });
    assertEquals(await ann.hear("userLeft"), { userId: "bob", conversationId, total: 1, announcing: true });
    ann.say("sendMessage", { conversationId, content: "anyone?" });
    await ann.hear("newMessage");
    await bob.settle();
    assertEquals(bob.heard("newMessage"), []);
  },

  async "sendMessage reaches everybody in the room, and the acknowledgement is the message"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    const sent = {
      conversationId,
      content: "hi",
      mood: { happy: true },
      senderId: "mallory",
      id: "mine",
      createdAt: 0,
    };
    const answer = await ann.ask("sendMessage", sent);
    assert(answer.ok);
    const { id, createdAt, senderConnectionId, position, ...rest } = answer.message;
    assertEquals(rest, { conversationId, content: "hi", mood: { happy: true }, senderId: "ann", senderName: "ann" });
    assertMatch(id, /^[\w-]{22}$/);
    assertMatch(createdAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assertEquals([senderConnectionId, position.offset], [ann.socket.id, 1]);
    assertEquals(await ann.hear("newMessage"), answer.message);
    assertEquals(await bob.hear("newMessage"), answer.message);
  },

  async "sendMessage is refused outside of the room and without content"({ ann }) {
    const outside = await ann.ask("sendMessage", { conversationId, content: "hi" });
    assertEquals(outside.error.code, "not_joined");
    await ann.ask("joinConversation", { conversationId });
    for (const bad of [{ conversationId }, { content: "hi" }, { conversationId, content: 7 }, "hi", null, undefined]) {
      const { ok, error } = await ann.ask("sendMessage", bad);
      assertEquals([ok, error.code], [false, "bad_message"]);
    }
  },

  async "sendMessage without echo goes to the others, and twice with one id is one message"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    const sent = { conversationId, content: "once", clientMessageId: "c1", echo: false };
    const first = await ann.ask("sendMessage", sent);
    await eventually(() => Date.now() > Date.parse(first.message.createdAt));
    assertEquals(await ann.ask("sendMessage", sent), { ...first, duplicate: true });
    await bob.hear("newMessage");
    await bob.settle();
    await ann.settle();
    assertEquals([bob.heard("newMessage").length, ann.heard("newMessage").length], [1, 0]);
  },

  async "sendMessage to a user reaches that user alone"({ ann, bob, clients }) {
    const cid = await clients.connect("cid");
    const sent = { to: "bob", content: "psst", clientMessageId: "d1" };
    const first = await ann.ask("sendMessage", sent);
    assert(first.ok);
    await eventually(() => Date.now() > Date.parse(first.message.createdAt));
    assertEquals(await ann.ask("sendMessage", sent), { ...first, duplicate: true });
    const direct = await bob.hear("newMessage");
    assertEquals([direct.content, direct.senderId, direct.conversationId], ["psst", "ann", undefined]);
    assertEquals((await ann.ask("sendMessage", { to: "nobody", content: "psst" })).error.code, "not_found");
    await cid.settle();
    assertEquals(cid.heard("newMessage"), []);
  },

  async "typing and stopTyping go to the others"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    ann.say("typing", { conversationId });
    assertEquals(await bob.hear("userTyping"), { userId: "ann", conversationId });
    assertEquals(await ann.ask("stopTyping", { conversationId }), { ok: true });
    assertEquals(await bob.hear("userStoppedTyping"), { userId: "ann", conversationId });
    assertEquals(ann.heard("userTyping"), []);
  },

  async "reactions and receipts go to all, the sender included"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    ann.say("addReaction", { conversationId, messageId: "m1", emoji: "🎉" });
    ann.say("removeReaction", { conversationId, messageId: "m1", emoji: "🎉" });
    ann.say("markMessageRead", { conversationId, messageId: 7 });
    for (const client of [ann, bob]) {
      const reaction = { userId: "ann", conversationId, messageId: "m1", emoji: "🎉" };
      assertEquals(await client.hear("messageReaction"), { ...reaction, action: "added" });
      assertEquals(await client.hear("messageReaction"), { ...reaction, action: "removed" });
      const { readAt, ...read } = await client.hear("messageRead");
      assertEquals(read, { userId: "ann", conversationId, messageId: "7" });
      assert(Date.parse(readAt) > 0);
    }
  },

  async "calls and uploads are relayed"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    ann.say("callSignal", { to: "bob", signal: { sdp: "offer" } });
    assertEquals(await bob.hear("callSignal"), { from: "ann", signal: { sdp: "offer" } });
    bob.say("callSignal", { conversationId, signal: "busy" });
    assertEquals(await ann.hear("callSignal"), { from: "bob", signal: "busy", conversationId });
    ann.say("uploadProgress", { conversationId, uploadId: "u", loaded: 1, total: 2, userId: "mallory" });
    const progress = { uploadId: "u", loaded: 1, total: 2, conversationId, userId: "ann" };
    assertEquals(await bob.hear("uploadProgress"), progress);
    assertEquals(ann.heard("uploadProgress"), []);
  },

  async "setPresence is told in the rooms one is in"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    assertEquals(await ann.ask("setPresence", { status: "away" }), { ok: true });
    const { userId, status } = await bob.hear("userPresence");
    assertEquals([userId, status], ["ann", "away"]);
    assertEquals((await ann.ask("setPresence", { status: "asleep" })).error.code, "bad_message");
    const { users } = await bob.ask("joinConversation", { conversationId });
    assertEquals(users.find((user: { userId: string }) => user.userId === "ann").status, "away");
  },

  async "any other event that names a conversation or a recipient is relayed"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    ann.say("cursor:move", { conversationId, x: 1, userId: "mallory" }, "dropped");
    assertEquals(await bob.hear("cursor:move"), { x: 1, conversationId, userId: "ann" });
    assertEquals(await ann.ask("poke", { to: "bob", hard: true }), { ok: true });
    assertEquals(await bob.hear("poke"), { hard: true, userId: "ann" });
    for (const name of ["newMessage", "room-joined", "typing_start", "unread_count", "exception"]) {
      assertEquals((await ann.ask(name, { conversationId })).error.code, "forbidden");
    }
    await ann.settle();
    assertEquals(ann.heard("cursor:move"), []);
  },

  async "binary content arrives whole, in messages and in events"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    const file = Uint8Array.from({ length: 1000 }, (_, n) => n & 255);
    const answer = await ann.ask("sendMessage", { conversationId, content: "look", file });
    assertEquals(new Uint8Array(answer.message.file), file);
    const heard = await bob.hear("newMessage");
    assertEquals([heard.content, new Uint8Array(heard.file)], ["look", file]);
    ann.say("stroke", { conversationId, points: [file, { more: file.slice(0, 3) }] });
    const { points } = await bob.hear("stroke");
    assertEquals([new Uint8Array(points[0]), new Uint8Array(points[1].more)], [file, file.slice(0, 3)]);
  },

  async "an event of the program's own is answered by its handler"({ ann, server }) {
    server.parley.on("orders:create", (from, data) => ({ accepted: true, by: from.userId, data }));
    server.parley.on(
      "orders:later",
      (_from, one: number, two: number, ack: Acknowledge) => void setTimeout(() => ack(["late", one, two]), 5),
    );
    server.parley.on("orders:fail", () => {
      throw new Error("secret detail");
    });
    server.parley.on("orders:file", () => new Uint8Array([1, 2]));
    assertEquals(await ann.ask("orders:create", { item: 1 }), { accepted: true, by: "ann", data: { item: 1 } });
    assertEquals(await ann.ask("orders:later", 1, 2), ["late", 1, 2]);
    assertEquals(new Uint8Array(await ann.ask("orders:file")), new Uint8Array([1, 2]));
    assertThrows(() => server.parley.on("sendMessage", () => true), TypeError, "a meaning of its own");
    const { ok, error } = await ann.ask("orders:fail");
    assertEquals([ok, error.code, error.message.includes("secret")], [false, "internal", false]);
  },

  async "an event that nobody knows is an exception"({ ann }) {
    ann.say("customEvent", { message: "Hello!" });
    const { status, code } = await ann.hear("exception");
    assertEquals([status, code], ["error", "unsupported_type"]);
    assertEquals((await ann.ask("customEvent")).error.code, "unsupported_type");
  },

  async "unread notifications are counted for all tabs, kept, and taken back"({ ann, clients, server }) {
    const tab = await clients.connect("ann");
    for (const client of [ann, tab]) assertEquals(await client.hear("unreadCount"), 0);
    await server.parley.sendToUser("ann", { type: "notification", data: { title: "Order", body: "No. 7" } });
    for (const client of [ann, tab]) {
      const { id, createdAt, ...rest } = await client.hear("notification");
      assertEquals(rest, { title: "Order", body: "No. 7", message: "No. 7", read: false });
      assert(id && Date.parse(createdAt) > 0);
      assertEquals(await client.hear("unreadCount"), 1);
    }
    const again = await clients.connect("ann");
    assertEquals(await again.hear("unreadCount"), 1);
    assertEquals(await ann.ask("getUnreadCount"), { ok: true, count: 1 });
    for (const client of [ann, tab, again]) assertEquals(await client.hear("unreadCount"), 1);
    const { id } = ann.heard("notification")[0];
    assertEquals(await ann.ask("markNotificationRead", { notificationId: id }), { ok: true });
    for (const client of [ann, tab, again]) assertEquals(await client.hear("unreadCount"), 0);
    await server.parley.sendToUser("ann", { type: "notification", data: { title: "Two" } });
    await tab.hear("unreadCount", (count) => count === 1);
    tab.say("markNotificationRead");
    assertEquals(await again.hear("unreadCount", (count) => count === 0), 0);
  },

  async "the server's own events arrive under their names"({ ann, bob, server, ...cast }) {
    await joinBoth({ ann, bob, server, ...cast });
    await server.parley.sendToRoom(conversationId, { type: "maintenance", data: { at: 5 } });
    await server.parley.sendToUser("bob", { type: "orderUpdate", order: 7 });
    await server.parley.broadcast({ type: "banner", text: "hello" });
    await server.parley.publish(conversationId, { text: "from the server" });
    assertEquals(await ann.hear("maintenance"), { at: 5 });
    assertEquals(await bob.hear("orderUpdate"), { order: 7 });
    assertEquals(await ann.hear("banner"), { text: "hello" });
    const { content, senderId } = await bob.hear("newMessage");
    assertEquals([content, senderId], ["from the server", "server"]);
    assertEquals(ann.heard("orderUpdate"), []);
  },

  async "a join with the last position gets what was missed"({ ann, bob, ...cast }) {
    await joinBoth({ ann, bob, ...cast });
    const { message } = await ann.ask("sendMessage", { conversationId, content: "1" });
    await bob.ask("leaveConversation", { conversationId });
    for (const content of ["2", "3"]) await ann.ask("sendMessage", { conversationId, content });
    const back = await bob.ask("joinConversation", { conversationId, since: message.position });
    assertEquals([back.recovered, back.messages.map((each: { content: string }) => each.content)], [true, ["2", "3"]]);
  },

  async "a user in two tabs joins and leaves once"({ ann, bob, clients, ...cast }) {
    await joinBoth({ ann, bob, clients, ...cast });
    const tab = await clients.connect("bob");
    await tab.ask("joinConversation", { conversationId });
    bob.close();
    await ann.settle();
    assertEquals([ann.heard("userJoined").length, ann.heard("userLeft").length], [1, 0]);
    tab.close();
    assertEquals(await ann.hear("userLeft"), { userId: "bob", conversationId, total: 1, announcing: true });
  },
};

for (const [way, transports] of Object.entries(TRANSPORTS)) {
  for (const [name, play] of Object.entries(SCENES)) {
    test(`${way}: ${name}`, SLOW, async () => {
      await using server = await TestServer.open();
      server.parley.on("settle", () => true);
      await using clients = new SocketioClients(server, { transports });
      const [ann, bob] = await Promise.all([clients.connect("ann"), clients.connect("bob")]);
      await play({ server, clients, ann, bob });
    });
  }

  test(`${way}: it ends up on the transport it asked for`, SLOW, async () => {
    await using server = await TestServer.open();
    await using clients = new SocketioClients(server, { transports });
    const client = await clients.connect("ann");
    await eventually(() => client.transport === transports.at(-1));
    await client.ask("joinConversation", { conversationId });
  });
}
