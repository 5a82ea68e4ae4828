/**
 * The admin API: who may use it, what it shows, what it sends, and whom it sends away.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { test } from "node:test";
import { ADMIN_KEY, assertError, call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import { JOIN, type JsonClient, type JsonFrame, type TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

/** Every route that is for admins only, with input that is valid. */
const ADMIN_ROUTES: [what: string, body?: unknown][] = [
  ["GET /websocket/connections"],
  ["GET /websocket/connections/x"],
  ["GET /websocket/rooms"],
  ["GET /websocket/rooms/x"],
  ["POST /websocket/broadcast", { type: "x" }],
  ["POST /websocket/rooms/x/message", { type: "x" }],
  ["POST /websocket/users/x/message", { type: "x" }],
  ["POST /websocket/connections/x/message", { type: "x" }],
  ["DELETE /websocket/connections/x"],
  ["POST /websocket/users/x/disconnect", {}],
  ["DELETE /websocket/rooms/x/members/y"],
  ["GET /metrics"],
];

async function joined(server: TestServer, user: string, room: string): Promise<JsonClient> {
  const client = await server.snake(user);
  await client.ask(...JOIN.snake!(room));
  return client;
}

test("without a credential 401, with one that is no admin's 403, with a wrong one 401", SLOW, async () => {
  await using server = await openHttpServer();
  const user = await server.token("ann", { roles: ["editor"] });
  for (const [what, body] of ADMIN_ROUTES) {
    const without = await call(server, what, { body });
    assertError(without, [401, "unauthorized"]);
    assertEquals(without.headers.get("www-authenticate"), "Bearer");
    assertError(await call(server, what, { body, bearer: user }), [403, "forbidden"]);
    assertError(await call(server, what, { body, headers: { cookie: `token=${user}` } }), [401, "unauthorized"]);
  }
  assertError(await call(server, "GET /websocket/rooms", { bearer: "nonsense" }), [401, "unauthorized"]);
  assertError(await call(server, "GET /websocket/rooms", { headers: { "x-api-key": "x" } }), [401, "unauthorized"]);
  const late = await server.token("ann", { roles: ["admin"], ttlMs: -60_000 });
  assertError(await call(server, "GET /websocket/rooms", { bearer: late }), [401, "token_expired"]);
});

test("the key is taken in either header, and a token with one of the roles too", SLOW, async () => {
  await using server = await openHttpServer();
  const bearer = await server.token("root", { roles: ["super_admin"] });
  const credentials = [{ bearer: ADMIN_KEY }, { headers: { "x-api-key": ADMIN_KEY } }, { bearer }];
  for (const credential of credentials) {
    assertEquals((await call(server, "GET /websocket/rooms", credential)).status, 200);
  }
  await using keyOnly = await openHttpServer({ adminRoles: [] });
  assertError(await call(keyOnly, "GET /websocket/rooms", { bearer }), [403, "forbidden"]);
});

test("without a key of the admins and without keys for tokens nothing is open", SLOW, async () => {
  await using server = await openHttpServer({ adminToken: undefined, jwtSecret: undefined, demo: true });
  const forged = await server.token("root", { roles: ["admin"] });
  for (const bearer of [forged, "undefined", ADMIN_KEY]) {
    assertError(await call(server, "GET /websocket/rooms", { bearer }), [401, "unauthorized"]);
  }
  const empty = await call(server, "GET /websocket/rooms", { headers: { authorization: "Bearer ", "x-api-key": "" } });
  assertError(empty, [401, "unauthorized"]);
});

