/**
 * What the broadcast broker does about batches that do not come: asked for again, read from the rooms' histories, or told
 * as lost. The channel is cut by giving a node the name of another one.
 */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { BroadcastChannelBroker } from "../../src/brokers/broadcast_channel/broker.ts";
import { BatchLog } from "../../src/brokers/broadcast_channel/batch_log.ts";
import { BatchReader } from "../../src/brokers/broadcast_channel/batch_reader.ts";
import { Sequencer } from "../../src/brokers/broadcast_channel/sequencer.ts";
import { createLog } from "../../src/log.ts";
import { publishKept } from "../contract/broker.ts";
import { FakeNode } from "../fakes.ts";
import { testStores } from "../memory_broker.ts";
import { eventually } from "../waiting.ts";

const LOG = createLog({ level: "error" });

class Reading {
  readonly texts: string[] = [];
  readonly asked: number[] = [];
  readonly reader = new BatchReader({
    deliver: (text) => this.texts.push(text),
    ask: (after) => this.asked.push(after),
  });

  receive(...numbers: number[]): this {
    for (const number of numbers) this.reader.receive(batch(number));
    return this;
  }

  repair(...numbers: number[]): this {
    this.reader.repair({ batches: numbers.map(batch) });
    return this;
  }
}

function batch(number: number) {
  return { number, text: `b${number}` };
}

/** A reader that was told to begin after batch 10. */
function begun(): Reading {
  const reading = new Reading().receive(8, 12);
  reading.reader.repair({ anew: { number: 10, text: "" } });
  reading.asked.length = 0;
  reading.texts.length = 0;
  return reading.repair(11);
}

test("batches: what came before the beginning is dropped, what came after it is held", () => {
  assertEquals(begun().texts, ["b11", "b12"]);
});

test("batches: a hole is asked for once, and filled in order", async () => {
  const reading = begun().receive(13, 16, 17, 20);
  await eventually(() => reading.asked.length > 0);
  assertEquals([reading.texts.slice(2), reading.asked], [["b13"], [13]]);
  reading.repair(14, 15);
  assertEquals([reading.texts.slice(3), reading.asked], [["b14", "b15", "b16", "b17"], [13, 17]]);
  reading.repair(18, 19, 20, 21).receive(19, 21, 22);
  assertEquals([reading.texts.slice(7), reading.asked.length], [["b18", "b19", "b20", "b21", "b22"], 2]);
});

test("batches: what comes the other way a little later is not asked for", async () => {
  const reading = begun().receive(14, 13);
  assertEquals(reading.texts.slice(2), ["b13", "b14"]);
  reading.receive(16);
  await eventually(() => reading.asked.length > 0);
  assertEquals(reading.asked, [14]);
});

test("batches: a last one that is lost is asked for when the port names it", async () => {
  const reading = begun();
  reading.reader.expect(13);
  reading.reader.expect(14);
  await eventually(() => reading.asked.length > 0);
  assertEquals(reading.asked, [12]);
  reading.repair(13, 14);
  assertEquals([reading.reader.delivered, reading.asked], [14, [12]]);
  reading.reader.close();
});

test("batches: a beginning anew skips what is gone, and keeps what follows", () => {
  const reading = begun().receive(15, 17, 18);
  reading.reader.repair({ anew: { number: 16, text: "all of it" } });
  assertEquals(reading.texts.slice(2), ["all of it", "b17", "b18"]);
});

test("batches: the log answers piece by piece, and says when it cannot", () => {
  const log = new BatchLog(3_000_000);
  for (let n = 1; n <= 25; n++) log.append("x".repeat(100_000));
  assertEquals(log.after(20)?.map(({ number }) => number), [21, 22, 23, 24, 25]);
  assertEquals(log.after(25), []);
  assertEquals(log.after(0)?.length, 11, "about a megabyte");
  log.forget(22);
  assertEquals([log.after(22)?.length, log.after(21)], [3, undefined]);
  for (let n = 0; n < 30; n++) log.append("x".repeat(100_000));
  assertEquals(log.after(25), undefined, "it is bounded");
  assertEquals(log.after(50)?.length, 5);
  assertEquals(log.posted, 5_500_000);
});

