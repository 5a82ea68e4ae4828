/**
 * Messages over REST: publishing as a user and as the application's backend, repeats, rates, and reading the history.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { ADMIN_KEY, assertError, call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import { eventually } from "../waiting.ts";
import { JOIN, type JsonFrame, type TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };
const ROOM = "thread:1";
const PATH = `/api/chat/rooms/${ROOM}/messages`;

async function post(server: TestServer, user: string, body: unknown, headers?: Record<string, string>) {
  return await call(server, `POST ${PATH}`, { bearer: await server.token(user), body, headers });
}

test("a user's message reaches every dialect in its own shape, from the user and nobody else", SLOW, async () => {
  await using server = await openHttpServer();
  const clients = {
    envelope: await server.envelope("eve"),
    kebab: await server.kebab("kim"),
    snake: await server.snake("sam"),
    plain: await server.plain("pat"),
  };
  for (const [dialect, client] of Object.entries(clients)) await client.ask(...JOIN[dialect]!(ROOM));
  const { status, body } = await post(server, "ann", {
    content: "hello",
    attachments: [{ url: "a.png" }],
    reply_to: "m0",
    ...{ id: "forged", timestamp: 1, sender_user_id: "mallory", sender_name: "Mallory", from: "x", type: "odd" },
  });
  assertEquals([status, Object.keys(body).sort()], [201, ["id", "position", "timestamp"]]);
  assert(body.id !== "forged" && Math.abs(Date.now() - Number(body.timestamp)) < 60_000);
  const { id, timestamp } = body;
  await clients.snake.hear({
    ...{ type: "new_message", id, timestamp, roomId: ROOM, content: "hello", attachments: [{ url: "a.png" }] },
    ...{ reply_to: "m0", sender_user_id: "ann", sender_name: "ann", sender_client_id: "server" },
  });
  await clients.envelope.hear({ type: "message", id, from: "server", user_id: "ann", data: { text: "hello" } });
  await clients.kebab.hear({ type: "message", id, from: "server", userId: "ann", message: "hello" });
  await clients.plain.hear({ type: "message", id, user_id: "ann", content: "hello" });
});

test("the backend's word about id, time and sender is published as given", SLOW, async () => {
  await using server = await openHttpServer();
  const sam = await server.snake("sam");
  await sam.ask(...JOIN.snake!(ROOM));
  const timestamp = Date.parse("2026-01-02T03:04:05.678Z");
  const given = { content: "stored", id: "row-7", sender_user_id: 42, sender_name: "Ann" };
  for (const time of [timestamp, "2026-01-02T03:04:05.678Z"]) {
    const { status, body } = await callAsAdmin(server, `POST ${PATH}`, { body: { ...given, timestamp: time } });
    assertEquals([status, body.id, body.timestamp], [201, "row-7", timestamp]);
    await sam.hear({ type: "new_message", id: "row-7", timestamp, sender_user_id: 42, sender_name: "Ann" });
  }
  assertEquals((await callAsAdmin(server, `POST ${PATH}`, { body: { content: "bare" } })).status, 201);
  await sam.hear({ type: "new_message", content: "bare", sender_user_id: "server", sender_name: "server" });
  const odd = [{ timestamp: "soon" }, { timestamp: {} }, { id: "" }, { id: {} }, { sender_user_id: [] }];
  for (const wrong of odd) {
    const body = { content: "x", ...wrong };
    assertError(await callAsAdmin(server, `POST ${PATH}`, { body }), [400, "bad_message"]);
  }
});

test("a repeat with the same key is answered by the first one and delivered once", SLOW, async () => {
  await using server = await openHttpServer();
  const ann = await server.snake("ann");
  await ann.ask(...JOIN.snake!(ROOM));
  const key = { "idempotency-key": "k1" };
  const first = (await post(server, "ann", { content: "once" }, key)).body;
  assertEquals(first.duplicate, undefined);
  await eventually(() => Date.now() > Number(first.timestamp));
  const again = await post(server, "ann", { content: "once" }, key);
  assertEquals([again.status, again.body], [201, { ...first, duplicate: true }]);
  ann.say({ type: "message", roomId: ROOM, content: "once", clientMessageId: "k1" });
  assertEquals((await ann.hear({ type: "message_ack", clientMessageId: "k1" })).id, first.id);
  const other = (await post(server, "ann", { content: "other" }, key)).body;
  assert(other.id !== first.id && !other.duplicate);
  const ofBob = (await post(server, "bob", { content: "once" }, key)).body;
  assert(ofBob.id !== first.id);
  await ann.settle();
  assertEquals(ann.heard({ type: "new_message" }).map(({ id }) => id), [first.id, other.id, ofBob.id]);
  assertError(await post(server, "ann", { content: "x" }, { "idempotency-key": "k".repeat(200) }), [
    400,
    "bad_message",
  ]);
});

test("publishing takes a credential, the right to join, and something to say", SLOW, async () => {
  const rooms = [
    { match: "closed:*", join: "nobody" },
    { match: "read:*", join: "anyone", publish: "nobody" },
  ] as const;
  await using server = await openHttpServer({
    rooms: [...rooms],
    websocketMaxMessageBytes: 2000,
    websocketMaxBufferedBytes: 100_000,
  });
  const bearer = await server.token("ann", { groups: ["fleet"] });
  const into = (room: string, body: unknown = { content: "x" }) =>
    call(server, `POST /api/chat/rooms/${encodeURIComponent(room)}/messages`, { bearer, body });
  assertError(await call(server, `POST ${PATH}`, { body: { content: "x" } }), [401, "unauthorized"]);
  assertError(await call(server, `POST ${PATH}`, { bearer: "bad", body: { content: "x" } }), [401, "unauthorized"]);
  assertError(await call(server, `POST ${PATH}?token=${bearer}`, { body: { content: "x" } }), [401, "unauthorized"]);
  for (const room of ["closed:1", "read:1", "user:ann", "user:bob", "presence:bob", "group:other"]) {
    assertError(await into(room), [403, "forbidden"]);
  }
  assertEquals((await into("group:fleet")).status, 201);
  for (const body of [{}, { content: 7 }, "[]", "{", { content: null }]) {
    assertError(await into(ROOM, body), [400, "bad_message"]);
  }
  assertError(await into("*"), [400, "bad_message"]);
  assertError(await into(ROOM, { content: "x".repeat(3000) }), [413, "too_large"]);
});

test("a body without a length is cut off where it is too large", SLOW, async () => {
  await using server = await openHttpServer({ websocketMaxMessageBytes: 2000, websocketMaxBufferedBytes: 100_000 });
  const send = async (length: number) => {
    const text = JSON.stringify({ content: "x".repeat(length) });
    const stream = new Blob([text]).stream();
    const headers = { authorization: `Bearer ${await server.token("ann")}` };
    const init = { method: "POST", headers, body: stream, duplex: "half" };
    const response = await fetch(server.url(PATH), init as RequestInit);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await send(100), 201);
  assertEquals(await send(5000), 413);
});

test("a user may publish at the rate of a connection; others are not slowed down by it", SLOW, async () => {
  await using server = await openHttpServer({ websocketMessageRate: 1, websocketMessageBurst: 3 });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await post(server, "ann", { content: "x" })).status);
  assertEquals(statuses, [201, 201, 201, 429]);
  const refused = await post(server, "ann", { content: "x" });
  assertError(refused, [429, "rate_limited"]);
  assert(Number(refused.body.retryAfter) > 0);
  assertEquals((await post(server, "bob", { content: "x" })).status, 201);
  for (let i = 0; i < 5; i++) {
    assertEquals((await callAsAdmin(server, `POST ${PATH}`, { body: { content: "x" } })).status, 201);
  }
});

test("a user may publish so many bytes, as over a connection; others are not slowed down by it", SLOW, async () => {
  await using server = await openHttpServer({ websocketByteRate: 1000 });
  const content = "x".repeat(60_000);
  for (let i = 0; i < 17; i++) assertEquals((await post(server, "ann", { content })).status, 201);
  const refused = await post(server, "ann", { content });
  assertError(refused, [429, "rate_limited"]);
  assert(Number(refused.body.retryAfter) > 0 && Number(refused.body.retryAfter) <= 60_000);
  assertEquals((await post(server, "bob", { content })).status, 201);
});

test("the history is read in pages, backwards, forwards and by who may", SLOW, async () => {
  await using server = await openHttpServer({
    rooms: [{ match: "closed:*", join: "nobody" }, { match: "bare:*", history: false }],
  });
  const bearer = await server.token("ann");
  for (let i = 1; i <= 7; i++) await post(server, "ann", { content: `m${i}` });
  const read = async (query: string) => (await call(server, `GET ${PATH}${query}`, { bearer })).body;
  const texts = ({ messages }: JsonFrame) => (messages as JsonFrame[]).map(({ content }) => content);
  const newest = await read("?limit=3");
  assertEquals([texts(newest), newest.more], [["m5", "m6", "m7"], true]);
  const [first] = newest.messages as JsonFrame[];
  const { epoch, offset } = first!.position as { epoch: string; offset: number };
  assertEquals([first!.type, first!.roomId, first!.sender_user_id, offset], ["new_message", ROOM, "ann", 5]);
  assertEquals(newest.position, { epoch, offset: 7 });
  const older = await read(`?before=${epoch}:5&limit=3`);
  assertEquals([texts(older), older.more], [["m2", "m3", "m4"], true]);
  const oldest = await read(`?before=${epoch}:2`);
  assertEquals([texts(oldest), oldest.more], [["m1"], false]);
  assertEquals([older.recovered, newest.recovered], [true, undefined]);
  const forward: unknown[] = [];
  for (let page: JsonFrame = { more: true }, since = 2; page.more; since += 2) {
    page = await read(`?since=${epoch}:${since}&limit=2`);
    forward.push([texts(page), page.recovered]);
  }
  assertEquals(forward, [[["m3", "m4"], true], [["m5", "m6"], true], [["m7"], true]]);
  const end = await read(`?since=${epoch}:7`);
  assertEquals([texts(end), end.recovered, end.more], [[], true, false]);
  const over = await read("?since=gone:5&limit=2");
  assertEquals([texts(over), over.recovered, over.more], [["m6", "m7"], false, true]);
  const lost = await read("?before=gone:5");
  assertEquals([texts(lost), lost.recovered, lost.more], [[], false, false]);
  assertEquals(texts(await read("?limit=5000")).length, 7);
  for (const query of ["?before=x", "?before=x:y", "?limit=0", `?before=${epoch}:2&since=${epoch}:1`]) {
    assertError(await call(server, `GET ${PATH}${query}`, { bearer }), [400, "bad_message"]);
  }
  assertError(await call(server, `GET ${PATH}`), [401, "unauthorized"]);
  assertError(await call(server, "GET /api/chat/rooms/closed:1/messages", { bearer }), [403, "forbidden"]);
  assertEquals((await call(server, "GET /api/chat/rooms/bare:1/messages", { bearer })).body, {
    messages: [],
    more: false,
  });
  assertEquals((await callAsAdmin(server, "GET /api/chat/rooms/closed:1/messages")).status, 200);
});

test("the program's hooks are asked about REST as they are about frames", SLOW, async () => {
  await using server = await openHttpServer({
    hooks: {
      onJoin: ({ userId }, room) => room !== "vip" || userId === "ann",
      onMessage: ({ userId }, { data }) => {
        const { text } = data as { text: string };
        return text === "spam" ? false : { data: { text: `${userId}: ${text}` } };
      },
    },
  });
  const into = async (room: string, user: string, content: string) =>
    await call(server, `POST /api/chat/rooms/${room}/messages`, {
      bearer: await server.token(user),
      body: { content },
    });
  assertError(await into("vip", "bob", "hi"), [403, "forbidden"]);
  assertError(await into("vip", "ann", "spam"), [403, "forbidden"]);
  assertEquals((await into("vip", "ann", "hi")).status, 201);
  const read = async (user: string) =>
    await call(server, "GET /api/chat/rooms/vip/messages", { bearer: await server.token(user) });
  assertError(await read("bob"), [403, "forbidden"]);
  assertEquals(
    (await read("ann")).body.messages,
    (await callAsAdmin(server, "GET /api/chat/rooms/vip/messages")).body.messages,
  );
  assertEquals(((await read("ann")).body.messages as JsonFrame[])[0]!.content, "ann: hi");
});

test("reading history is under a rate per address, the backend's aside", SLOW, async () => {
  await using server = await openHttpServer({ historyReadRate: 2, trustProxy: 1 });
  const [ann, bob] = [await server.token("ann"), await server.token("bob")];
  const read = (bearer: string, from: string) =>
    call(server, "GET /api/chat/rooms/x/messages", { bearer, headers: { "x-forwarded-for": from } });
  const answers = await Promise.all(Array.from({ length: 30 }, () => read(ann, "192.0.2.1")));
  const refused = answers.filter(({ status }) => status === 429);
  assert(refused.length > 0 && refused.length < 30);
  assertError(refused[0]!, [429, "rate_limited"]);
  assert(Number(refused[0]!.headers.get("retry-after")) >= 1);
  assertEquals((await read(bob, "192.0.2.1")).status, 429);
  assertEquals((await read(ann, "192.0.2.2")).status, 200);
  assertEquals((await read(ADMIN_KEY, "192.0.2.1")).status, 200);
  await using open = await openHttpServer({ historyReadRate: 0 });
  const all = await Promise.all(
    Array.from({ length: 60 }, () => call(open, "GET /api/chat/rooms/x/messages", { bearer: ann })),
  );
  assertEquals(all.filter(({ status }) => status !== 200), []);
});

test("what a join's verdict makes of a user holds over REST, too, and gives nobody else a right", SLOW, async () => {
  await using server = await openHttpServer({
    hooks: {
      onJoin: ({ userId }, room) => {
        if (room === "masked" && userId === "kim") return { member: { user: "bob", name: "Somebody" } };
        if (room === "quiet") return { publish: userId === "ann" };
        return room === "masked" && userId !== "ann" ? false : true;
      },
    },
  });
  const into = async (room: string, user: string) =>
    await call(server, `POST /api/chat/rooms/${room}/messages`, {
      bearer: await server.token(user),
      body: { content: `of ${user}` },
    });
  const kim = await server.snake("kim");
  await kim.ask({ type: "join_room", roomId: "masked" }, { type: "online_update", online: ["bob"] });
  assertEquals((await into("masked", "kim")).status, 201);
  const shown = await kim.hear({ type: "new_message", content: "of kim" });
  assertEquals([shown.sender_user_id, shown.sender_name], ["bob", "Somebody"]);
  assertError(await into("quiet", "kim"), [403, "forbidden"]);
  assertEquals((await into("quiet", "ann")).status, 201);
  // The room shows a bob, but that is not him.
  assertError(await into("masked", "bob"), [403, "forbidden"]);
  const bearer = await server.token("bob");
  assertError(await call(server, "GET /api/chat/rooms/masked/messages", { bearer }), [403, "forbidden"]);
});

test("who may only listen in a room cannot speak there over REST once the program lets in nobody", SLOW, async () => {
  let isOpen = true;
  await using server = await openHttpServer({ hooks: { onJoin: () => isOpen && { publish: false } } });
  const ann = await server.snake("ann");
  await ann.ask({ type: "join_room", roomId: "club" }, { type: "online_update" });
  isOpen = false;
  const bearer = await server.token("ann");
  assertError(await call(server, "POST /api/chat/rooms/club/messages", { bearer, body: { content: "hi" } }), [
    403,
    "forbidden",
  ]);
});

test("who is in a room stays in over REST while the program lets in nobody else", SLOW, async () => {
  let isOpen = true;
  await using server = await openHttpServer({ hooks: { onJoin: () => isOpen } });
  const ann = await server.snake("ann");
  await ann.ask({ type: "join_room", roomId: "club" }, { type: "online_update" });
  isOpen = false;
  const read = async (user: string) =>
    await call(server, "GET /api/chat/rooms/club/messages", { bearer: await server.token(user) });
  assertEquals((await read("ann")).status, 200);
  assertError(await read("bob"), [403, "forbidden"]);
});
