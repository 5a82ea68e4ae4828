/**
 * How a room sees a connection, where its join's verdict says otherwise than its identity: all that is said in and about
 * this room goes by it, and nothing else does.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { kebab as kebabDialect } from "../../src/dialects/kebab.ts";
import { fitRoster } from "../../src/hub/frame_size.ts";
import { type FakeSocket, type JsonFrame, TestCore, token } from "../test_core.ts";
import { eventually } from "../waiting.ts";

const MASK = { user: "x7", name: "Somebody", info: { since: 2021 } };
const MASKED = "masked";
const OPEN = "open";

/** Kim is somebody else in one room; of what others are nothing is said. */
function open(): TestCore {
  return new TestCore(memoryBroker(), {
    hooks: {
      onJoin: ({ userId }, room) => {
        if (room === "quiet") return { publish: userId !== "kim" };
        return room === MASKED && userId === "kim" ? { member: MASK } : true;
      },
    },
  });
}

async function enter(socket: Promise<FakeSocket>, ...rooms: string[]): Promise<FakeSocket> {
  const connected = await socket;
  for (const roomId of rooms) connected.say({ type: "join-room", roomId });
  await eventually(() => rooms.every((roomId) => connected.heard({ type: "room-joined", roomId }).length > 0));
  return connected;
}

const kebab = (core: TestCore, user: string) => core.connect(`/ws/auth?dialect=kebab&token=${token(user)}`);

/** The last frame with these fields, of what a socket heard. */
async function last(socket: FakeSocket, expected: JsonFrame): Promise<JsonFrame> {
  await eventually(() => socket.heard(expected).length > 0);
  return socket.heard(expected).at(-1)!;
}

test("lists, joins and messages of the one room name the member, those of another room the user", async () => {
  const core = open();
  const sam = await enter(kebab(core, "sam"), MASKED, OPEN);
  const kim = await enter(kebab(core, "kim"), MASKED, OPEN);
  const joins = sam.heard({ type: "user-joined" });
  assertEquals(joins.map(({ roomId, userId, info }) => [roomId, userId, info]), [
    [MASKED, "x7", MASK.info],
    [OPEN, "kim", undefined],
  ]);
  const [{ members }] = kim.heard({ type: "room-joined", roomId: MASKED }) as [{ members: JsonFrame[] }];
  assertEquals(members.map(({ userId, username, info }) => [userId, username, info]), [
    ["sam", "sam", undefined],
    ["x7", "Somebody", MASK.info],
  ]);
  for (const roomId of [MASKED, OPEN]) kim.say({ type: "message", roomId, message: "hello" });
  const said = (roomId: string) => last(sam, { type: "message", roomId });
  const [masked, plain] = [await said(MASKED), await said(OPEN)];
  assertEquals([masked.userId, masked.username, masked.info], ["x7", "Somebody", undefined]);
  assertEquals([plain.userId, plain.username, plain.from], ["kim", "kim", masked.from]);
  kim.say({ type: "reaction", roomId: MASKED, messageId: String(masked.id), emoji: "+1" });
  assertEquals((await last(sam, { type: "reaction" })).userId, "x7");
  // What is kept bears the name that it was said under.
  const late = await enter(kebab(core, "late"));
  late.say({ type: "join-room", roomId: MASKED, since: { epoch: "gone", offset: 0 } });
  const { messages } = await last(late, { type: "room-joined" }) as { messages: JsonFrame[] };
  assertEquals(messages.map(({ userId, username }) => [userId, username]), [["x7", "Somebody"]]);
});