/** Two nodes; the second hears nothing of the channel. */
async function cut(
  logChars: number | undefined,
  run: (worker: TestWorker, deaf: TestWorker) => Promise<void>,
): Promise<void> {
  const sequencer = new Sequencer({ stores: testStores(), logChars });
  const elsewhere = new Sequencer({ stores: testStores() });
  const workers: TestWorker[] = [];
  for (const isDeaf of [false, true]) {
    const node = new FakeNode();
    const { uplink } = sequencer.attach();
    const { channel } = isDeaf ? elsewhere.attach().uplink : uplink;
    const broker = new BroadcastChannelBroker({ port: uplink.port, channel }, LOG);
    await broker.start(node);
    workers.push({ broker, node });
  }
  await run(workers[0]!, workers[1]!);
  for (const { broker } of workers) await broker.close();
  sequencer.close();
  elsewhere.close();
}

type TestWorker = { broker: BroadcastChannelBroker; node: FakeNode };

function dataIn({ node }: TestWorker, room: string): unknown[] {
  return node.messagesIn(room).map(({ data }) => data);
}

test("broadcast: a node that hears nothing of the channel gets everything by asking", { timeout: 20_000 }, async () => {
  await cut(undefined, async (worker, deaf) => {
    await deaf.broker.subscribe("r");
    await deaf.broker.presence.enter("r", deaf.node.connect("ann"));
    await worker.broker.presence.enter("r", worker.node.connect("bob"));
    await publishKept(worker, { room: "r", count: 300 });
    await eventually(() => deaf.node.eventsIn("r").length === 301);
    assertEquals(deaf.node.movesIn("r").map(({ kind, member }) => kind + member.user), ["joinbob"]);
    assertEquals(dataIn(deaf, "r"), Array.from({ length: 300 }, (_, n) => n + 1));
    const { position } = (await publishKept(deaf, { room: "r", count: 1 }))[0]!;
    assertEquals(position?.offset, 301);
    assertEquals(deaf.node.messagesIn("r").length, 302 - 1, "its own is delivered before it settles");
  });
});

test(
  "broadcast: beyond the log the rooms' histories fill the hole, and what they lost is told",
  { timeout: 20_000 },
  async () => {
    await cut(2_000, async (worker, deaf) => {
      for (const room of ["long", "short", "never read"]) await deaf.broker.subscribe(room);
      for (const room of ["long", "short"]) await deaf.broker.history.read(room, { limit: 0 });
      await Promise.all([
        publishKept(worker, { room: "long", count: 80 }),
        publishKept(worker, { room: "short", count: 80, size: 5 }),
      ]);
      await eventually(() => dataIn(deaf, "long").length === 80);
      const events = deaf.node.eventsIn("short");
      const reset = await eventually(() => deaf.node.eventsIn("short").find(({ kind }) => kind === "reset"));
      const { position } = await deaf.broker.history.read("short", { limit: 0 });
      assertEquals([reset.room, "position" in reset && reset.position?.epoch], ["short", position.epoch]);
      assertEquals(dataIn(deaf, "long"), Array.from({ length: 80 }, (_, n) => n + 1));
      const after = events.slice(events.indexOf(reset) + 1);
      assertEquals(after.map((event) => "data" in event && event.data), after.map((_, n) => 80 - after.length + n + 1));
      // Joins and leaves are in no history.
      const told = deaf.node.orders.flatMap((order) => order.do === "tell_members" ? order.rooms : []);
      assertEquals([...new Set(told)].sort(), ["long", "never read", "short"]);
      assertEquals(worker.node.orders, []);
      await publishKept(worker, { room: "long", count: 1 });
      await eventually(() => dataIn(deaf, "long").length === 81);
    });
  },
);

test(
  "broadcast: a worker that does not read any more is reported before memory runs out",
  { timeout: 20_000 },
  async () => {
    const behind: string[] = [];
    const overrun = (node: string) => void behind.push(node);
    const sequencer = new Sequencer({ stores: testStores(), overrun, maxBehindChars: 10_000 });
    const stuck = sequencer.attach();
    stuck.uplink.port.postMessage([{ do: "hello", node: "stuck" }]);
    const node = new FakeNode();
    const broker = new BroadcastChannelBroker(sequencer.attach().uplink, LOG);
    await broker.start(node);
    await broker.subscribe("r");
    await publishKept({ broker, node }, { room: "r", count: 100 });
    await eventually(() => behind.length > 0);
    assertEquals(new Set(behind), new Set(["stuck"]));
    stuck.detach();
    await broker.close();
    sequencer.close();
  },
);
