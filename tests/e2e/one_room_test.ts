/**
 * Clients of four dialects in one room: every row of what they see of each other.
 */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { JOIN, type JsonClient, type JsonFrame, TestServer } from "./test_server.ts";

const ROOM = "thread:1";
const SLOW = { timeout: 20_000 };

interface Cast {
  envelope: JsonClient;
  kebab: JsonClient;
  snake: JsonClient;
  plain: JsonClient;
}

async function cast(server: TestServer): Promise<Cast> {
  const clients = {
    envelope: await server.envelope("eve", { name: "Eve" }),
    kebab: await server.kebab("kim", { name: "Kim" }),
    snake: await server.snake("sam", { name: "Sam" }),
    plain: await server.plain("pat", { name: "Pat" }),
  };
  for (const [dialect, client] of Object.entries(clients)) await client.ask(...JOIN[dialect]!(ROOM));
  return clients;
}

/** What each dialect sees of a message with this text by this user. */
function seen(text: string, by: { user: string; name: string }): Record<keyof Cast, JsonFrame> {
  const { user, name } = by;
  return {
    envelope: { type: "message", room: ROOM, data: { text }, user_id: user, username: name },
    kebab: { type: "message", roomId: ROOM, message: text, userId: user, username: name },
    snake: { type: "new_message", roomId: ROOM, content: text, sender_user_id: user, sender_name: name },
    plain: { type: "message", room: ROOM, content: text, user_id: user, username: name },
  };
}

test("a message of any dialect reaches all dialects, the sender included", SLOW, async () => {
  await using server = await TestServer.open();
  const clients = await cast(server);
  const sendings: [keyof Cast, string, JsonFrame][] = [
    ["envelope", "eve", { type: "message", id: "m1", room: ROOM, data: { text: "from envelope" } }],
    ["kebab", "kim", { type: "message", roomId: ROOM, message: "from kebab" }],
    ["snake", "sam", { type: "message", roomId: ROOM, content: "from snake" }],
    ["plain", "pat", { type: "message", room: ROOM, content: "from plain" }],
  ];
  for (const [dialect, user, frame] of sendings) {
    const name = user[0]!.toUpperCase() + user.slice(1);
    const expected = seen(`from ${dialect}`, { user, name });
    const heard = Object.entries(clients).map(([each, client]) => client.hear(expected[each as keyof Cast]));
    clients[dialect].say(frame);
    const [envelope, kebab, snake, plain] = await Promise.all(heard);
    assertEquals(kebab!.id, snake!.id);
    assertEquals(kebab!.id, plain!.id);
    assertEquals(envelope!.message_id, kebab!.id);
    assertEquals(envelope!.position, kebab!.position);
    assertEquals(Math.floor(Number(snake!.timestamp) / 1000), plain!.timestamp);
    assertEquals(new Date(String(kebab!.timestamp)).getTime(), snake!.timestamp);
  }
  for (const client of Object.values(clients)) await client.settle();
  assertEquals(clients.plain.heard({ type: "message" }).length, 4);
  assertEquals(clients.envelope.heard({ type: "message", id: "m1" }).length, 1);
});

test(
  "typing reaches the others in their shapes, stops by itself on disconnect, and is never echoed",
  SLOW,
  async () => {
    await using server = await TestServer.open();
    const { envelope, kebab, snake, plain } = await cast(server);
    snake.say({ type: "typing_start", roomId: ROOM });
    await kebab.hear({ type: "typing-start", roomId: ROOM, userId: "sam" });
    await envelope.hear({ type: "custom_event", room: ROOM, data: { event: "typing_start", user_id: "sam" } });
    await snake.settle();
    assertEquals(snake.heard({ type: "typing_start" }), []);
    snake.close();
    await kebab.hear({ type: "typing-stop", roomId: ROOM, userId: "sam" });
    await envelope.hear({ type: "custom_event", room: ROOM, data: { event: "typing_stop", user_id: "sam" } });
    await plain.settle();
    assertEquals(plain.heard({ type: "typing_start" }), []);
  },
);

