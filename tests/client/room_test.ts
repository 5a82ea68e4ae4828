/**
 * Rooms: one join for many holders, lists without gaps and duplicates, and what happens when a gap cannot be closed.
 */
import { test } from "node:test";
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import type { Gap } from "../../src/client/room.ts";
import type { FakeSocket } from "./fake_platform.ts";
import { settled } from "./fake_platform.ts";
import { openClient } from "./fixture.ts";

function message(offset: number, epoch = "e") {
  return {
    type: "message",
    id: `i${offset}`,
    message_id: `m${epoch}${offset}`,
    room: "lobby",
    from: "c7",
    user_id: "u7",
    timestamp: offset,
    data: { n: offset },
    position: { epoch, offset },
  };
}

/** Joined, with the room standing at `offset`. */
async function joined(offset = 0) {
  const world = await openClient();
  const room = world.client.room("lobby");
  const gaps: Gap[] = [];
  const heard: number[] = [];
  room.on("gap", (gap: Gap) => gaps.push(gap));
  room.onMessage((frame) => heard.push(frame.data.n as number));
  room.retain();
  world.platform.socket.admit("lobby", { position: { epoch: "e", offset } });
  const offsets = () => room.messages.map((frame) => frame.position?.offset);
  return { ...world, room, gaps, heard, offsets };
}

async function reconnect(world: { platform: { socket: FakeSocket; advance(ms: number): Promise<void> } }) {
  world.platform.socket.drop();
  await world.platform.advance(1000);
  world.platform.socket.greet("c2");
}

test("ten holders, one join; the last one leaves", async () => {
  const { client, platform } = await openClient();
  const release = Array.from({ length: 10 }, () => client.room("lobby").retain());
  assertEquals(platform.socket.count("join"), 1);
  platform.socket.admit("lobby");
  for (const let_go of release.slice(1)) let_go();
  await platform.advance(10);
  assertEquals(platform.socket.count("leave"), 0);
  release[0]();
  const again = client.room("lobby").retain();
  await platform.advance(10);
  assertEquals(platform.socket.count("leave"), 0, "gone and back in the same turn");
  again();
  await platform.advance(10);
  assertEquals(platform.socket.count("leave"), 1);
  assertEquals(client.room("lobby").getSnapshot().status, "idle");
});

test("join waits for the server; leave before its answer is no join", async () => {
  const { client, platform } = await openClient();
  let isIn = false;
  const room = client.room("lobby");
  room.join().then(() => isIn = true);
  await settled();
  assert(!isIn);
  platform.socket.admit("lobby", { members: [{ connection_id: "c1", user_id: "u1", name: "Ann" }], total: 1 });
  await settled();
  assert(isIn);
  assertEquals(room.members.map((member) => member.name), ["Ann"]);
});

test("a refused join rejects, tells why, and holds nothing", async () => {
  const { client, platform, codes } = await openClient();
  const room = client.room("secret");
  const refused = room.join().catch((error) => error.code);
  const { id } = platform.socket.last("join");
  const data = { code: "forbidden", message: "Cannot join", request: id };
  platform.socket.say({ type: "error", id: "e", room: "secret", data });
  assertEquals(await refused, "forbidden");
  assertEquals(room.getSnapshot().status, "left");
  assertEquals(room.getSnapshot().error?.code, "forbidden");
  assertEquals(codes(), ["forbidden"]);
  await platform.advance(10);
  assertEquals(platform.socket.count("leave"), 0);
});

test("a join that fails in passing is tried again", async () => {
  const { client, platform } = await openClient();
  const room = client.room("lobby");
  room.retain();
  for (const data of [{ code: "unavailable", message: "" }, { code: "rate_limited", message: "", retryAfter: 5000 }]) {
    platform.socket.say({ type: "error", id: "e", data: { ...data, request: platform.socket.last("join").id } });
    await platform.advance(5000);
  }
  assertEquals(platform.socket.count("join"), 3);
  platform.socket.admit("lobby");
  assert(room.getSnapshot().isJoined);
});

test("messages arrive once and in order; a repeat changes nothing", async () => {
  const { platform, room, heard, offsets } = await joined(4);
  platform.socket.say(message(5));
  const before = room.getSnapshot();
  platform.socket.say(message(5));
  platform.socket.say(message(4));
  assertStrictEquals(room.getSnapshot(), before);
  platform.socket.say(message(6));
  assertNotStrictEquals(room.getSnapshot().messages, before.messages);
  assertEquals(before.messages.length, 1, "a snapshot never changes");
  assertEquals(offsets(), [5, 6]);
  assertEquals(heard, [5, 6]);
});

