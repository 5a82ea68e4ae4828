/**
 * The book of presence: one question for many users and many followers, asked again where that helps.
 */
import { test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { presenceOf } from "../../src/client/presence.ts";
import type { FakeSocket } from "./fake_platform.ts";
import { settled } from "./fake_platform.ts";
import { openClient } from "./fixture.ts";

const asked = (socket: FakeSocket, action = "subscribe_presence") =>
  socket.sent.filter(({ data }) => data.action === action).map(({ data }) => data.userIds as string[]);

test("one question for many followers, said again after a reconnect", async () => {
  const { client, platform } = await openClient();
  const book = presenceOf(client);
  assertStrictEquals(presenceOf(client), book);
  const stop = [book.follow("u2"), book.follow("u2")];
  await settled();
  assertEquals(asked(platform.socket), [["u2"]]);
  platform.socket.say({ type: "system", data: { states: [{ userId: "u2", status: "online" }] } });
  assertEquals(book.of("u2")?.status, "online");
  platform.socket.say({ type: "message", room: "lobby", data: { userId: "u2", status: "forged" } });
  assertEquals(book.of("u2")?.status, "online", "a message is no presence");
  platform.socket.say({ type: "presence", data: { userId: "u2", status: "busy" } });
  assertEquals(book.of("u2")?.status, "busy");
  book.set("away", { note: "lunch" }).catch(() => undefined);
  assertEquals(platform.socket.last("presence").data, { status: "away", metadata: { note: "lunch" } });
  platform.socket.drop();
  await platform.advance(1000);
  platform.socket.greet("c2");
  assertEquals(platform.socket.sent.map((frame) => frame.data.action ?? frame.data.status), [
    "away",
    "subscribe_presence",
  ]);
  for (const end of stop) end();
  await settled();
  assertEquals(asked(platform.socket, "unsubscribe_presence"), [["u2"]]);
});

test("all follows of one turn are one frame, and who changes his mind in it asks nothing", async () => {
  const { client, platform } = await openClient();
  const book = presenceOf(client);
  const users = Array.from({ length: 150 }, (_, n) => `u${n}`);
  const stops = users.map((user) => book.follow(user));
  book.follow("gone")();
  await settled();
  assertEquals(asked(platform.socket), [users]);
  stops[0]();
  book.follow("u0");
  await settled();
  assertEquals(platform.socket.sent.length, 1);
});

test("a release works once: the other follower keeps the user", async () => {
  const { client, platform } = await openClient();
  const book = presenceOf(client);
  const first = book.follow("u2");
  book.follow("u2");
  await settled();
  first();
  first();
  await settled();
  assertEquals(asked(platform.socket, "unsubscribe_presence"), []);
});

test("a refusal that will pass is no answer, any other is told and tried with the next change", async () => {
  const { client, platform, codes } = await openClient();
  const book = presenceOf(client);
  book.follow("u2");
  await settled();
  const refuse = (code: string, retryAfter?: number) => {
    const { id } = platform.socket.last("subscribe_presence");
    platform.socket.say({ type: "error", id: "e", data: { code, message: "Cannot", retryAfter, request: id } });
  };
  for (const code of ["rate_limited", "unavailable", "internal"]) {
    refuse(code, 700);
    await platform.advance(699);
    const before = asked(platform.socket).length;
    await platform.advance(1);
    assertEquals(asked(platform.socket).length, before + 1, code);
  }
  refuse("forbidden");
  await settled();
  assertEquals(codes(), ["forbidden"]);
  book.follow("u3");
  await settled();
  assertEquals(asked(platform.socket).at(-1), ["u2", "u3"]);
});

test("what is over the server's limit of follows hurts none below it", async () => {
  const { client, platform } = await openClient();
  const book = presenceOf(client);
  for (let n = 0; n < 150; n++) book.follow(`u${n}`);
  await settled();
  for (let n = 150; n < 260; n++) book.follow(`u${n}`);
  await settled();
  assertEquals(asked(platform.socket).map(({ length }) => length), [150, 50, 60]);
});

test("another user says and knows nothing of it; who is followed stays followed", async () => {
  const { client, platform } = await openClient({ token: "ann" });
  const book = presenceOf(client);
  book.set("busy").catch(() => undefined);
  book.follow("u2");
  platform.socket.say({ type: "presence", data: { userId: "u2", status: "busy" } });
  await client.setToken("bob");
  await settled();
  assertEquals([book.mine, book.of("u2")], [undefined, undefined]);
  platform.socket.greet("c2", 0, { user_id: "bob" });
  assertEquals(platform.socket.count("presence"), 0);
  assertEquals(asked(platform.socket), [["u2"]]);
});
