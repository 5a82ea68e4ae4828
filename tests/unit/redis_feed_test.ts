/** How a room heard through Redis closes its gaps: every kept message once and in order, whatever the channel loses. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Feed, type Missed } from "../../src/brokers/cluster/feed.ts";
import type { ReceivedEvent } from "../../src/brokers/cluster/wire.ts";
import type { StreamPosition } from "../../src/message.ts";
import { eventually } from "../waiting.ts";

/** A room's log as Redis would keep it, and a feed on it whose reads end when the test says so. */
class FakeRedisLog {
  readonly told: string[] = [];
  readonly invalidPayloads: string[] = [];
  readonly late: string[] = [];
  readonly known: string[] = [];
  readonly feed: Feed;
  epoch = "e";
  log: ReceivedEvent[] = [];
  first = 1;
  page = 3;
  isAway = false;
  reads = 0;
  #gates: (() => void)[] = [];
  holdReads = false;
  /** Whether the channel brings what is published; otherwise it is kept for {@link letChannelGo}. */
  holdChannel = false;
  isDeaf = false;
  #onTheWay: ReceivedEvent[] = [];
  #marks = 0;

  constructor() {
    this.feed = new Feed({
      deliver: ({ id }) => this.told.push(id),
      known: ({ id }) => this.known.push(id),
      reset: ({ epoch, offset }) => this.told.push(`reset ${epoch}${offset}`),
      read: (after, mark) => this.#read(after, mark),
      nextMark: () => `mark ${++this.#marks}`,
      invalid: ({ id }) => this.invalidPayloads.push(id),
      late: ({ id }) => this.late.push(id),
    });
  }

  /** Appends the next message without the channel. */
  keep(): ReceivedEvent {
    const offset = (this.log.at(-1)?.offset ?? 0) + 1;
    const received = { epoch: this.epoch, offset, isKept: true, id: `${this.epoch}${offset}`, json: "{}" };
    this.log.push(received);
    return received;
  }

  /** An event that is not kept, as it is published now. */
  signal(id: string): ReceivedEvent {
    return { epoch: this.epoch, offset: this.log.at(-1)?.offset ?? 0, isKept: false, id, json: "{}" };
  }

  /** Publishes in the channel. */
  send(received: ReceivedEvent): void {
    if (this.isDeaf) return;
    if (this.holdChannel) this.#onTheWay.push(received);
    else this.feed.receive(received);
  }

  letChannelGo(): void {
    this.holdChannel = false;
    for (const received of this.#onTheWay.splice(0)) this.feed.receive(received);
  }

  letReadsGo(): void {
    for (const go of this.#gates.splice(0)) go();
  }

  async settled(count: number): Promise<void> {
    await eventually(() => this.told.length >= count);
  }

  async #read(after: StreamPosition, mark: string): Promise<Missed> {
    this.reads++;
    if (this.isAway) throw new Error("away");
    const head = this.log.at(-1)?.offset ?? 0;
    const all = this.log.slice();
    this.send({ ...this.signal(mark), json: "" });
    if (this.holdReads) await new Promise<void>((resolve) => this.#gates.push(resolve));
    const recovered = after.epoch === this.epoch && after.offset + 1 >= this.first && after.offset <= head;
    const receivedEvents = recovered ? all.filter(({ offset }) => offset > after.offset).slice(0, this.page) : [];
    return { position: { epoch: this.epoch, offset: head }, recovered, receivedEvents };
  }
}

test("what comes in order is told at once, what comes twice once", () => {
  const redis = new FakeRedisLog();
  const [one, two] = [redis.keep(), redis.keep()];
  const between = { ...redis.signal("s"), offset: 1 };
  for (const received of [one, between, two, two, one]) redis.feed.receive(received);
  assertEquals(redis.told, ["e1", "s", "e2"]);
  assertEquals(redis.reads, 0);
});

test("a gap is filled from the log, page by page, before what followed it", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  for (let n = 0; n < 7; n++) redis.keep();
  redis.feed.receive(redis.keep());
  redis.feed.receive(redis.signal("s"));
  await redis.settled(10);
  assertEquals(redis.told, ["e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9", "s"]);
});

test("what arrives while a gap is filled waits for it", async () => {
  const redis = new FakeRedisLog();
  redis.holdReads = true;
  redis.feed.receive(redis.keep());
  redis.keep();
  const third = redis.keep();
  redis.feed.receive(third);
  redis.feed.receive(redis.signal("s"));
  const fourth = redis.keep();
  redis.feed.receive(fourth);
  assertEquals(redis.told, ["e1"]);
  redis.holdReads = false;
  redis.letReadsGo();
  await redis.settled(5);
  assertEquals(redis.told, ["e1", "e2", "e3", "s", "e4"]);
});

test("a connection that is back shows a lost tail", async () => {
  const redis = new FakeRedisLog();
  redis.feed.startAt({ epoch: "e", offset: 0 });
  redis.keep();
  redis.keep();
  redis.feed.catchUp();
  await redis.settled(2);
  assertEquals(redis.told, ["e1", "e2"]);
});

test("what a position that was told, or a reset, stands for is known when it comes", async () => {
  const redis = new FakeRedisLog();
  const first = redis.keep();
  redis.feed.startAt({ epoch: "e", offset: 1 });
  redis.feed.receive(first);
  for (let n = 0; n < 5; n++) redis.keep();
  redis.first = 5;
  redis.feed.receive(redis.log[3]!);
  await redis.settled(1);
  assertEquals([redis.told, redis.known], [["reset e6"], ["e1", "e4"]]);
});

test("a room whose position nobody was told has missed nothing", () => {
  const redis = new FakeRedisLog();
  redis.keep();
  redis.feed.catchUp();
  assertEquals(redis.reads, 0);
  redis.feed.receive(redis.keep());
  assertEquals(redis.told, ["e2"]);
});

test("what the log has lost becomes one reset, and goes on from there", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  for (let n = 0; n < 9; n++) redis.keep();
  redis.first = 8;
  redis.feed.receive(redis.log[9]!);
  await redis.settled(1);
  redis.feed.receive(redis.keep());
  await redis.settled(3);
  assertEquals(redis.told, ["e1", "reset e10", "e11"]);
});