test("edges are the member's: two who are one there come once and go once, in every dialect that counts users", async () => {
  const core = open();
  const sam = await core.connect(`/ws?token=${token("sam")}`);
  sam.say({ type: "join_room", roomId: MASKED });
  await last(sam, { type: "online_update" });
  const first = await enter(kebab(core, "kim"), MASKED);
  const second = await enter(kebab(core, "kim"), MASKED);
  const snake = await core.connect(`/ws?token=${token("kim")}`);
  snake.say({ type: "join_room", roomId: MASKED });
  // Whoever joins is told of itself as everybody sees it.
  assertEquals((await last(snake, { type: "user_joined" })).userId, "x7");
  assertEquals((await last(snake, { type: "online_update" })).online, ["sam", "x7"]);
  assertEquals(sam.heard({ type: "user_joined", roomId: MASKED }).map(({ userId }) => userId), ["sam", "x7"]);
  for (const socket of [first, second, snake]) socket.close(1000, "");
  await last(sam, { type: "user_left", userId: "x7" });
  assertEquals(sam.heard({ type: "user_left" }).length, 1);
  assertEquals(JSON.stringify(sam.frames).includes("kim"), false);
});

test("typing stops under the name it began with, when it runs out, at a message, at a leave and at a close", async () => {
  const core = open();
  const sam = await enter(kebab(core, "sam"), MASKED);
  const ends: ((kim: FakeSocket) => void)[] = [
    (kim) => kim.say({ type: "typing-stop", roomId: MASKED }),
    (kim) => kim.say({ type: "message", roomId: MASKED, message: "done" }),
    (kim) => kim.say({ type: "leave-room", roomId: MASKED }),
    (kim) => kim.close(1000, ""),
  ];
  for (const [at, end] of ends.entries()) {
    const kim = await enter(kebab(core, "kim"), MASKED);
    kim.say({ type: "typing-start", roomId: MASKED });
    await eventually(() => sam.heard({ type: "typing-start" }).length === at + 1);
    end(kim);
    await eventually(() => sam.heard({ type: "typing-stop" }).length === at + 1);
    kim.close(1000, "");
    await eventually(() => core.hub.rooms.get(MASKED)?.members.size === 1);
  }
  const typing = [...sam.heard({ type: "typing-start" }), ...sam.heard({ type: "typing-stop" })];
  assertEquals(new Set(typing.map(({ userId }) => userId)), new Set(["x7"]));
  const kim = await enter(kebab(core, "kim"), MASKED);
  kim.say({ type: "typing-start", roomId: MASKED });
  const connection = [...core.hub.rooms.get(MASKED)!.members].find(({ user }) => user === "kim")!;
  const [expired] = core.hub.typing.takeExpired(Infinity);
  assertEquals(expired, { connection, room: MASKED, expiresAtMs: expired!.expiresAtMs });
  assertEquals(connection.memberIn(MASKED).user, "x7");
});

test("an admin removes from the room whom it shows, and everywhere else the user", async () => {
  const core = open();
  const kim = await enter(kebab(core, "kim"), MASKED, OPEN);
  const putOut = (room: string, member: string) => core.node.execute({ do: "put_out", room, member, reason: "kicked" });
  assertEquals(await putOut(MASKED, "kim"), 0);
  assertEquals(await putOut(MASKED, "x7"), 1);
  await last(kim, { type: "room-left", roomId: MASKED, reason: "kicked" });
  assertEquals(await putOut(OPEN, "x7"), 0);
  assertEquals(await putOut(OPEN, "kim"), 1);
});

test("it is not an identity: no message to the user, no right and no status follows from it", async () => {
  const core = open();
  const kim = await enter(kebab(core, "kim"), MASKED);
  const real = await kebab(core, "x7");
  const sam = await enter(kebab(core, "sam"), MASKED);
  const guest = await enter(core.connect("/ws?dialect=kebab"), MASKED);
  sam.say({ type: "message", to: "x7", message: "for x7" });
  await last(real, { type: "message", message: "for x7" });
  sam.say({ type: "message", to: "kim", message: "for kim" });
  await last(kim, { type: "message", message: "for kim" });
  // A guest reaches whom it shares a room with: neither the user that the room names nor the one that it does not.
  for (const to of ["x7", "kim"]) guest.say({ type: "message", to, message: "psst" });
  await eventually(() => guest.heard({ type: "error", code: "not_found" }).length === 2);
  assertEquals([real, kim].map((socket) => socket.heard({ message: "psst" }).length), [0, 0]);
  guest.say({ type: "message", to: "sam", message: "hi" });
  await last(sam, { type: "message", message: "hi" });
  // Direct messages are from who one is.
  kim.say({ type: "message", to: "sam", message: "it is me" });
  assertEquals((await last(sam, { message: "it is me" })).userId, "kim");
});

