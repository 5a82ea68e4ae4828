/**
 * The contract of src/broker.ts as tests: every broker passes all of them. A new broker costs the function that opens a
 * cluster of n nodes on one engine.
 *
 * What is delivered to a node may arrive later than the call returns, unless the node itself published it; so everything
 * else is waited for.
 */
import { test } from "node:test";
import type { Broker } from "../../src/broker.ts";
import type { MemoryStoresOptions } from "../../src/brokers/memory/stores.ts";
import type { MessageEvent } from "../../src/message.ts";
import type { FakeClock, FakeNode } from "../fakes.ts";
import { deliveryContract } from "./broker_delivery.ts";
import { directoryContract } from "./broker_directory.ts";
import { historyContract } from "./broker_history.ts";
import { presenceContract } from "./broker_presence.ts";
import { storesContract } from "./broker_stores.ts";

/** What every broker under test is opened with. */
export const INBOX = { size: 5, ttlMs: 60_000 } as const;
/** Again at four. */
export const ANNOUNCE_MAX = 5;
export const HISTORY_ROOM_BYTES = 100_000;

/** The bounds of stores in memory, with a clock that can be moved. */
export function storesOptions({ now }: FakeClock): MemoryStoresOptions {
  const [inboxSize, inboxTtlMs] = [INBOX.size, INBOX.ttlMs];
  return { historyMaxBytes: 1e8, historyRoomBytes: HISTORY_ROOM_BYTES, inboxSize, inboxTtlMs, now };
}

export interface TestNode {
  broker: Broker;
  node: FakeNode;
}

export interface BrokerCluster extends AsyncDisposable {
  /** Started, on one engine. */
  nodes: TestNode[];
  /** Lets time pass, where the broker's clock can be moved; what expires is tested only there. */
  advance?: (ms: number) => void;
}

export interface BrokerUnderTest {
  name: string;
  /** How many nodes one engine can serve at most. */
  maxNodes: number;
  open(nodes: number): Promise<BrokerCluster>;
}

/** Declares a test that gets a fresh cluster; left out where the broker cannot have so many nodes. */
export type Declare = (title: string, nodes: number, run: (cluster: BrokerCluster) => Promise<void>) => void;

export function brokerContract({ name, maxNodes, open }: BrokerUnderTest): void {
  const declare: Declare = (title, nodes, run) => {
    if (nodes > maxNodes) return;
    test(`${name} broker: ${title}`, { timeout: 30_000 }, async () => {
      await using cluster = await open(nodes);
      await run(cluster);
    });
  };
  for (const part of [deliveryContract, historyContract, presenceContract, storesContract, directoryContract]) {
    part(declare);
  }
}

/** A message from a connection of the node. */
export function message(node: FakeNode, room: string, data: unknown = { text: "hello" }): MessageEvent {
  const from = { connection: node.id.padEnd(22, "A"), name: "somebody" };
  return { kind: "message", id: node.ids.next(), timestamp: 1_700_000_000_000, room, from, data };
}

/** Publishes `count` kept messages, one after another; their data is 1…count. */
export async function publishKept(
  { broker, node }: TestNode,
  { room, count, size = 100 }: { room: string; count: number; size?: number },
): Promise<MessageEvent[]> {
  const events: MessageEvent[] = [];
  for (let n = 1; n <= count; n++) {
    const event = message(node, room, n);
    const { position } = await broker.publish({ room, event }, { keep: { size, ttlMs: 60_000 } });
    events.push({ ...event, position });
  }
  return events;
}
