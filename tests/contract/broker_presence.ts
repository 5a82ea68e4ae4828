/** Contract of PresenceStore: members, users, what is told to whom, and statuses. Declared by broker.ts. */
import { assertEquals, assertRejects } from "@std/assert";
import { ParleyError } from "../../src/errors.ts";
import type { Member } from "../../src/message.ts";
import type { FakeNode } from "../fakes.ts";
import { eventually } from "../waiting.ts";
import { ANNOUNCE_MAX, type BrokerCluster, type Declare, message, type TestNode } from "./broker.ts";

/** What the room was told, in short: `+ann!` is a join at the user's edge, `-guest` a leave that is none. */
function moves(node: FakeNode, room: string): string[] {
  return node.movesIn(room).map(({ kind, member, edge, identityOnly }) =>
    (kind === "join" ? "+" : "-") + (member.user ?? "guest") + (edge ? "!" : "") + (identityOnly ? "~" : "")
  );
}

/** Waits until everything that went into the room before this call has been delivered to all nodes. */
async function settle({ nodes }: BrokerCluster, room: string): Promise<void> {
  const [{ broker, node }] = nodes;
  const event = message(node, room);
  await broker.publish({ room, event });
  for (const each of nodes) await eventually(() => each.node.eventsIn(room).some(({ id }) => id === event.id));
}

async function enterAll({ broker }: TestNode, room: string, members: Member[]): Promise<void> {
  for (const member of members) await broker.presence.enter(room, member);
}