test("another epoch is a reset", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.epoch = "f";
  redis.log = [];
  redis.feed.receive(redis.keep());
  await redis.settled(2);
  redis.feed.receive(redis.keep());
  assertEquals(redis.told, ["e1", "reset f1", "f2"]);
});

test("a log that cannot be read is read again", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.keep();
  redis.isAway = true;
  redis.feed.receive(redis.keep());
  await eventually(() => redis.reads >= 1);
  redis.isAway = false;
  await redis.settled(3);
  assertEquals(redis.told, ["e1", "e2", "e3"]);
});

test("a connection that is back does not wait for the next try", async () => {
  const redis = new FakeRedisLog();
  redis.isAway = true;
  redis.feed.receive(redis.keep());
  redis.keep();
  redis.feed.receive(redis.keep());
  await eventually(() => redis.reads >= 2);
  redis.isAway = false;
  const { reads } = redis;
  redis.feed.catchUp();
  assertEquals(redis.reads, reads + 1);
  await redis.settled(3);
  assertEquals(redis.told, ["e1", "e2", "e3"]);
});

test("a forgery does not stop a room", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.feed.receive({ epoch: "e", offset: 99, isKept: true, id: "forged", json: "{}" });
  await eventually(() => redis.invalidPayloads.length > 0);
  redis.feed.receive({ epoch: "other", offset: 1, isKept: false, id: "foreign", json: "{}" });
  await eventually(() => redis.invalidPayloads.length > 1);
  redis.feed.receive(redis.keep());
  await redis.settled(2);
  assertEquals(redis.invalidPayloads, ["forged", "foreign"]);
  assertEquals(redis.told, ["e1", "e2"]);
});

test("whoever was told a position waits until the channel is there", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  const [second, third] = [redis.keep(), redis.keep()];
  assertEquals(redis.feed.reach({ epoch: "e", offset: 1 }), undefined);
  const reached = redis.feed.reach({ epoch: "e", offset: 3 })!.then(() => redis.told.push("reached"));
  redis.feed.receive(second);
  await Promise.resolve();
  assertEquals(redis.told, ["e1", "e2"]);
  redis.feed.receive(third);
  await reached;
  assertEquals(redis.told, ["e1", "e2", "e3", "reached"]);
});

test("a channel that stays behind the log is filled from it", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.keep();
  const reached = redis.feed.reach({ epoch: "e", offset: 2 });
  await redis.settled(2);
  await reached;
  assertEquals(redis.told, ["e1", "e2"]);
  const never = redis.feed.reach({ epoch: "e", offset: 9 });
  redis.feed.close();
  await never;
});

