/**
 * Threads that publish at full speed through one sequencer: whatever happens to one of them, the others agree on the
 * order of everything, to the last message.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { URL } from "node:url";
import { Worker } from "node:worker_threads";
import { Sequencer } from "../../src/brokers/broadcast_channel/sequencer.ts";
import { testStores } from "../memory_broker.ts";
import { eventually, RUNTIME } from "../harness.ts";
import type { CrowdData, CrowdReport, Tally } from "./crowd_worker.ts";

const SLOW = { timeout: 60_000 };
const ROOMS = Array.from({ length: 50 }, (_, n) => `room ${n}`);

type Plan = Partial<CrowdData> & { name: string };

/** One thread with a broker. */
class CrowdWorker {
  readonly acknowledged = new Int32Array(new SharedArrayBuffer(4));
  readonly exited: Promise<number>;
  readonly #worker: Worker;
  readonly #reports: CrowdReport[] = [];

  constructor(sequencer: Sequencer, plan: Plan) {
    const { uplink, detach } = sequencer.attach();
    const data: CrowdData = { rooms: ROOMS, publishes: 0, ...plan, uplink, acknowledged: this.acknowledged };
    const entry = new URL("./crowd_worker.ts", import.meta.url);
    this.#worker = new Worker(entry, { workerData: data, transferList: [uplink.port] });
    this.#worker.on("message", (report: CrowdReport) => this.#reports.push(report));
    this.exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        detach();
        resolve(code);
      });
    });
  }

  tell(order: "publish" | "end"): void {
    this.#worker.postMessage(order);
  }

  async hear<K extends CrowdReport["is"]>(is: K): Promise<CrowdReport & { is: K }> {
    const found = await eventually(() => this.#reports.find((report) => report.is === is), { withinMs: 40_000 });
    return found as CrowdReport & { is: K };
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

class Crowd implements AsyncDisposable {
  readonly #sequencer = new Sequencer({ stores: testStores({ historyMaxBytes: 1e9 }) });
  readonly #workers: CrowdWorker[] = [];

  async join(plan: Plan): Promise<CrowdWorker> {
    const worker = new CrowdWorker(this.#sequencer, plan);
    this.#workers.push(worker);
    await worker.hear("ready");
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) await worker.end();
    this.#sequencer.close();
  }
}

function isMessage(entry: string): boolean {
  return /^\d/.test(entry);
}

function offsetsOf(order: string[]): number[] {
  return order.filter(isMessage).map((entry) => Number(entry.split(" ")[0]));
}

/** What all have seen: who came before the first message is known only to those who were there. */
function shared({ orders }: Tally, room: string): string[] {
  return orders[room]!.slice(orders[room]!.findIndex(isMessage));
}

test("workers: one that stalls for three seconds ends with the order that all the others have", SLOW, async () => {
  await using crowd = new Crowd();
  const workers: CrowdWorker[] = [];
  for (const name of ["a", "b", "c"]) workers.push(await crowd.join({ name, publishes: 10_000 }));
  workers.push(await crowd.join({ name: "stalled", publishes: 10_000, stallAt: 50, stallMs: 3_000 }));
  for (const worker of workers) worker.tell("publish");
  await Promise.all(workers.map((worker) => worker.hear("published")));
  workers[0]!.tell("end");
  const tallies = await Promise.all(workers.map((worker) => worker.hear("tally")));
  for (const room of ROOMS) {
    const order = shared(tallies[0]!, room);
    assertEquals(order.length, 801);
    assertEquals(offsetsOf(order), order.map((_, n) => n + 1));
    for (const tally of tallies) assertEquals(shared(tally, room), order);
  }
  assertEquals(tallies.map(({ early }) => early), [0, 0, 0, 0], "each publish was delivered here before it settled");
  const [reached, ...others] = tallies.map(({ bare }) => bare).reverse();
  // Otherwise nothing was lost, and nothing shown.
  if (RUNTIME === "deno") assert(reached! < Math.max(...others) - 256, `${reached} of ${others} batches came`);
});

test("workers: one that ends midway leaves once and at one place; one that comes late has no gap", SLOW, async () => {
  await using crowd = new Crowd();
  const [a, b] = [await crowd.join({ name: "a", publishes: 5_000 }), await crowd.join({ name: "b", publishes: 5_000 })];
  const doomed = await crowd.join({ name: "doomed", publishes: 5_000, exitAt: 2_500 });
  for (const worker of [a, b, doomed]) worker.tell("publish");
  await eventually(() => a.acknowledged[0]! > 1_000, { withinMs: 20_000 });
  const late = await crowd.join({ name: "late" });
  assertEquals(await doomed.exited, 3);
  await Promise.all([a.hear("published"), b.hear("published")]);
  a.tell("end");
  const [ofA, ofB, ofLate] = await Promise.all([a.hear("tally"), b.hear("tally"), late.hear("tally")]);
  const { from } = await late.hear("ready");
  for (const room of ROOMS) {
    const order = shared(ofA, room);
    assertEquals(shared(ofB, room), order);
    assertEquals(order.filter((entry) => entry === "leave doomed").length, 1);
    assertEquals(offsetsOf(order), offsetsOf(order).map((_, n) => n + 1));
    const messages = order.filter(isMessage);
    const lateMessages = ofLate.orders[room]!.filter(isMessage);
    assertEquals(lateMessages, messages.slice(messages.length - lateMessages.length));
    assert(offsetsOf(lateMessages)[0]! <= from[room]!.offset + 1, "nothing is missing after its first look");
  }
  const delivered = Object.values(ofA.orders).flat().filter((entry) => / doomed \d/.test(entry)).length;
  assert(delivered >= doomed.acknowledged[0]!, "what was acknowledged was delivered");
});