test("a status is told where its user is shown, and nowhere as somebody else's", async () => {
  const core = open();
  const connect = (user: string) => core.connect(`/websocket/connect?token=${token(user)}`);
  const join = async (socket: FakeSocket, room: string) => {
    socket.say({ type: "system", id: room, data: { action: "join", room } });
    await last(socket, { type: "room_joined", room });
  };
  const [sam, kim] = [await connect("sam"), await connect("kim")];
  for (const socket of [sam, kim]) for (const room of [MASKED, OPEN]) await join(socket, room);
  kim.say({ type: "presence", id: "p", data: { status: "away" } });
  const told = await last(sam, { type: "presence" });
  await last(kim, { type: "system", id: "p" });
  assertEquals([told.room, (told.data as JsonFrame).userId], [OPEN, "kim"]);
  assertEquals(sam.heard({ type: "presence" }).length, 1);
  assertEquals(sam.heard({ room: MASKED }).some((frame) => JSON.stringify(frame).includes('"kim"')), false);
});

test("a guest that becomes a user does so in the rooms that see it as itself", async () => {
  const core = open();
  const sam = await core.connect(`/ws?token=${token("sam")}`);
  sam.say({ type: "join_room", roomId: OPEN });
  await last(sam, { type: "online_update" });
  const kim = await enter(core.connect("/ws?dialect=kebab"), OPEN, MASKED);
  kim.say({ type: "authenticate", token: token("kim") });
  await last(kim, { type: "authenticated" });
  assertEquals((await last(sam, { type: "user_joined", userId: "kim" })).roomId, OPEN);
  await last(sam, { type: "user_left" });
  const roster = await core.hub.broker.presence.roster(OPEN, 10);
  assertEquals(roster.list.map(({ user }) => user), ["sam", "kim"]);
});

test("who may only listen does so: no message, no signal with content, until it joins anew", async () => {
  const core = open();
  const kim = await enter(kebab(core, "kim"), "quiet");
  const sam = await enter(kebab(core, "sam"), "quiet");
  kim.say({ type: "message", roomId: "quiet", message: "no" });
  const refused = await last(kim, { type: "error" });
  assertEquals([refused.code, refused.roomId], ["forbidden", "quiet"]);
  kim.say({ type: "typing-start", roomId: "quiet" });
  await last(sam, { type: "typing-start" });
  sam.say({ type: "message", roomId: "quiet", message: "yes" });
  await last(kim, { type: "message", message: "yes" });
  assertEquals(sam.heard({ message: "no" }), []);
  assert(core.log.some((line) => line.includes("a policy refused") && line.includes("member")));
});

test("of a list that is too long the info is left out before any member is", () => {
  const member = (n: number) => ({ connection: `c${n}`, user: n, name: `Member ${n}`, info: "x".repeat(900) });
  const list = Array.from({ length: 100 }, (_, n) => member(n));
  const roster = { list, members: 100, users: 100, announcing: true };
  const fitted = (maxBufferedBytes: number) => fitRoster(roster, kebabDialect, maxBufferedBytes).list;
  assertEquals(fitted(1024 * 1024), list);
  const named = fitted(256 * 1024);
  assertEquals([named.length, named.some(({ info }) => info !== undefined)], [100, false]);
  assert(fitted(8 * 1024).length < 100);
});