test("a closed feed tells nothing more", async () => {
  const redis = new FakeRedisLog();
  redis.holdReads = true;
  redis.feed.receive(redis.keep());
  redis.keep();
  redis.feed.receive(redis.keep());
  redis.feed.close();
  redis.letReadsGo();
  await Promise.resolve();
  assertEquals(redis.told, ["e1"]);
});

test("a log that is ahead of the channel overtakes nothing that is not kept", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.holdChannel = true;
  redis.send(redis.signal("s"));
  redis.send(redis.keep());
  redis.feed.catchUp();
  await eventually(() => redis.reads === 1);
  redis.send(redis.signal("t"));
  redis.letChannelGo();
  await redis.settled(4);
  assertEquals(redis.told, ["e1", "s", "e2", "t"]);
});

test("what was held and is not kept keeps its place between messages from the log", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.keep();
  redis.holdReads = true;
  redis.feed.receive(redis.signal("s"));
  redis.keep();
  redis.feed.receive(redis.signal("t"));
  redis.keep();
  redis.holdReads = false;
  redis.feed.catchUp();
  redis.letReadsGo();
  await redis.settled(6);
  assertEquals(redis.told, ["e1", "e2", "s", "e3", "t", "e4"]);
});

test("what the log has dropped already and the channel still brings is not lost", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.holdChannel = true;
  for (let n = 0; n < 9; n++) redis.send(redis.keep());
  redis.first = 8;
  redis.feed.catchUp();
  await eventually(() => redis.reads === 1);
  redis.letChannelGo();
  await redis.settled(10);
  assertEquals(redis.told, redis.log.map(({ id }) => id));
});

test("an event that is not kept shows that the message before it was lost", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.keep();
  redis.feed.receive(redis.signal("s"));
  await redis.settled(3);
  assertEquals(redis.told, ["e1", "e2", "s"]);
});

test("a deaf channel keeps no message back, and what it brings too late is dropped", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  const s = redis.signal("s");
  redis.keep();
  redis.isDeaf = true;
  redis.feed.catchUp();
  await redis.settled(2);
  redis.isDeaf = false;
  redis.send(s);
  redis.send(redis.signal("t"));
  assertEquals(redis.told, ["e1", "e2", "t"]);
  assertEquals(redis.late, ["s"]);
});

test("a mark that was lost with its connection is asked for again", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  redis.isDeaf = true;
  redis.keep();
  redis.feed.catchUp();
  await eventually(() => redis.reads === 1);
  redis.isDeaf = false;
  redis.holdChannel = true;
  redis.send(redis.signal("s"));
  redis.send(redis.keep());
  redis.feed.catchUp();
  await eventually(() => redis.reads === 2);
  assertEquals(redis.told, ["e1"]);
  redis.letChannelGo();
  await redis.settled(4);
  assertEquals(redis.told, ["e1", "e2", "s", "e3"]);
});

test("what is left of a former epoch in the channel is no gap", async () => {
  const redis = new FakeRedisLog();
  redis.feed.receive(redis.keep());
  const [s, lost] = [redis.signal("s"), redis.keep()];
  redis.epoch = "f";
  redis.log = [];
  redis.holdReads = true;
  redis.feed.catchUp();
  redis.feed.receive(s);
  redis.feed.receive(lost);
  redis.holdReads = false;
  redis.letReadsGo();
  await redis.settled(3);
  redis.feed.receive(redis.keep());
  redis.feed.receive(s);
  assertEquals(redis.told, ["e1", "reset f0", "s", "f1"]);
  assertEquals([redis.invalidPayloads, redis.late, redis.reads], [[], ["s"], 1]);
});

test("random losses leave no gap and no double", async () => {
  let random = 11;
  const next = (below: number) => (random = random * 48271 % 2147483647) % below;
  const redis = new FakeRedisLog();
  redis.page = 20;
  redis.feed.receive(redis.keep());
  for (let n = 0; n < 500; n++) {
    const received = redis.keep();
    if (next(4) > 0) redis.feed.receive(received);
    if (next(10) === 0) redis.feed.receive(redis.log[next(redis.log.length)]!);
    if (next(8) === 0) await Promise.resolve();
  }
  redis.feed.catchUp();
  await redis.settled(501);
  assertEquals(redis.told, redis.log.map(({ id }) => id));
});