test("reactions reach everybody, the sender included, with the sender's own id", SLOW, async () => {
  await using server = await TestServer.open();
  const { envelope, kebab, snake } = await cast(server);
  kebab.say({ type: "reaction", roomId: ROOM, messageId: "x", emoji: "👍", userId: "mallory", clientId: "mallory" });
  await envelope.hear({
    type: "custom_event",
    data: { event: "reaction", message_id: "x", emoji: "👍", action: "added" },
  });
  await snake.hear({ type: "reaction", roomId: ROOM, messageId: "x", emoji: "👍", userId: "kim" });
  await kebab.hear({ type: "reaction", roomId: ROOM, messageId: "x", emoji: "👍", userId: "kim" });
});

test("joins and leaves are told per connection to envelope and kebab, per user to snake and plain", SLOW, async () => {
  await using server = await TestServer.open();
  const { envelope, kebab, snake, plain } = await cast(server);
  const first = await server.snake("zoe");
  await first.ask({ type: "join_room", roomId: ROOM }, { type: "user_joined", userId: "zoe" });
  const second = await server.kebab("zoe");
  const joined = await second.ask({ type: "join-room", roomId: ROOM }, { type: "room-joined", roomId: ROOM });
  assertEquals(joined.total, 6);
  for (const client of [envelope, kebab, snake, plain]) await client.settle();
  assertEquals(envelope.heard({ type: "room_update", data: { action: "member_joined", user_id: "zoe" } }).length, 2);
  assertEquals(kebab.heard({ type: "user-joined", userId: "zoe" }).length, 2);
  assertEquals(snake.heard({ type: "user_joined", userId: "zoe" }).length, 1);
  assertEquals(plain.heard({ type: "join", user_id: "zoe" }).length, 1);
  second.say({ type: "leave-room", roomId: ROOM });
  await second.hear({ type: "room-left", roomId: ROOM });
  first.close();
  await snake.hear({ type: "user_left", roomId: ROOM, userId: "zoe" });
  await plain.hear({ type: "leave", room: ROOM, user_id: "zoe" });
  for (const client of [envelope, kebab, snake, plain]) await client.settle();
  assertEquals(envelope.heard({ type: "room_update", data: { action: "member_left", user_id: "zoe" } }).length, 2);
  assertEquals(kebab.heard({ type: "user-left" }).length, 2);
  assertEquals(snake.heard({ type: "user_left", userId: "zoe" }).length, 1);
});

test("a guest who authenticates inside a room leaves and joins for per-user dialects only", SLOW, async () => {
  await using server = await TestServer.open();
  const { envelope, kebab, snake } = await cast(server);
  const guest = await server.kebab();
  const [{ clientId: guestId }] = guest.heard({ type: "connected" }) as [JsonFrame];
  await guest.ask(...JOIN.kebab!(ROOM));
  await snake.hear({ type: "user_joined", roomId: ROOM, userId: guestId });
  await envelope.settle();
  const before = [envelope.heard({ type: "room_update" }).length, kebab.heard({ type: "user-joined" }).length];
  guest.say({ type: "authenticate", token: await server.token("gus") });
  await snake.hear({ type: "user_left", roomId: ROOM, userId: guestId });
  await snake.hear({ type: "user_joined", roomId: ROOM, userId: "gus" });
  await envelope.settle();
  await kebab.settle();
  assertEquals([envelope.heard({ type: "room_update" }).length, kebab.heard({ type: "user-joined" }).length], before);
});

test("server events reach every dialect in its own shape", SLOW, async () => {
  await using server = await TestServer.open();
  const { envelope, kebab, snake, plain } = await cast(server);
  await server.parley.sendToRoom(ROOM, { type: "deploy", data: { message: "soon", build: 7 } });
  await envelope.hear({ type: "deploy", room: ROOM, data: { message: "soon", build: 7 } });
  await kebab.hear({ type: "deploy", roomId: ROOM, data: { message: "soon", build: 7 } });
  await snake.hear({ type: "deploy", roomId: ROOM, data: { message: "soon", build: 7 } });
  await plain.hear({ type: "deploy", room: ROOM, content: "soon" });
});
