/** What members are shown of who is in a room: always the truth, or that it is not the whole truth. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { bytesOf } from "../../src/hub/frame_size.ts";
import { run } from "../../src/maybe.ts";
import type { Member } from "../../src/message.ts";
import { tellMembers } from "../../src/hub/status.ts";
import { type FakeSocket, TestCore, type TestCoreOptions, token } from "../test_core.ts";
import { eventually } from "../harness.ts";
import { type ViewedDialect, viewOf } from "../member_views.ts";
import { SlowBroker } from "../slow_broker.ts";

const JOIN = {
  envelope: { type: "system", id: "j", data: { action: "join", room: "hall" } },
  kebab: { type: "join-room", roomId: "hall" },
  snake: { type: "join_room", roomId: "hall" },
  plain: { type: "join", room: "hall" },
};
const DIALECTS = ["envelope", "kebab", "snake", "plain"] as const;
/** How far apart a room is told. */
const PACE_MS = 5_000;

function open(roomAnnounceMax?: number, options: TestCoreOptions = {}): TestCore {
  const broker = memoryBroker({ roomAnnounceMax });
  return new TestCore(broker, { ...options, roomAnnounceMax });
}

async function come(core: TestCore, user: string, dialect: (typeof DIALECTS)[number] = "kebab"): Promise<FakeSocket> {
  const path = dialect === "envelope" ? "/websocket/connect" : "/ws";
  const socket = await core.connect(`${path}?dialect=${dialect}&token=${token(user)}`);
  socket.say(JOIN[dialect]);
  return socket;
}

async function go(socket: FakeSocket): Promise<void> {
  socket.close(1000, "");
  await Promise.resolve();
}

/** Members without a socket here. */
function crowd({ hub }: TestCore, count: number, name?: string): Member[] {
  const members = Array.from({ length: count }, (_, n) => {
    return { connection: hub.ids.next(), user: `u${n}`, name: name ?? `u${n}` };
  });
  for (const member of members) hub.broker.presence.enter("hall", member);
  return members;
}

function leave({ hub }: TestCore, members: Member[]): void {
  for (const { connection } of members) hub.broker.presence.leave("hall", connection);
}

/** Tells what is due in so many milliseconds; returns how many rooms that were. */
function tellDue(core: TestCore, inMs = 0): number {
  const due = core.hub.views.takeDue(performance.now() + inMs);
  for (const room of due) run(tellMembers(core.hub, room));
  return due.length;
}

/** What a client of each dialect would show, and what the admin API would. */
async function compare(core: TestCore, watchers: Map<ViewedDialect, FakeSocket>): Promise<void> {
  const { list, members, users, announcing } = await core.hub.broker.presence.roster("hall", 500);
  for (const [dialect, socket] of watchers) {
    const ofConnections = dialect === "envelope" || dialect === "kebab";
    const names = list.map(({ connection, user }) => ofConnections ? connection : String(user));
    assertEquals(viewOf(dialect, socket.frames), {
      list: announcing ? [...new Set(names)].sort() : [],
      total: ofConnections ? members : users,
      announcing,
    }, dialect);
  }
}

async function watch(core: TestCore): Promise<Map<ViewedDialect, FakeSocket>> {
  const watchers = new Map<ViewedDialect, FakeSocket>();
  for (const dialect of DIALECTS) watchers.set(dialect, await come(core, `watcher of ${dialect}`, dialect));
  return watchers;
}

test("a room crosses its bound and comes back: every dialect's view is the truth again", async () => {
  const core = open(6);
  const watchers = await watch(core);
  const guests = [await come(core, "ann"), await come(core, "bob")];
  await compare(core, watchers);
  assertEquals(tellDue(core), 0);
  guests.push(await come(core, "cat"), await come(core, "ann"));
  assertEquals(tellDue(core), 1);
  await compare(core, watchers);
  for (const guest of guests.splice(0)) await go(guest);
  assertEquals(tellDue(core), 0, "not twice within five seconds");
  assertEquals(tellDue(core, PACE_MS), 1);
  await compare(core, watchers);
  guests.push(await come(core, "dan"));
  await compare(core, watchers);
  assertEquals(tellDue(core, 2 * PACE_MS), 0, "joins and leaves tell it from here");
});

test("521 come and 60 go at the default bound: nobody is shown ghosts, everybody the total", async () => {
  const core = open();
  const watchers = await watch(core);
  const guests = crowd(core, 517);
  tellDue(core);
  leave(core, guests.splice(0, 60));
  tellDue(core, PACE_MS);
  await compare(core, watchers);
  assertEquals(viewOf("envelope", watchers.get("envelope")!.frames), { list: [], total: 461, announcing: false });
  leave(core, guests.splice(0, 62));
  tellDue(core, 2 * PACE_MS);
  await compare(core, watchers);
  assertEquals(viewOf("envelope", watchers.get("envelope")!.frames).list.length, 399);
});

