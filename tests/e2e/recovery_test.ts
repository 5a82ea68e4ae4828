/**
 * History and recovery: a client that comes back with its position gets every missed message once and in order, or is
 * told that it cannot.
 */
import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import { JOIN, type JsonClient, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };
const ROOM = "log";

interface Position {
  epoch: string;
  offset: number;
}

function join(client: JsonClient, since?: Position): Promise<JsonFrame> {
  return client.ask({ type: "join-room", roomId: ROOM, since }, { type: "room-joined", roomId: ROOM });
}

async function publish(server: TestServer, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await server.parley.publish(ROOM, { text: String(n) });
}

function textsOf(joined: JsonFrame): string[] {
  return (joined.messages as JsonFrame[]).map((message) => String(message.message));
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => String(from + n));
}

test("a rejoin with its position gets what it missed, once and in order", SLOW, async () => {
  await using server = await TestServer.open();
  const first = await server.kebab();
  const { position } = await join(first);
  await publish(server, 1, 3);
  await first.hear({ type: "message", message: "3" });
  first.close();
  await publish(server, 4, 20);
  const second = await server.kebab();
  const joined = await join(second, { ...position as Position, offset: 3 });
  assertEquals(joined.recovered, true);
  assertEquals(textsOf(joined), numbers(4, 20));
  assertEquals((joined.position as Position).offset, 20);
  await publish(server, 21, 21);
  const live = await second.hear({ type: "message" });
  assertEquals([live.message, (live.position as Position).offset], ["21", 21]);
});

test("at the newest position there is nothing to recover, and that is said", SLOW, async () => {
  await using server = await TestServer.open();
  const client = await server.kebab();
  const { position } = await join(client);
  await client.ask({ type: "leave-room", roomId: ROOM }, { type: "room-left" });
  const joined = await join(client, position as Position);
  assertEquals([joined.recovered, joined.messages], [true, []]);
});

test(
  "another epoch, a position ahead, and more than history holds are not recovered, with the newest",
  SLOW,
  async () => {
    await using server = await TestServer.open({ rooms: [{ match: "*", history: { size: 10, ttl: "1h" } }] });
    await publish(server, 1, 30);
    const client = await server.kebab();
    const { position } = await join(client) as { position: Position };
    const cases: Position[] = [{ epoch: "other", offset: 30 }, { ...position, offset: 31 }, { ...position, offset: 5 }];
    for (const since of cases) {
      await client.ask({ type: "leave-room", roomId: ROOM }, { type: "room-left" });
      const joined = await join(client, since);
      assertEquals([joined.recovered, joined.position], [false, position]);
      assertEquals(textsOf(joined), numbers(21, 30));
    }
    await client.ask({ type: "leave-room", roomId: ROOM }, { type: "room-left" });
    assertEquals(textsOf(await join(client, { ...position, offset: 20 })), numbers(21, 30));
  },
);

test("at most 300 messages are replayed", SLOW, async () => {
  await using server = await TestServer.open({ rooms: [{ match: "*", history: { size: 1000, ttl: "1h" } }] });
  await publish(server, 1, 400);
  const client = await server.kebab();
  const { position } = await join(client) as { position: Position };
  await client.ask({ type: "leave-room", roomId: ROOM }, { type: "room-left" });
  const much = await join(client, { ...position, offset: 99 });
  assertEquals([much.recovered, textsOf(much)], [false, numbers(101, 400)]);
  await client.ask({ type: "leave-room", roomId: ROOM }, { type: "room-left" });
  const enough = await join(client, { ...position, offset: 100 });
  assertEquals([enough.recovered, textsOf(enough).length], [true, 300]);
});

test("a replay never fills more than half of what a connection may buffer", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxMessageBytes: 16_384, websocketMaxBufferedBytes: 65_536 });
  for (let n = 1; n <= 20; n++) await server.parley.publish(ROOM, { text: `${n} ${"x".repeat(4000)}` });
  const client = await server.kebab();
  const { position } = await join(client) as { position: Position };
  await client.ask({ type: "leave-room", roomId: ROOM }, { type: "room-left" });
  const joined = await join(client, { ...position, offset: 0 });
  assertEquals(joined.recovered, false);
  const texts = textsOf(joined);
  assert(texts.length >= 6 && texts.length <= 8, `${texts.length} messages`);
  assertEquals(texts.at(-1)!.slice(0, 2), "20");
});

test("joiners under a flow of messages see neither gap nor double", SLOW, async () => {
  await using server = await TestServer.open({ rooms: [{ match: "*", history: { size: 1000, ttl: "1h" } }] });
  const first = await server.kebab();
  const { position } = await join(first) as { position: Position };
  const joiners = await Promise.all(Array.from({ length: 10 }, () => server.kebab()));
  const joins: Promise<JsonFrame>[] = [];
  for (let n = 1; n <= 200; n++) {
    first.say({ type: "message", roomId: ROOM, message: String(n) });
    if (n % 20 === 0) joins.push(join(joiners[n / 20 - 1]!, position));
  }
  const joined = await Promise.all(joins);
  await first.settle();
  for (const [index, joiner] of joiners.entries()) {
    await joiner.settle();
    const texts = [
      ...textsOf(joined[index]!),
      ...joiner.heard({ type: "message" }).map((frame) => String(frame.message)),
    ];
    assertEquals(texts, numbers(1, 200));
  }
});

