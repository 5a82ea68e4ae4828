/** The memory broker keeps the broker contract, and never makes anybody wait. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Cluster } from "../../src/brokers/cluster/cluster.ts";
import { MemoryBroker } from "../../src/brokers/memory/broker.ts";
import { memoryStores } from "../../src/brokers/memory/stores.ts";
import { FakeClock, FakeNode } from "../fakes.ts";
import { memoryBroker } from "../memory_broker.ts";
import { ANNOUNCE_MAX, brokerContract, message, storesOptions } from "./broker.ts";

brokerContract({
  name: "memory",
  maxNodes: 1,
  open() {
    const clock = new FakeClock();
    const node = new FakeNode();
    const broker = new MemoryBroker({ stores: memoryStores(storesOptions(clock)), roomAnnounceMax: ANNOUNCE_MAX });
    broker.start(node);
    return Promise.resolve({
      nodes: [{ broker, node }],
      advance: clock.advance.bind(clock),
      [Symbol.asyncDispose]: () => Promise.resolve(broker.close()),
    });
  },
});

test("every answer of the memory broker is there in the turn that asks", () => {
  const broker = memoryBroker();
  const node = new FakeNode();
  broker.start(node);
  const { connection } = node.connect("ann", ["r"]);
  const cluster = new Cluster(broker);
  const event = message(node, "r");
  const answers = {
    connections: cluster.connections({ limit: 1 }),
    one: cluster.connections({ id: connection, limit: 1 }),
    rooms: cluster.rooms({ member: "ann", limit: 1 }),
    roomsOf: cluster.roomsOf("ann"),
    stats: cluster.stats(),
    reaches: cluster.reaches("another"),
    execute: cluster.execute({ do: "kick", user: "ann", reason: "x" }),
    send: cluster.send({ connection, event }),
    publish: broker.publish({ room: "r", event }, { keep: { size: 1, ttlMs: 1 }, once: { sender: "a", key: "k" } }),
    enter: broker.presence.enter("r", { connection, name: "ann" }),
    update: broker.presence.update("r", connection, 1),
    read: broker.history.read("r", { limit: 1 }),
    unread: broker.inbox.unread("ann"),
    groups: broker.grants.groups("ann"),
  };
  const waiting = Object.entries(answers).filter(([, answer]) => (answer as unknown) instanceof Promise);
  assertEquals(waiting.map(([name]) => name), []);
  broker.close();
});