test("a reconnect rejoins with the position and takes what was missed", async () => {
  const world = await joined(0);
  world.platform.socket.say(message(1));
  await reconnect(world);
  assertEquals(world.platform.socket.last("join").data.since, { epoch: "e", offset: 1 });
  assert(!world.room.getSnapshot().isJoined);
  world.platform.socket.admit("lobby", {
    position: { epoch: "e", offset: 3 },
    recovered: true,
    messages: [message(1), message(2), message(3)],
  });
  world.platform.socket.say(message(3));
  world.platform.socket.say(message(4));
  assertEquals(world.offsets(), [1, 2, 3, 4]);
  assertEquals(world.heard, [1, 2, 3, 4]);
  assertEquals(world.gaps, []);
});

test("what waited goes after the rejoin", async () => {
  const world = await joined();
  world.platform.socket.drop();
  world.room.send("later").catch(() => undefined);
  await world.platform.advance(1000);
  world.platform.socket.greet("c2");
  assertEquals(world.platform.socket.sent.map((frame) => frame.type), ["system", "message"]);
});

test("history that could not cover the absence: the list starts over and a gap is told", async () => {
  const world = await joined(0);
  world.platform.socket.say(message(1));
  await reconnect(world);
  const position = { epoch: "e", offset: 400 };
  const told: unknown[] = [];
  world.client.on("gap", (gap) => told.push(gap));
  world.platform.socket.admit("lobby", { position, recovered: false, messages: [message(399), message(400)] });
  assertEquals(world.offsets(), [399, 400]);
  assertEquals(world.gaps, [{ room: "lobby", reason: "away", since: { epoch: "e", offset: 1 }, position }]);
  assertEquals(told, world.gaps);
});

test("another epoch is a gap too, and counts from its own start", async () => {
  const world = await joined(7);
  await reconnect(world);
  world.platform.socket.admit("lobby", { position: { epoch: "f", offset: 0 }, recovered: false, messages: [] });
  assertEquals(world.gaps.map(({ reason }) => reason), ["reset"], "the server has lost what it kept");
  world.platform.socket.say(message(1, "f"));
  assertEquals(world.offsets(), [1]);
});

test("an epoch that changes under a live member loses nothing", async () => {
  const world = await joined(7);
  world.platform.socket.say(message(8));
  world.platform.socket.say(message(1, "f"));
  assertEquals(world.room.messages.length, 2);
  assertEquals(world.gaps, []);
  await reconnect(world);
  assertEquals(world.platform.socket.last("join").data.since, { epoch: "f", offset: 1 });
});

test("a hole in live delivery is closed by asking again", async () => {
  const world = await joined(0);
  world.platform.socket.say(message(1));
  world.platform.socket.say(message(3));
  world.platform.socket.say(message(4));
  assertEquals(world.offsets(), [1]);
  assertEquals(world.platform.socket.count("join"), 2);
  assertEquals(world.platform.socket.last("join").data.since, { epoch: "e", offset: 1 });
  world.platform.socket.admit("lobby", {
    position: { epoch: "e", offset: 4 },
    recovered: true,
    messages: [message(2), message(3), message(4)],
  });
  assertEquals(world.offsets(), [1, 2, 3, 4]);
  assertEquals(world.gaps, []);
});

test("reset: the room says it lost events, so the list starts over", async () => {
  const world = await joined(0);
  world.platform.socket.say(message(1));
  const position = { epoch: "g", offset: 0 };
  world.platform.socket.say({ type: "room_update", room: "lobby", data: { action: "reset", position } });
  world.platform.socket.admit("lobby", { position, recovered: false, messages: [] });
  assertEquals(world.offsets(), []);
  assertEquals(world.gaps.map(({ reason }) => reason), ["reset"]);
});

test("a room without history says so after an absence, and keeps what it had", async () => {
  const { client, platform } = await openClient();
  const room = client.room("user:u1");
  const gaps: string[] = [];
  room.on("gap", ({ reason }: Gap) => gaps.push(reason));
  room.retain();
  platform.socket.admit("user:u1");
  platform.socket.say({ ...message(1), room: "user:u1", position: undefined });
  await reconnect({ platform });
  platform.socket.admit("user:u1");
  assertEquals(gaps, ["unkept"]);
  assertEquals(room.messages.length, 1);
});