test("a room that does not announce names nobody, tells no status, and says so to who joins", async () => {
  const core = open(2);
  const watcher = await come(core, "eve", "envelope");
  const [joins, statuses] = [{ type: "room_update" }, { type: "presence" }];
  for (const user of ["ann", "bob", "cat"]) await come(core, user);
  const told = watcher.heard(joins).map(({ data }) => data as Record<string, unknown>);
  assertEquals(told.map(({ action, total, announcing }) => [action, total, announcing]), [["member_joined", 2, true]]);
  const late = await come(core, "dan", "envelope");
  const { members, total, announcing } = late.heard({ type: "room_joined" })[0]!.data as Record<string, unknown>;
  assertEquals([members, total, announcing], [[], 5, false]);
  late.say({ type: "presence", data: { status: "busy" } });
  assertEquals(watcher.heard(statuses), []);
  late.say({ type: "system", id: "m", data: { action: "members", room: "hall" } });
  const asked = late.heard({ id: "m" })[0]!.data as Record<string, unknown>;
  assertEquals(
    [(asked.members as unknown[]).length, asked.total, asked.announcing],
    [5, 5, false],
    "asked for, it names",
  );
});

test("rooms whose presence is off are told nothing", async () => {
  const core = open(2, { rooms: [{ match: "hall", presence: false }] });
  const watcher = await come(core, "eve", "envelope");
  for (const user of ["ann", "bob", "cat"]) await come(core, user);
  assertEquals(tellDue(core, PACE_MS), 0);
  core.node.execute({ do: "tell_members", rooms: ["hall"] });
  assertEquals(tellDue(core, PACE_MS), 0);
  assertEquals(watcher.heard({ type: "room_update" }), []);
});

test("members that were lost and entered again are told as a whole, once", async () => {
  const core = open();
  const watchers = await watch(core);
  for (const socket of watchers.values()) socket.frames.length = 0;
  for (let n = 0; n < 3; n++) core.node.execute({ do: "tell_members", rooms: ["hall", "nobody is in it"] });
  assertEquals(tellDue(core, PACE_MS), 1);
  await compare(core, watchers);
  for (const socket of watchers.values()) assertEquals(socket.frames.length, 1);
});

test("a list takes at most an eighth of what may be unsent, and the total says that it is cut", async () => {
  const core = open();
  crowd(core, 490, "é".repeat(100));
  const watchers = await watch(core);
  const watcher = watchers.get("envelope")!;
  core.node.execute({ do: "tell_members", rooms: ["hall"] });
  assertEquals(tellDue(core, PACE_MS), 1);
  const ask = { type: "system", id: "m", data: { action: "members", room: "hall" } };
  watcher.say(ask);
  crowd(core, 10);
  watcher.say(ask);
  const lists = watcher.frames.map(({ data }) => data as { members?: unknown[]; total: number; announcing: boolean })
    .filter(({ members }) => members);
  assertEquals(
    lists.map(({ announcing }) => announcing),
    [true, true, true, false],
    "joined, told, and asked for twice",
  );
  for (const { members } of lists) {
    assertLessOrEqual(bytesOf(JSON.stringify(members)), core.hub.maxBufferedBytes / 8);
    assert(members!.length > 300 && members!.length < 490, `${members!.length} members are named`);
  }
  assertEquals(viewOf("snake", watchers.get("snake")!.frames).list.length, 494, "ids alone fit");
});

test("what happens while the list is read is in it", { timeout: 20_000 }, async () => {
  const broker = new SlowBroker();
  const core = new TestCore(broker);
  const watcher = await come(core, "eve", "envelope");
  const leaver = await come(core, "ann");
  await eventually(() => watcher.heard({ type: "room_joined" })[0] && leaver.heard({ type: "room-joined" })[0]);
  await broker.settled();
  const told = () => watcher.frames.filter(({ data }) => (data as { action?: string }).action === "members");
  broker.onEffect = (call) => {
    if (call !== "roster") return;
    // The roster was read, its answer is on the way.
    broker.onEffect = () => {};
    const { presence } = broker.engine;
    presence.enter("hall", { connection: "there", user: "dan", name: "Dan" });
    presence.leave("hall", [...core.hub.connections.values()].find(({ user }) => user === "ann")!.id);
    const from = { connection: "eve's", user: "eve", name: "eve" };
    const event = { kind: "presence", id: "p", timestamp: 1, room: "hall", from, status: "busy" } as const;
    broker.engine.publish({ room: "hall", event });
  };
  core.node.execute({ do: "tell_members", rooms: ["hall"] });
  tellDue(core, PACE_MS);
  await eventually(() => told()[0]);
  const { members, total } = told()[0]!.data as { members: Record<string, unknown>[]; total: number };
  assertEquals(members.map(({ user_id, status }) => `${user_id} ${status}`), ["eve busy", "dan online"]);
  assertEquals(total, 2);
});
