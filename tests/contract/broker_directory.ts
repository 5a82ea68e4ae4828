/** Contract of Broker.ask, by what brokers/cluster makes of it: the directory, and commands to nodes. Declared by broker.ts. */
import { assertEquals } from "@std/assert";
import type { NodeCommand } from "../../src/broker.ts";
import { Cluster } from "../../src/brokers/cluster/cluster.ts";
import { type BrokerCluster, type Declare, message } from "./broker.ts";

/** All items of a directory, page by page. */
async function collect<T extends { id: string }>(
  read: (cursor?: string) => Promise<{ items: T[]; total: number; cursor?: string }>,
): Promise<{ items: T[]; totals: number[] }> {
  const items: T[] = [];
  const totals: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    totals.push(page.total);
    cursor = page.cursor;
  } while (cursor !== undefined && totals.length < 100);
  return { items, totals };
}

function populate({ nodes }: BrokerCluster): string[] {
  return nodes.flatMap(({ node }) => {
    const members = [["ann", "lobby", "user:ann", "group:g"], ["bob", "lobby"], ["ann", "attic"], ["cat"]];
    return members.map(([user, ...rooms]) => node.connect(user, rooms).connection);
  });
}

async function connectionsAreListed(cluster: BrokerCluster): Promise<void> {
  const ids = populate(cluster).sort();
  const directory = new Cluster(cluster.nodes.at(-1)!.broker);
  for (const limit of [1, 3, 50]) {
    const { items, totals } = await collect(async (cursor) => await directory.connections({ limit, cursor }));
    assertEquals(items.map(({ id }) => id), ids);
    assertEquals(totals, totals.map(() => ids.length));
  }
  const ofAnn = await directory.connections({ user: "ann", limit: 1 });
  assertEquals([ofAnn.items.length, ofAnn.total], [1, 2 * cluster.nodes.length]);
  for (const id of [ids[0]!, ids.at(-1)!]) {
    const one = await directory.connections({ id, limit: 1 });
    assertEquals([one.items.map((item) => item.id), one.total], [[id], 1]);
  }
  const none = await directory.connections({ limit: 0 });
  assertEquals([none.items, none.total, none.cursor], [[], ids.length, undefined]);
  const inAttic = await directory.connections({ room: "attic", limit: 9 });
  assertEquals(inAttic.items.map(({ user }) => user), cluster.nodes.map(() => "ann"));
}

async function roomsAreListed(cluster: BrokerCluster): Promise<void> {
  populate(cluster);
  const count = cluster.nodes.length;
  const directory = new Cluster(cluster.nodes.at(-1)!.broker);
  const all = [
    { id: "attic", type: "custom", members: count },
    { id: "group:g", type: "group", members: count },
    { id: "lobby", type: "custom", members: 2 * count },
    { id: "user:ann", type: "personal", members: count },
  ];
  for (const limit of [1, 3, 50]) {
    const { items, totals } = await collect(async (cursor) => await directory.rooms({ limit, cursor }));
    assertEquals<unknown>(items, all);
    assertEquals(totals, totals.map(() => 4));
  }
  const custom = await directory.rooms({ type: "custom", limit: 1 });
  assertEquals([custom.items.map(({ id }) => id), custom.total, custom.cursor], [["attic"], 2, "attic"]);
  assertEquals((await directory.rooms({ member: "bob", limit: 9 })).items.map(({ id }) => id), ["lobby"]);
  assertEquals([...await directory.roomsOf("ann")].sort(), ["attic", "group:g", "lobby", "user:ann"]);
  assertEquals(await directory.roomsOf("nobody"), []);
}

/** Wherever the member is, the rooms count their members on all nodes. */
async function roomsOfOneCountAll(cluster: BrokerCluster): Promise<void> {
  populate(cluster);
  const [{ node }] = cluster.nodes;
  const { connection } = node.connect("dan", ["attic", "lobby"]);
  const count = cluster.nodes.length;
  for (const { broker } of cluster.nodes) {
    for (const member of ["dan", connection]) {
      const { items, totals } = await collect(async (cursor) =>
        await new Cluster(broker).rooms({ member, limit: 1, cursor })
      );
      assertEquals(items.map(({ id, members }) => [id, members]), [["attic", count + 1], ["lobby", 2 * count + 1]]);
      assertEquals(totals, [2, 2]);
    }
  }
}

export function directoryContract(declare: Declare): void {
  declare("connections are listed page by page", 1, connectionsAreListed);
  declare("connections of all nodes are listed page by page", 3, connectionsAreListed);
  declare("rooms are listed page by page", 1, roomsAreListed);
  declare("rooms of all nodes are one room each", 3, roomsAreListed);

  declare("rooms of one member count all of their members", 1, roomsOfOneCountAll);
  declare("rooms of one member count the members of all nodes", 3, roomsOfOneCountAll);

  declare("a command for a connection goes to its node alone", 3, async ({ nodes: [a, b, c] }) => {
    const { connection } = b.node.connect("ann");
    const event = { ...message(a.node, "x", { bytes: new Uint8Array([1, 2]) }), room: undefined, binary: true };
    const delivery = { connection, event, once: { sender: "kim", key: "k" } };
    assertEquals(await new Cluster(a.broker).send(delivery), { reached: true });
    assertEquals(b.node.deliveries.map(({ once, event }) => [once, "data" in event && event.data]), [
      [delivery.once, event.data],
    ]);
    assertEquals(await new Cluster(a.broker).execute({ do: "kick", connection, reason: "x" }), 1);
    assertEquals(await new Cluster(b.broker).execute({ do: "kick", connection, reason: "x" }), 1);
    assertEquals(b.node.orders.length, 2);
    for (const { node } of [a, c]) assertEquals([node.orders, node.deliveries], [[], []]);
  });

  declare("a command that nobody can execute reaches nobody", 1, async ({ nodes: [{ broker, node }] }) => {
    const gone = node.connect("ann");
    node.disconnect(gone);
    assertEquals(await new Cluster(broker).execute({ do: "kick", connection: gone.connection, reason: "x" }), 0);
    const foreign = "nosuchnode".padEnd(22, "x");
    assertEquals(await new Cluster(broker).execute({ do: "kick", connection: foreign, reason: "x" }), 0);
    for (const connection of [gone.connection, foreign]) {
      assertEquals(await new Cluster(broker).send({ connection, event: message(node, "x") }), { reached: false });
    }
  });

  declare("a command about a user goes to all nodes", 1, async ({ nodes: [{ broker, node }] }) => {
    node.connect("ann");
    node.connect("ann");
    const order: NodeCommand = { do: "move_group", user: "ann", group: "g", joined: true };
    assertEquals(await new Cluster(broker).execute(order), 2);
    assertEquals(node.orders, [order]);
  });

  declare("a command about a user counts whom it reached anywhere", 3, async ({ nodes }) => {
    for (const { node } of nodes) node.connect("ann");
    nodes[0].node.connect("ann");
    const order: NodeCommand = { do: "put_out", room: "r", member: "ann", reason: "kicked" };
    assertEquals(await new Cluster(nodes[1].broker).execute(order), 4);
    for (const { node } of nodes) assertEquals(node.orders, [order]);
  });

  declare("it is healthy and tells the figures of this node", 1, async ({ nodes: [{ broker, node }] }) => {
    node.connect();
    assertEquals((await broker.health()).ok, true);
    const stats = await new Cluster(broker).stats();
    assertEquals(stats.find((each) => each.node === node.id)?.counters.connections, 1);
  });
}