export function presenceContract(declare: Declare): void {
  declare("the others are told of joins and leaves, once each", 1, async (cluster) => {
    const [{ broker, node }] = cluster.nodes;
    await broker.subscribe("r");
    const [first, ann, tab, guest] = [node.connect("zoe"), node.connect("ann"), node.connect("ann"), node.connect()];
    assertEquals(await broker.presence.enter("r", first), { first: true, members: 1, users: 1, announcing: true });
    assertEquals(await broker.presence.enter("r", ann), { first: true, members: 2, users: 2, announcing: true });
    assertEquals(await broker.presence.enter("r", ann), { first: false, members: 2, users: 2, announcing: true });
    assertEquals(await broker.presence.enter("r", tab), { first: false, members: 3, users: 2, announcing: true });
    assertEquals(await broker.presence.enter("r", guest), { first: true, members: 4, users: 3, announcing: true });
    for (const { connection } of [guest, ann, ann, tab]) await broker.presence.leave("r", connection);
    await settle(cluster, "r");
    assertEquals(moves(node, "r"), ["+ann!", "+ann", "+guest!", "-guest!", "-ann", "-ann!"]);
    assertEquals(node.movesIn("r").map(({ members, users }) => [members, users]), [[2, 2], [3, 2], [4, 3], [3, 2], [
      2,
      2,
    ], [
      1,
      1,
    ]]);
    const [join] = node.movesIn("r");
    assertEquals([join.room, join.member], ["r", JSON.parse(JSON.stringify(ann))]);
    assertEquals([...join.id].length, 22);
    const told = node.delivered.filter(({ event }) => event.kind === "join" || event.kind === "leave");
    assertEquals(
      told.map(({ except, event }) => except === ("member" in event && event.member.connection)),
      told.map(() => true),
    );
  });

  declare("events of one room have ids of their own", 1, async (cluster) => {
    const [{ broker, node }] = cluster.nodes;
    await broker.subscribe("r");
    await enterAll(cluster.nodes[0], "r", Array.from({ length: 30 }, (_, n) => node.connect(`u${n}`)));
    await settle(cluster, "r");
    assertEquals(new Set(node.eventsIn("r").map(({ id }) => id)).size, 30);
  });

  declare("a room announces up to its bound, and again at 80 % of it", 2, async (cluster) => {
    const [a, b] = cluster.nodes;
    for (const { broker } of cluster.nodes) await broker.subscribe("r");
    const members = Array.from({ length: ANNOUNCE_MAX + 1 }, (_, n) => (n % 2 ? a : b).node.connect(`u${n}`));
    const seats = [];
    for (const [n, member] of members.entries()) seats.push(await (n % 2 ? a : b).broker.presence.enter("r", member));
    assertEquals(seats.map(({ announcing }) => announcing), [true, true, true, true, true, false]);
    assertEquals((await b.broker.presence.roster("r", 9)).announcing, false);
    const leave = async (n: number) => await (n % 2 ? a : b).broker.presence.leave("r", members[n]!.connection);
    await leave(0);
    assertEquals((await a.broker.presence.roster("r", 0)).announcing, false, "not yet at 80 %");
    await leave(1);
    assertEquals((await b.broker.presence.roster("r", 0)).announcing, true);
    assertEquals((await b.broker.presence.enter("r", members[0]!)).announcing, true, "up to the bound again");
    await settle(cluster, "r");
    for (const { node } of cluster.nodes) {
      const told = node.movesIn("r").map(({ members, announcing }) => `${members} ${announcing}`);
      assertEquals(told, ["2 true", "3 true", "4 true", "5 true", "6 false", "5 false", "4 true", "5 true"]);
    }
  });

  declare("a large room that was left by all begins anew", 1, async ({ nodes: [{ broker, node }] }) => {
    const members = Array.from({ length: ANNOUNCE_MAX + 1 }, () => node.connect());
    for (const member of members) await broker.presence.enter("r", member);
    assertEquals(await broker.presence.enter("r", members[0]!), {
      first: false,
      members: ANNOUNCE_MAX + 1,
      users: ANNOUNCE_MAX + 1,
      announcing: false,
    });
    for (const { connection } of members) await broker.presence.leave("r", connection);
    const empty = { list: [], members: 0, users: 0, announcing: true };
    assertEquals(await broker.presence.roster("r", 9), empty);
    assertEquals(await broker.presence.enter("r", members[0]!), {
      first: true,
      members: 1,
      users: 1,
      announcing: true,
    });
  });

  declare("joins and messages are in one order", 1, async (cluster) => {
    const [{ broker, node }] = cluster.nodes;
    await broker.subscribe("r");
    await broker.presence.enter("r", node.connect("zoe"));
    const ann = node.connect("ann");
    await broker.presence.enter("r", ann);
    await broker.publish({ room: "r", event: message(node, "r") });
    await broker.presence.leave("r", ann.connection);
    await settle(cluster, "r");
    assertEquals(node.eventsIn("r").map(({ kind }) => kind), ["join", "message", "leave", "message"]);
  });

  declare("a full room refuses, and lets its own members be", 1, async ({ nodes: [{ broker, node }] }) => {
    const [ann, bob] = [node.connect("ann"), node.connect("bob")];
    await broker.presence.enter("r", ann, 1);
    const enter = async () => await broker.presence.enter("r", bob, 1);
    const error = await assertRejects(enter, ParleyError);
    assertEquals([error.code, error.room], ["room_full", "r"]);
    assertEquals(await broker.presence.enter("r", ann, 1), { first: false, members: 1, users: 1, announcing: true });
    await broker.presence.leave("r", ann.connection);
    assertEquals((await enter()).members, 1);
  });

  declare("a guest becomes a user in place", 1, async (cluster) => {
    const [{ broker, node }] = cluster.nodes;
    await broker.subscribe("r");
    const [zoe, one, two] = [node.connect("zoe"), node.connect(), node.connect()];
    await enterAll(cluster.nodes[0], "r", [zoe, one, two]);
    await broker.presence.identify("r", { ...one, user: "ann", name: "Ann" });
    await broker.presence.identify("r", { ...two, user: "ann", name: "Ann" });
    await broker.presence.identify("r", { connection: "not in it", user: "x", name: "x" });
    await settle(cluster, "r");
    assertEquals(moves(node, "r"), ["+guest!", "+guest!", "-guest!~", "+ann!~", "-guest!~"]);
    assertEquals(node.movesIn("r").slice(2).map(({ members, users }) => [members, users]), [[3, 2], [3, 3], [3, 2]]);
    const { list, members, users } = await broker.presence.roster("r", 9);
    assertEquals([members, users, list.filter(({ name }) => name === "Ann").length], [3, 2, 2]);
    await broker.presence.leave("r", one.connection);
    await broker.presence.leave("r", two.connection);
    await settle(cluster, "r");
    assertEquals(moves(node, "r").slice(5), ["-ann", "-ann!"]);
  });

  declare("a roster is bounded and counts all", 1, async ({ nodes: [a] }) => {
    const { broker, node } = a;
    assertEquals(await broker.presence.roster("r", 5), { list: [], members: 0, users: 0, announcing: true });
    const members = Array.from({ length: 20 }, (_, n) => node.connect(n < 2 ? undefined : `u${n % 6}`));
    await enterAll(a, "r", members);
    assertEquals(await broker.presence.count("r"), 20);
    const some = await broker.presence.roster("r", 5);
    assertEquals([some.list.length, some.members, some.users], [5, 20, 8]);
    const none = await broker.presence.roster("r", 0);
    assertEquals([none.list.length, none.members, none.users], [0, 20, 8]);
    const all = await broker.presence.roster("r", 50);
    const ids = all.list.map(({ connection }) => connection).sort();
    assertEquals(ids, members.map(({ connection }) => connection).sort());
    assertEquals(all.list.filter(({ user }) => user === undefined).length, 2);
  });

  declare("it knows connections and users in a room", 1, async ({ nodes: [{ broker, node }] }) => {
    const ann = node.connect("ann");
    await broker.presence.enter("r", { ...ann, user: 7 });
    const asked = [{ connection: ann.connection }, { user: "7" }, { user: "ann" }, { connection: "7" }, { user: "8" }];
    const found = await Promise.all(asked.map((who) => broker.presence.contains("r", who)));
    assertEquals(found, [true, true, false, false, false]);
    await broker.presence.leave("r", ann.connection);
    assertEquals(await broker.presence.contains("r", { user: "7" }), false);
  });

  declare("statuses are shown, and change only when they change", 1, async ({ nodes: [{ broker, node }] }) => {
    const { presence } = broker;
    const ann = node.connect("ann");
    assertEquals((await presence.status("ann")).status, "offline");
    await presence.enter("user:ann", ann);
    assertEquals((await presence.status("ann")).status, "online");
    const busy = { status: "busy", metadata: { text: "é" }, timestamp: 200 } as const;
    assertEquals(await presence.setStatus("ann", { status: "online", timestamp: 100 }), false);
    assertEquals(await presence.setStatus("ann", busy), true);
    assertEquals(await presence.setStatus("ann", { ...busy, timestamp: 300 }), false);
    const away = { status: "away", timestamp: 150 } as const;
    assertEquals(await presence.setStatus("ann", away), true, "the last one wins, though its clock is behind");
    assertEquals(await presence.status("ann"), away);
    assertEquals(await presence.setStatus("ann", busy), true);
    assertEquals(await presence.status("ann"), busy);
    await presence.enter("r", ann);
    await presence.enter("r", node.connect("bob"));
    const { list } = await presence.roster("r", 9);
    assertEquals(list.map(({ user, status }) => `${user} ${status}`).sort(), ["ann busy", "bob online"]);
    await presence.leave("user:ann", ann.connection);
    assertEquals((await presence.status("ann")).status, "offline");
    await presence.enter("user:ann", ann);
    assertEquals(await presence.status("ann"), busy, "a reconnect finds it again");
  });

  declare("a status does not outlive its user for long", 1, async ({ nodes: [{ broker, node }], advance }) => {
    if (!advance) return;
    const ann = node.connect("ann");
    await broker.presence.enter("user:ann", ann);
    await broker.presence.setStatus("ann", { status: "busy", timestamp: 1 });
    advance(10 * 60_000);
    assertEquals((await broker.presence.status("ann")).status, "busy");
    await broker.presence.leave("user:ann", ann.connection);
    advance(10 * 60_000);
    await broker.presence.enter("user:ann", ann);
    assertEquals((await broker.presence.status("ann")).status, "online");
  });

  declare("reserved rooms tell nobody, and followers hear of the user", 1, async (cluster) => {
    const [{ broker, node }] = cluster.nodes;
    for (const room of ["user:ann", "group:g", "presence:ann"]) await broker.subscribe(room);
    const [one, two] = [node.connect("ann"), node.connect("ann")];
    for (const member of [one, two]) {
      await broker.presence.enter("user:ann", member);
      await broker.presence.enter("group:g", member);
    }
    await broker.presence.setStatus("ann", { status: "away", timestamp: 1 });
    await broker.presence.leave("user:ann", one.connection);
    await broker.presence.leave("user:ann", two.connection);
    await eventually(() => node.eventsIn("presence:ann").length >= 2);
    const told = node.delivered.map(({ room, event }) => [room, event.kind, "status" in event && event.status]);
    assertEquals(told, [["presence:ann", "presence", "online"], ["presence:ann", "presence", "offline"]]);
    const [{ event }] = node.delivered;
    assertEquals("from" in event && event.from.user, "ann");
  });

  declare("a user's edges are those of the whole cluster", 2, async (cluster) => {
    const [a, b] = cluster.nodes;
    for (const { broker } of cluster.nodes) await broker.subscribe("r");
    await a.broker.presence.enter("r", a.node.connect("zoe"));
    const [here, there] = [a.node.connect("ann"), b.node.connect("ann")];
    assertEquals(await a.broker.presence.enter("r", here), { first: true, members: 2, users: 2, announcing: true });
    assertEquals(await b.broker.presence.enter("r", there), { first: false, members: 3, users: 2, announcing: true });
    await a.broker.presence.leave("r", here.connection);
    await b.broker.presence.leave("r", there.connection);
    await settle(cluster, "r");
    for (const { node } of cluster.nodes) assertEquals(moves(node, "r"), ["+ann!", "+ann", "-ann", "-ann!"]);
    assertEquals(a.node.movesIn("r"), b.node.movesIn("r"));
    assertEquals(await b.broker.presence.count("r"), 1);
  });

  declare("what a member is shown with is told to the others, in the room's order", 2, async (cluster) => {
    const [a, b] = cluster.nodes;
    for (const { broker } of cluster.nodes) await broker.subscribe("r");
    const [zoe, ann] = [a.node.connect("zoe"), b.node.connect("ann")];
    await a.broker.presence.enter("r", zoe);
    await b.broker.presence.enter("r", ann);
    const { presence } = b.broker;
    const said = (data: string) => b.broker.publish({ room: "r", event: message(b.node, "r", data) });
    await said("before");
    assertEquals(await presence.update("r", ann.connection, { table: 4 }), true);
    await said("after");
    assertEquals(await presence.update("r", ann.connection, { table: 4 }), false, "it was so before");
    assertEquals(await presence.update("r", "nobody", { table: 4 }), false);
    await settle(cluster, "r");
    for (const { node } of cluster.nodes) {
      const told = node.delivered.filter(({ room, event }) => room === "r" && event.kind !== "join");
      assertEquals(told.map(({ event }) => event.kind).slice(0, 3), ["message", "member_updated", "message"]);
      const updated = told.filter(({ event }) => event.kind === "member_updated");
      assertEquals(updated.map(({ except, event }) => [except, "member" in event && event.member]), [
        [ann.connection, { ...ann, info: { table: 4 } }],
      ]);
    }
    assertEquals(a.node.eventsIn("r").filter(({ kind }) => kind === "member_updated").map(({ room }) => room), ["r"]);
    const { list } = await a.broker.presence.roster("r", 5);
    assertEquals(list.find(({ user }) => user === "ann"), { ...ann, info: { table: 4 }, status: "online" });
    assertEquals(await presence.update("r", ann.connection, undefined), true);
    const [plain] = (await a.broker.presence.roster("r", 5)).list.filter(({ user }) => user === "ann");
    assertEquals(plain!.info, undefined);
  });

  declare("of what a member is shown with nobody is told who would not be told of it", 1, async (cluster) => {
    const [{ broker, node }] = cluster.nodes;
    for (const room of ["lonely", "group:g", "crowded"]) await broker.subscribe(room);
    const members = Array.from({ length: ANNOUNCE_MAX + 1 }, () => node.connect());
    await broker.presence.enter("lonely", members[0]!);
    for (const member of members.slice(0, 2)) await broker.presence.enter("group:g", member);
    for (const member of members) await broker.presence.enter("crowded", member);
    for (const room of ["lonely", "group:g", "crowded"]) {
      assertEquals(await broker.presence.update(room, members[0]!.connection, 1), true, room);
      await settle(cluster, room);
    }
    assertEquals(node.delivered.filter(({ event }) => event.kind === "member_updated"), []);
  });

  declare("a node that closes takes its members with it", 2, async (cluster) => {
    const [a, b] = cluster.nodes;
    for (const { broker } of cluster.nodes) await broker.subscribe("r");
    await a.broker.presence.enter("r", a.node.connect("zoe"));
    await enterAll(b, "r", [b.node.connect("ann"), b.node.connect()]);
    await b.broker.presence.enter("user:ann", b.node.connect("ann"));
    await b.broker.close();
    await eventually(() => moves(a.node, "r").length === 4);
    assertEquals(moves(a.node, "r").slice(2).sort(), ["-ann!", "-guest!"]);
    assertEquals(await a.broker.presence.count("r"), 1);
    assertEquals((await a.broker.presence.status("ann")).status, "offline");
  });
}