test("each dialect gets its own history in its own shape", SLOW, async () => {
  await using server = await TestServer.open();
  await publish(server, 1, 2);
  const snake = await server.snake("sam");
  const joined = await snake.ask({ type: "join_room", roomId: ROOM, since: { epoch: "x", offset: 0 } }, {
    type: "online_update",
  });
  assertEquals((joined.messages as JsonFrame[]).map((frame) => [frame.type, frame.content]), [["new_message", "1"], [
    "new_message",
    "2",
  ]]);
  const envelope = await server.envelope("eve");
  const page = await envelope.ask({ type: "system", id: "h", data: { action: "history", room: ROOM, limit: 1 } }, {
    id: "h",
  });
  const { messages, position } = page.data as { messages: JsonFrame[]; position: Position };
  assertEquals(messages.map((frame) => frame.data), [{ text: "2" }]);
  const before = await envelope.ask(
    { type: "system", id: "b", data: { action: "history", room: ROOM, before: { ...position, offset: 2 } } },
    { id: "b" },
  );
  assertEquals((before.data as { messages: JsonFrame[] }).messages.map((frame) => frame.data), [{ text: "1" }]);
});

test("a client pages history forward to its end, and is told when it cannot", SLOW, async () => {
  await using server = await TestServer.open();
  await publish(server, 1, 7);
  const { epoch } = (await join(await server.kebab())).position as Position;
  const envelope = await server.envelope("eve");
  const history = async (query: Record<string, unknown>) => {
    const id = JSON.stringify(query);
    const data = { action: "history", room: ROOM, limit: 2, ...query };
    const { messages, recovered, more } = (await envelope.ask({ type: "system", id, data }, { id })).data as JsonFrame;
    return [(messages as JsonFrame[]).map(({ data }) => Number((data as JsonFrame).text)), recovered, more];
  };
  assertEquals(await history({ since: { epoch, offset: 2 } }), [[3, 4], true, true]);
  assertEquals(await history({ since: { epoch, offset: 5 } }), [[6, 7], true, false]);
  assertEquals(await history({ since: { epoch, offset: 7 } }), [[], true, false]);
  assertEquals(await history({ since: { epoch: "over", offset: 5 } }), [[6, 7], false, true]);
  assertEquals(await history({ before: { epoch: "over", offset: 5 } }), [[], false, false]);
});

test("the least recently used history goes when the node's bound is reached, and its epoch with it", SLOW, async () => {
  await using server = await TestServer.open({ historyMaxBytes: 200_000 });
  const client = await server.kebab();
  const { position: old } = await join(client) as { position: Position };
  await publish(server, 1, 3);
  for (let room = 0; room < 100; room++) {
    for (let n = 0; n < 5; n++) await server.parley.publish(`other ${room}`, { text: "x".repeat(1000) });
  }
  await client.ask({ type: "leave-room", roomId: ROOM }, { type: "room-left" });
  const joined = await join(client, old);
  assertEquals(joined.recovered, false);
  assertNotEquals((joined.position as Position).epoch, old.epoch);
});

test(
  "a page of messages of any size fits into one reply, and the next goes on from there",
  SLOW,
  async () => {
    await using server = await TestServer.open({ websocketMaxBufferedBytes: 262_144, historyRoomBytes: 8_000_000 });
    // Half of what may be unsent: four of these fit beside each other, and not a fifth.
    const text = (n: number) => `${n}`.padEnd(30_000, ".");
    for (let n = 1; n <= 30; n++) await server.parley.publish(ROOM, { text: text(n) });
    const client = await server.envelope("eve");
    await client.ask(...JOIN.envelope!(ROOM));
    const seen: number[] = [];
    let since: Position | undefined;
    for (let page = 0; page < 10; page++) {
      const id = `h${page}`;
      const data = { action: "history", room: ROOM, limit: 100, ...(since ? { since } : {}) };
      const reply = await client.ask({ type: "system", id, data }, { id });
      assertLess(JSON.stringify(reply).length, 135_000);
      const { messages, position, more } = reply.data as JsonFrame;
      const offsets = (messages as JsonFrame[]).map((each) => (each.position as Position).offset);
      if (!since) assertEquals([offsets, more], [[27, 28, 29, 30], true]);
      else seen.push(...offsets);
      since = { epoch: (position as Position).epoch, offset: seen.at(-1) ?? 0 };
    }
    assertEquals(seen, Array.from({ length: 30 }, (_, n) => n + 1));
    const stale = await client.ask(
      { type: "system", id: "again", data: { action: "join", room: ROOM, since: { epoch: "over", offset: 1 } } },
      { id: "again" },
    );
    assertLess(JSON.stringify(stale).length, 135_000);
    const { recovered, messages } = stale.data as JsonFrame;
    assertEquals([recovered, (messages as JsonFrame[]).length], [false, 4]);
    const headers = { authorization: `Bearer ${await server.token("eve")}` };
    const response = await fetch(server.url(`/api/chat/rooms/${ROOM}/messages?limit=100`), { headers });
    const body = await response.text();
    assertLess(body.length, 135_000);
    assertEquals([JSON.parse(body).messages.length, JSON.parse(body).more], [4, true]);
  },
);
