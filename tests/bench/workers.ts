/**
 * The broker of several workers, without sockets: what a publish costs, and how long it takes to another worker.
 *
 *   bun tests/bench/workers.ts
 *   deno run --allow-all tests/bench/workers.ts
 *
 * Three workers are in one room, one publishes 100 bytes: alone, 16 at a time, 1,000 at a time. Each way of the batches is
 * measured: the channel for all of them, the ports for all of them, and what the server does, which is the channel for
 * small ones. CPU is of the whole process, all threads.
 */
import { setImmediate, setTimeout } from "node:timers/promises";
import { URL } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import process from "node:process";
import { BroadcastChannelBroker } from "../../src/brokers/broadcast_channel/broker.ts";
import { memoryStores } from "../../src/brokers/memory/stores.ts";
import { Sequencer } from "../../src/brokers/broadcast_channel/sequencer.ts";
import type { RoutedEvent } from "../../src/broker.ts";
import { createLog } from "../../src/log.ts";
import { FakeNode } from "../fakes.ts";

const WORKERS = 3;
const WAYS = { channel: Infinity, ports: 0, both: undefined };
/** `pauseMs`: between one publish and the next. */
const LOADS = [
  { inFlight: 1, count: 1_000, pauseMs: 1 },
  { inFlight: 16, count: 20_000 },
  { inFlight: 1_000, count: 100_000 },
  { inFlight: 1_000, count: 100_000, keep: 100 },
];
type Load = { inFlight: number; count: number; pauseMs?: number; keep?: number };

/** Milliseconds on the clock that all threads share. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

async function measure(way: keyof typeof WAYS): Promise<void> {
  const stores = memoryStores({ historyMaxBytes: 1e8, inboxSize: 1, inboxTtlMs: 1 });
  const sequencer = new Sequencer({ stores, largeChars: WAYS[way] });
  const reports: { worker: number; latencies: number[] }[] = [];
  const workers = Array.from({ length: WORKERS }, (_, worker) => {
    const { uplink } = sequencer.attach();
    const started = new Worker(new URL(import.meta.url), { workerData: uplink, transferList: [uplink.port] });
    started.on("message", (latencies: number[]) => reports.push({ worker, latencies }));
    return started;
  });
  const all = async () => {
    while (reports.length < WORKERS) await setTimeout(10);
    return reports.splice(0).sort((a, b) => a.worker - b.worker);
  };
  const run = async (load: Load) => {
    for (const [n, worker] of workers.entries()) worker.postMessage({ load, publishes: n === 0 });
    return await all();
  };
  await all();
  for (const load of LOADS) {
    await run(load);
    const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
    const [own, other] = await run(load);
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    console.log([
      way.padEnd(8),
      `${load.inFlight} in flight${load.keep ? ", kept" : ""}`.padEnd(22),
      `${Math.round(load.count / seconds)} publishes/s`.padStart(20),
      `${((user + system) / load.count).toFixed(1)} us CPU each`.padStart(20),
      `own worker ${quantiles(own!.latencies)}, other ${quantiles(other!.latencies)} ms`,
    ].join("  "));
  }
  for (const worker of workers) await worker.terminate();
  sequencer.close();
}

/** p50 / p99. */
function quantiles(values: number[]): string {
  values.sort((a, b) => a - b);
  return [0.5, 0.99].map((share) => values[Math.floor(values.length * share)]!.toFixed(3)).join(" / ");
}

class Listener extends FakeNode {
  #latencies: number[] = [];
  /** After so many messages it reports. */
  expected = 0;

  override deliver({ event }: RoutedEvent): void {
    if (event.kind !== "message") return;
    this.#latencies.push(now() - (event.data as { at: number }).at);
    if (this.#latencies.length === this.expected) parentPort!.postMessage(this.#latencies.splice(0));
  }
}

async function work(): Promise<void> {
  const node = new Listener();
  const broker = new BroadcastChannelBroker(workerData, createLog());
  const from = { connection: node.ids.next(), name: "somebody" };
  const publish = async ({ keep, pauseMs }: Load) => {
    const head = { id: node.ids.next(), timestamp: Date.now(), room: "r", from };
    const event = { kind: "message", ...head, data: { at: now(), text: "x".repeat(100) } } as const;
    await broker.publish({ room: "r", event }, { keep: keep ? { size: keep, ttlMs: 60_000 } : undefined });
    if (pauseMs) await setTimeout(pauseMs);
  };
  parentPort!.on("message", async ({ load, publishes }: { load: Load; publishes: boolean }) => {
    node.expected = load.count;
    if (!publishes) return;
    await setImmediate();
    let left = load.count;
    const one = async () => {
      while (left-- > 0) await publish(load);
    };
    await Promise.all(Array.from({ length: load.inFlight }, one));
  });
  await broker.start(node);
  await broker.subscribe("r");
  parentPort!.postMessage([]);
}

async function main(): Promise<void> {
  for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) await measure(way);
  process.exit(0);
}

void (isMainThread ? main() : work());