test("history loads older pages to the front, once each", async () => {
  const { platform, room, offsets } = await joined(6);
  const load = async (offsets: number[], more: boolean) => {
    const loading = room.history(2);
    const frame = platform.socket.last("history");
    platform.socket.say({
      type: "system",
      id: frame.id,
      room: "lobby",
      data: { action: "history", messages: offsets.map((offset) => message(offset)), more },
    });
    return [await loading, frame.data.before];
  };
  assertEquals(await load([5, 6, 7], true), [true, undefined], "7 is still on its way, and comes by itself");
  platform.socket.say(message(7));
  assertEquals(await load([3, 4, 5], true), [true, { epoch: "e", offset: 5 }]);
  assertEquals(await load([1, 2], false), [false, { epoch: "e", offset: 3 }]);
  assertEquals(offsets(), [1, 2, 3, 4, 5, 6, 7]);
  assertEquals(room.getSnapshot().hasMore, false);
});

test("the list is bounded at its old end; loaded history is not cut off", async () => {
  const { client, platform } = await openClient({ maxMessages: 3 });
  const room = client.room("lobby");
  room.retain();
  platform.socket.admit("lobby", { position: { epoch: "e", offset: 0 } });
  for (let n = 1; n <= 5; n++) platform.socket.say(message(n));
  assertEquals(room.messages.map((frame) => frame.position?.offset), [3, 4, 5]);
});

test("members, presence and typing follow the room", async () => {
  const { platform, room } = await joined();
  const ann = { connection_id: "c2", user_id: "u2", name: "Ann" };
  const tell = (type: string, data: object) => platform.socket.say({ type, room: "lobby", data });
  tell("room_update", { action: "member_joined", ...ann, total: 2, announcing: true });
  tell("presence", { userId: "u2", user_id: "u2", status: "away", metadata: { mood: "tea" } });
  assertEquals(room.presence.u2.status, "away");
  assertEquals(room.getSnapshot().total, 2, "by the server's word");
  tell("custom_event", { event: "typing_start", user_id: "u2" });
  tell("custom_event", { event: "typing_start", user_id: "u1" });
  assertEquals(room.getSnapshot().typing, ["u2"], "not oneself");
  platform.socket.say({ ...message(1), user_id: "u2" });
  assertEquals(room.getSnapshot().typing, [], "who has spoken does not type");
  tell("room_update", { action: "member_left", ...ann, total: 1, announcing: true });
  assertEquals([room.members, room.getSnapshot().total], [[], 1]);
  tell("room_update", { action: "members", members: [ann], total: 1, announcing: true });
  assertEquals([room.members, room.getSnapshot().total], [[ann], 1]);
  tell("room_update", { action: "members", total: 900, announcing: false });
  assertEquals([room.members, room.getSnapshot().total], [[], 900], "a room too large to tell who comes and goes");
  tell("room_update", { action: "members", members: [ann], total: 1, announcing: true });
  tell("room_update", { action: "member_joined", ...ann, connection_id: "c3", total: 901, announcing: false });
  assertEquals([room.members, room.getSnapshot().total], [[], 901], "nor is what was known true for long");
});

test("a signal cannot pass for the server's word about who is here", async () => {
  const { client, platform, room } = await joined();
  let fooled = 0;
  client.on("disconnect", () => fooled++);
  room.on("gap", () => fooled++);
  room.subscribe(() => fooled++);
  const data = { action: "member_joined", connection_id: "x", user_id: "ghost", name: "Ghost", total: 9 };
  for (const event of ["disconnect", "gap", "change", "status", "wave"]) {
    platform.socket.say({ type: "custom_event", room: "lobby", from: "c9", data: { ...data, event } });
  }
  assertEquals(room.members, []);
  assertEquals(fooled, 0);
});

test("typing is told at most every three seconds, and stopped once", async () => {
  const { platform, room } = await joined();
  await platform.advance(10_000);
  const told = () => platform.socket.sent.filter((frame) => frame.type === "custom_event").map((it) => it.data.event);
  for (let key = 0; key < 5; key++) room.typing();
  await platform.advance(3000);
  room.typing();
  room.typing(false);
  room.typing(false);
  assertEquals(told(), ["typing_start", "typing_start", "typing_stop"]);
});

test("put out of a room: not entered again by itself, but when asked", async () => {
  const world = await joined();
  world.platform.socket.say({ type: "room_left", room: "lobby", data: { room: "lobby", reason: "kicked" } });
  assertEquals(world.room.getSnapshot().status, "left");
  assertEquals(world.codes(), ["kicked"]);
  await reconnect(world);
  assertEquals(world.platform.socket.count("join"), 0);
  world.room.retain();
  assertEquals(world.platform.socket.count("join"), 1);
});
