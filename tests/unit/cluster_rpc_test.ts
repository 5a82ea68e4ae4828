/** Questions between nodes over pub/sub: who is asked, and when an answer is complete. */
import { setImmediate } from "node:timers";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Cluster } from "../../src/brokers/cluster/cluster.ts";
import { InvalidPayloads } from "../../src/brokers/cluster/invalid_payloads.ts";
import { ALL_NODES, NodeRpc } from "../../src/brokers/cluster/rpc.ts";
import { createLog } from "../../src/log.ts";
import { FakeNode } from "../fakes.ts";

/** Pub/sub of one process; says how many heard, or does not. */
class Bus {
  readonly nodes: { node: FakeNode; rpc: NodeRpc; cluster: Cluster }[] = [];
  readonly published: string[] = [];
  readonly leased = new Set<string>();
  readonly deaf = new Set<string>();
  readonly #counts: boolean;

  constructor(counts: boolean) {
    this.#counts = counts;
  }

  add(): FakeNode {
    const node = new FakeNode();
    const invalid = new InvalidPayloads({ log: createLog({ level: "error" }), engine: "a bus", node: () => node });
    const rpc = new NodeRpc({
      publish: (to, payload) => this.#publish(to, payload),
      isLeased: (name) => Promise.resolve(this.leased.has(name)),
      ids: node.ids,
      node: () => node,
      invalid,
    });
    this.nodes.push({ node, rpc, cluster: new Cluster(rpc) });
    this.leased.add(node.id);
    return node;
  }

  #publish(to: string, payload: string): Promise<number | undefined> {
    this.published.push(to);
    const hearers = this.nodes.filter(({ node }) => (to === ALL_NODES || to === node.id) && !this.deaf.has(node.id));
    for (const { rpc } of hearers) rpc.receive(to, payload);
    return Promise.resolve(this.#counts ? hearers.length : undefined);
  }
}

/** What a promise has come to within some turns, in which no timer of a second runs out. */
async function soon<T>(promise: Promise<T>): Promise<T | string> {
  let state: T | string = "still waiting";
  promise.then((value) => state = value, (error) => state = error.code);
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  return state;
}

for (const counts of [true, false]) {
  const engine = counts ? "an engine that counts who hears" : "an engine that cannot count who hears";

  test(`on ${engine}, the node that holds a connection is asked alone, and not waited for longer than it takes`, async () => {
    const bus = new Bus(counts);
    const [near, far, third] = [bus.add(), bus.add(), bus.add()];
    const { connection } = far.connect("ann");
    const { cluster } = bus.nodes[0]!;
    assertEquals(await soon(Promise.resolve(cluster.execute({ do: "kick", connection, reason: "x" }))), 1);
    const event = { kind: "unread", id: "i", timestamp: 1, room: "user:ann", count: 1 } as const;
    assertEquals(await soon(Promise.resolve(cluster.send({ connection, event }))), { reached: true });
    const found = await soon(Promise.resolve(cluster.connections({ id: connection, limit: 1 })));
    assertEquals(typeof found === "object" && found.items.map(({ id }) => id), [connection]);
    assertEquals(new Set(bus.published), new Set([far.id, near.id]), "questions to the one, answers to the other");
    assertEquals(third.orders, []);
  });

  test(`on ${engine}, a node that is gone reaches nobody, and one that only does not hear is unavailable`, async () => {
    const bus = new Bus(counts);
    bus.add();
    const far = bus.add();
    const { connection } = far.connect("ann");
    const kick = () => Promise.resolve(bus.nodes[0]!.cluster.execute({ do: "kick", connection, reason: "x" }));
    bus.deaf.add(far.id);
    // Where nobody knows whether it has heard, it has its second.
    if (counts) assertEquals(await soon(kick()), "unavailable");
    else assertEquals(await kick().catch(({ code }) => code), "unavailable");
    bus.leased.delete(far.id);
    assertEquals(await soon(kick()), 0);
  });
}

test("what is not the id of a connection is nobody's, whatever channel it would name", async () => {
  const bus = new Bus(true);
  bus.add();
  for (const connection of ["*", "", "x", "nosuchnode"]) {
    assertEquals(await bus.nodes[0]!.cluster.execute({ do: "kick", connection, reason: "x" }), 0);
  }
  assertEquals(bus.published, []);
});