test("connections are listed, filtered, paged and shown one by one", SLOW, async () => {
  await using server = await openHttpServer();
  await joined(server, "ann", "lobby");
  await joined(server, "ann", "attic");
  const guest = await server.kebab();
  const [{ clientId }] = guest.heard({ type: "connected" }) as [JsonFrame];
  const all = (await callAsAdmin(server, "GET /websocket/connections")).body;
  assertEquals([all.total, all.cursor, (all.connections as JsonFrame[]).length], [3, undefined, 3]);
  const ofAnn = (await callAsAdmin(server, "GET /websocket/connections?user_id=ann&room_id=lobby")).body;
  const [one] = ofAnn.connections as [JsonFrame];
  assertEquals(ofAnn.total, 1);
  assertEquals({ ...one, id: 0, created_at: 0, node: 0 }, {
    ...{ id: 0, user_id: "ann", name: "ann", dialect: "snake", rooms: ["user:ann", "lobby"] },
    ...{ created_at: 0, ip: "127.0.0.1", node: 0 },
  });
  assertMatch(String(one.created_at), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assertEquals((await callAsAdmin(server, `GET /websocket/connections/${one.id}`)).body, one);
  const ofGuest = (await callAsAdmin(server, `GET /websocket/connections/${clientId}`)).body;
  assertEquals([ofGuest.user_id, ofGuest.dialect], [clientId, "kebab"]);
  assertError(await callAsAdmin(server, "GET /websocket/connections/nobody"), [404, "not_found"]);
  const seen: unknown[] = [];
  let cursor: unknown;
  do {
    const from = cursor === undefined ? "" : `&cursor=${cursor}`;
    const page = (await callAsAdmin(server, `GET /websocket/connections?limit=1${from}`)).body;
    seen.push(...(page.connections as JsonFrame[]).map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== undefined);
  assertEquals(seen, (all.connections as JsonFrame[]).map(({ id }) => id));
});

test("rooms are listed by type and member, and one shows its members", SLOW, async () => {
  await using server = await openHttpServer();
  await joined(server, "ann", "lobby");
  const grouped = await server.envelope("bob", { groups: ["fleet"], name: "Bob" });
  await grouped.ask(...JOIN.envelope!("lobby"));
  const rooms = async (query = "") => (await callAsAdmin(server, `GET /websocket/rooms${query}`)).body;
  assertEquals(await rooms(), {
    rooms: [
      { id: "group:fleet", type: "group", name: "fleet", member_count: 1 },
      { id: "lobby", type: "custom", name: "lobby", member_count: 2 },
      { id: "user:ann", type: "personal", name: "ann", member_count: 1 },
      { id: "user:bob", type: "personal", name: "bob", member_count: 1 },
    ],
    total: 4,
  });
  assertEquals((await rooms("?type=group")).total, 1);
  assertEquals(((await rooms("?member_id=ann")).rooms as JsonFrame[]).map(({ id }) => id), ["lobby", "user:ann"]);
  const page = await rooms("?limit=3");
  assertEquals([page.cursor, (page.rooms as unknown[]).length], ["user:ann", 3]);
  assertEquals(((await rooms("?cursor=user:ann")).rooms as JsonFrame[]).map(({ id }) => id), ["user:bob"]);
  const lobby = (await callAsAdmin(server, "GET /websocket/rooms/lobby")).body;
  const members = (lobby.members as JsonFrame[]).map(({ user_id, name, status }) => [user_id, name, status]).sort();
  assertEquals([lobby.id, lobby.type, lobby.member_count], ["lobby", "custom", 2]);
  assertEquals(members, [["ann", "ann", "online"], ["bob", "Bob", "online"]]);
  assertError(await callAsAdmin(server, "GET /websocket/rooms/nowhere"), [404, "not_found"]);
  assertError(await callAsAdmin(server, "GET /websocket/rooms?type=odd"), [400, "bad_message"]);
  for (const limit of ["0", "-1", "x", "1.5"]) {
    assertError(await callAsAdmin(server, `GET /websocket/rooms?limit=${limit}`), [400, "bad_message"]);
  }
});

test("a broadcast reaches every connection in its dialect", SLOW, async () => {
  await using server = await openHttpServer();
  const [snake, envelope, plain] = [await server.snake("ann"), await server.envelope("bob"), await server.plain("pat")];
  const { status, body } = await callAsAdmin(server, "POST /websocket/broadcast", {
    body: { type: "deploy", data: { at: 5 } },
  });
  assertEquals([status, body.success, body.recipients_count], [200, true, 3]);
  assert(Math.abs(Date.now() - Number(body.timestamp)) < 60_000);
  await envelope.hear({ type: "deploy", id: String(body.message_id), data: { at: 5 } });
  await snake.hear({ type: "deploy", data: { at: 5 } });
  await plain.hear({ type: "deploy", data: { at: 5 } });
});

test("a room, a user and a connection are sent to alone", SLOW, async () => {
  await using server = await openHttpServer();
  const [ann, bob] = [await joined(server, "ann", "lobby"), await joined(server, "bob", "attic")];
  const [{ clientId }] = bob.heard({ type: "connected" }) as [JsonFrame];
  const send = async (to: string, type: string) => {
    const { body } = await callAsAdmin(server, `POST /websocket/${to}/message`, { body: { type, data: { type } } });
    assertEquals([body.success, body.recipients_count, typeof body.message_id], [true, 1, "string"]);
  };
  await send("rooms/lobby", "to-room");
  await send("users/ann", "to-user");
  await send(`connections/${clientId}`, "to-connection");
  await ann.hear({ type: "to-room", roomId: "lobby", data: { type: "to-room" } });
  await ann.hear({ type: "to-user" });
  await bob.hear({ type: "to-connection" });
  await Promise.all([ann.settle(), bob.settle()]);
  assertEquals([ann.heard({ type: "to-connection" }), bob.heard({ type: "to-room" })], [[], []]);
  const body = { type: "x", data: {} };
  assertError(await callAsAdmin(server, "POST /websocket/connections/nobody/message", { body }), [404, "not_found"]);
  const nobody = await callAsAdmin(server, "POST /websocket/users/nobody/message", { body });
  assertEquals([nobody.status, nobody.body.recipients_count], [200, 0]);
});

test("a message of the admin API is an ordinary message of the server, and is kept", SLOW, async () => {
  await using server = await openHttpServer();
  const ann = await joined(server, "ann", "lobby");
  const body = { type: "message", data: { text: "hello", mood: "calm" } };
  const sent = (await callAsAdmin(server, "POST /websocket/rooms/lobby/message", { body })).body;
  const id = String(sent.message_id);
  await ann.hear({ type: "new_message", id, roomId: "lobby", content: "hello", sender_user_id: "server" });
  const history = (await callAsAdmin(server, "GET /api/chat/rooms/lobby/messages")).body;
  assertEquals((history.messages as JsonFrame[]).map((each) => [each.id, each.data]), [[id, { mood: "calm" }]]);
  const empty = await callAsAdmin(server, "POST /websocket/rooms/lobby/message", { body: { type: "message" } });
  assertError(empty, [400, "bad_message"]);
});

test("a group change moves live connections before they are told, and out after", SLOW, async () => {
  await using server = await openHttpServer();
  const ann = await server.envelope("ann");
  const move = (joined: boolean) => {
    const body = { type: "group_membership_change", data: { group_id: "fleet", joined } };
    return callAsAdmin(server, "POST /websocket/users/ann/message", { body });
  };
  const inGroup = async () => (await callAsAdmin(server, "GET /websocket/rooms?type=group")).body.total;
  assertEquals((await move(true)).status, 200);
  await ann.hear({ type: "group_membership_change", room: "user:ann", data: { group_id: "fleet", joined: true } });
  assertEquals(await inGroup(), 1);
  await move(false);
  await ann.hear({ type: "group_membership_change", data: { group_id: "fleet", joined: false } });
  assertEquals(await inGroup(), 0);
  const odd = { body: { type: "group_membership_change", data: {} } };
  assertError(await callAsAdmin(server, "POST /websocket/users/ann/message", odd), [400, "bad_message"]);
});

test("a notification is stored, counted and listed newest first, for the user and for admins only", SLOW, async () => {
  await using server = await openHttpServer();
  const ann = await server.envelope("ann");
  for (const title of ["first", "second", "third"]) {
    const body = { type: "notification", data: { title } };
    assertEquals((await callAsAdmin(server, "POST /websocket/users/ann/message", { body })).body.recipients_count, 1);
  }
  await ann.hear({ type: "notification", room: "user:ann", data: { title: "third", message: "third", read: false } });
  await ann.hear({ type: "custom_event", data: { event: "unread_count", count: 3 } });
  const path = "GET /websocket/users/ann/notifications";
  const bearer = await server.token("ann");
  const page = (await call(server, `${path}?limit=2`, { bearer })).body;
  const titles = ({ notifications }: JsonFrame) => (notifications as JsonFrame[]).map(({ title }) => title);
  assertEquals([titles(page), page.unread], [["third", "second"], 3]);
  const rest = (await call(server, `${path}?before=${page.cursor}`, { bearer })).body;
  assertEquals([titles(rest), rest.cursor], [["first"], undefined]);
  assertEquals(titles((await callAsAdmin(server, path)).body).length, 3);
  assertError(await call(server, path), [401, "unauthorized"]);
  assertError(await call(server, path, { bearer: await server.token("bob") }), [403, "forbidden"]);
});

test("a kicked connection is closed with 4403, once", SLOW, async () => {
  await using server = await openHttpServer();
  const ann = await server.snake("ann");
  const [{ clientId }] = ann.heard({ type: "connected" }) as [JsonFrame];
  const kicked = await callAsAdmin(server, `DELETE /websocket/connections/${clientId}`);
  assertEquals([kicked.status, kicked.body], [200, { success: true, disconnected_count: 1 }]);
  assertEquals((await ann.socket.closed).code, 4403);
  assertError(await callAsAdmin(server, `DELETE /websocket/connections/${clientId}`), [404, "not_found"]);
});

test("a user is disconnected everywhere, blocked for a while, and let in again", SLOW, async () => {
  await using server = await openHttpServer();
  const tabs = [await server.snake("ann"), await server.envelope("ann")];
  const disconnect = (body: unknown) => callAsAdmin(server, "POST /websocket/users/ann/disconnect", { body });
  const { body } = await disconnect({ blockSeconds: 60 });
  assertEquals([body.success, body.disconnected_count], [true, 2]);
  assert(new Date(String(body.blocked_until)).getTime() > Date.now());
  for (const { socket } of tabs) assertEquals((await socket.closed).code, 4403);
  const bearer = await server.token("ann");
  const refused = await call(server, `GET /websocket/users/ann/notifications`, { bearer });
  assertError(refused, [403, "forbidden"]);
  await assertRejects(() => server.envelope("ann"), Error, "Cannot open");
  assertEquals((await disconnect({ blockSeconds: 0 })).body, { success: true, disconnected_count: 0 });
  await server.envelope("ann");
  assertEquals((await disconnect(undefined)).body, { success: true, disconnected_count: 1 });
  for (const blockSeconds of [-1, "60", 1e12]) assertError(await disconnect({ blockSeconds }), [400, "bad_message"]);
  for (const body of ["[]", "null", "5"]) assertError(await disconnect(body), [400, "bad_message"]);
});

test("a member is put out of a room and told why; the others see it leave", SLOW, async () => {
  await using server = await openHttpServer();
  const [ann, bob] = [await joined(server, "ann", "lobby"), await joined(server, "bob", "lobby")];
  const removed = await callAsAdmin(server, "DELETE /websocket/rooms/lobby/members/ann");
  assertEquals([removed.status, removed.body], [200, { success: true, removed_count: 1 }]);
  await ann.hear({ type: "user_left", roomId: "lobby", reason: "kicked" });
  await bob.hear({ type: "user_left", roomId: "lobby", userId: "ann" });
  assertError(await callAsAdmin(server, "DELETE /websocket/rooms/lobby/members/ann"), [404, "not_found"]);
  assertError(await callAsAdmin(server, "DELETE /websocket/rooms/user:ann/members/ann"), [403, "forbidden"]);
});

test("bad bodies and names are refused, each with what is wrong", SLOW, async () => {
  await using server = await openHttpServer({ websocketMaxMessageBytes: 2000, websocketMaxBufferedBytes: 100_000 });
  const path = "POST /websocket/broadcast";
  const deep = `{"type":"x","data":${"[".repeat(200)}${"]".repeat(200)}}`;
  const bodies = ["", "{", "[]", "null", "7", { data: 1 }, { type: "" }, { type: 1 }, { type: "x".repeat(200) }, deep];
  for (const body of bodies) assertError(await callAsAdmin(server, path, { body }), [400, "bad_message"]);
  const big = { type: "x", data: "x".repeat(3000) };
  assertError(await callAsAdmin(server, path, { body: big }), [413, "too_large"]);
  const body = { type: "x" };
  for (const room of ["%2A", "%00", "x".repeat(256)]) {
    assertError(await callAsAdmin(server, `POST /websocket/rooms/${room}/message`, { body }), [400, "bad_message"]);
  }
});

test("a room's name may hold anything that a path cannot", SLOW, async () => {
  await using server = await openHttpServer();
  for (const room of ["a/b c", "50%", "%2F", "ü?#&", "a+b", "日本"]) {
    const ann = await joined(server, "ann", room);
    assertEquals((await callAsAdmin(server, `GET /websocket/rooms/${encodeURIComponent(room)}`)).body.id, room);
    ann.close();
  }
});
