/**
 * A worker of workers_order_test.ts: a broker without a server, which publishes into many rooms, notes the order in which
 * everything arrives, and can stall or crash on the way.
 */
import { setImmediate } from "node:timers";
import { parentPort, workerData } from "node:worker_threads";
import process from "node:process";
import type { RoutedEvent } from "../../src/broker.ts";
import { BroadcastChannelBroker, type Uplink } from "../../src/brokers/broadcast_channel/broker.ts";
import { createLog } from "../../src/log.ts";
import type { StreamPosition } from "../../src/message.ts";
import { FakeNode } from "../fakes.ts";

export interface CrowdData {
  name: string;
  uplink: Uplink;
  rooms: string[];
  publishes: number;
  /** After so many of its publishes it does nothing at all for `stallMs`, or ends. */
  stallAt?: number;
  stallMs?: number;
  exitAt?: number;
  /** [0]: how many of its publishes were acknowledged. */
  acknowledged: Int32Array<SharedArrayBuffer>;
}

export interface Snapshot {
  /** Where each room was when this worker came in. */
  from: Record<string, StreamPosition>;
}

/** Told when every room has heard its end. */
export interface Tally {
  /** Of each room: everything that was delivered, in order, as one text a piece. */
  orders: Record<string, string[]>;
  /** Publishes that were acknowledged before they were delivered here. */
  early: number;
  /** Batches that a bare channel of this thread has received. */
  bare: number;
}

export type CrowdReport = { is: "ready" } & Snapshot | { is: "published" } | { is: "tally" } & Tally;

const KEEP = { size: 100, ttlMs: 600_000 };

/** The first are published one after another: many small batches, which take the channel and overrun it. */
const PACED = 1_000;
/** Of the rest, so many at once: large batches. */
const PER_TURN = 5;
const END = "end";

const data: CrowdData = workerData;
const orders: Record<string, string[]> = Object.fromEntries(data.rooms.map((room) => [room, []]));
let bare = 0;
const seen = new Set<string>();
let early = 0;
let ended = 0;

class Recorder extends FakeNode {
  override deliver({ room, event }: RoutedEvent): void {
    if (event.kind === "message") {
      seen.add(event.id);
      orders[room]?.push(`${event.position?.offset} ${event.data}`);
      if (event.data === END && ++ended === data.rooms.length) report({ is: "tally", orders, early, bare });
    } else if (event.kind === "join" || event.kind === "leave") {
      orders[room]?.push(`${event.kind} ${event.member.name}`);
    }
  }
}

const node = new Recorder();
const broker = new BroadcastChannelBroker(data.uplink, createLog({ level: "error" }));
const report = (report: CrowdReport) => parentPort!.postMessage(report);

async function enter(): Promise<Snapshot["from"]> {
  new BroadcastChannel(data.uplink.channel).onmessage = () => void bare++;
  await broker.start(node);
  const from: Snapshot["from"] = {};
  for (const room of data.rooms) {
    await broker.subscribe(room);
    await broker.presence.enter(room, { ...node.connect(data.name), name: data.name });
    from[room] = (await broker.history.read(room, { limit: 0 })).position;
  }
  return from;
}

async function publishAll(): Promise<void> {
  const settled: Promise<void>[] = [];
  for (let n = 0; n < data.publishes; n++) {
    if (n === data.stallAt) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, data.stallMs);
    if (n === data.exitAt) process.exit(3);
    settled.push(publish(n));
    if (n < PACED) await settled[n];
    else if (n % PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(settled);
}

async function publish(n: number): Promise<void> {
  const id = await send(data.rooms[n % data.rooms.length]!, `${data.name} ${n}`);
  Atomics.add(data.acknowledged, 0, 1);
  if (!seen.delete(id)) early++;
}

async function send(room: string, text: string): Promise<string> {
  const from = { connection: node.id.padEnd(22, "x"), name: data.name };
  const id = node.ids.next();
  const event = { kind: "message", id, timestamp: Date.now(), room, from, data: text } as const;
  await broker.publish({ room, event }, { keep: KEEP });
  return id;
}

parentPort!.on("message", async (order: "publish" | "end") => {
  if (order === "end") return await Promise.all(data.rooms.map((room) => send(room, END)));
  await publishAll();
  report({ is: "published" });
});
report({ is: "ready", from: await enter() });
