/** How a room heard through Redis closes its gaps: every kept message once and in order, whatever the channel loses. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Feed, type Missed } from "../../src/brokers/cluster/feed.ts";
import type { ReceivedEvent } from "../../src/brokers/cluster/wire.ts";
import type { StreamPosition } from "../../src/message.ts";
import { eventually } from "../waiting.ts";

/** A room's log as Redis would keep it, and a feed on it whose reads end when the test says so. */
class Stage {
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
  const stage = new Stage();
  const [one, two] = [stage.keep(), stage.keep()];
  const between = { ...stage.signal("s"), offset: 1 };
  for (const received of [one, between, two, two, one]) stage.feed.receive(received);
  assertEquals(stage.told, ["e1", "s", "e2"]);
  assertEquals(stage.reads, 0);
});

test("a gap is filled from the log, page by page, before what followed it", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  for (let n = 0; n < 7; n++) stage.keep();
  stage.feed.receive(stage.keep());
  stage.feed.receive(stage.signal("s"));
  await stage.settled(10);
  assertEquals(stage.told, ["e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9", "s"]);
});

test("what arrives while a gap is filled waits for it", async () => {
  const stage = new Stage();
  stage.holdReads = true;
  stage.feed.receive(stage.keep());
  stage.keep();
  const third = stage.keep();
  stage.feed.receive(third);
  stage.feed.receive(stage.signal("s"));
  const fourth = stage.keep();
  stage.feed.receive(fourth);
  assertEquals(stage.told, ["e1"]);
  stage.holdReads = false;
  stage.letReadsGo();
  await stage.settled(5);
  assertEquals(stage.told, ["e1", "e2", "e3", "s", "e4"]);
});

test("a connection that is back shows a lost tail", async () => {
  const stage = new Stage();
  stage.feed.startAt({ epoch: "e", offset: 0 });
  stage.keep();
  stage.keep();
  stage.feed.catchUp();
  await stage.settled(2);
  assertEquals(stage.told, ["e1", "e2"]);
});

test("what a position that was told, or a reset, stands for is known when it comes", async () => {
  const stage = new Stage();
  const first = stage.keep();
  stage.feed.startAt({ epoch: "e", offset: 1 });
  stage.feed.receive(first);
  for (let n = 0; n < 5; n++) stage.keep();
  stage.first = 5;
  stage.feed.receive(stage.log[3]!);
  await stage.settled(1);
  assertEquals([stage.told, stage.known], [["reset e6"], ["e1", "e4"]]);
});

test("a room whose position nobody was told has missed nothing", () => {
  const stage = new Stage();
  stage.keep();
  stage.feed.catchUp();
  assertEquals(stage.reads, 0);
  stage.feed.receive(stage.keep());
  assertEquals(stage.told, ["e2"]);
});

test("what the log has lost becomes one reset, and goes on from there", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  for (let n = 0; n < 9; n++) stage.keep();
  stage.first = 8;
  stage.feed.receive(stage.log[9]!);
  await stage.settled(1);
  stage.feed.receive(stage.keep());
  await stage.settled(3);
  assertEquals(stage.told, ["e1", "reset e10", "e11"]);
});

test("another epoch is a reset", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.epoch = "f";
  stage.log = [];
  stage.feed.receive(stage.keep());
  await stage.settled(2);
  stage.feed.receive(stage.keep());
  assertEquals(stage.told, ["e1", "reset f1", "f2"]);
});

test("a log that cannot be read is read again", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.keep();
  stage.isAway = true;
  stage.feed.receive(stage.keep());
  await eventually(() => stage.reads >= 1);
  stage.isAway = false;
  await stage.settled(3);
  assertEquals(stage.told, ["e1", "e2", "e3"]);
});

test("a connection that is back does not wait for the next try", async () => {
  const stage = new Stage();
  stage.isAway = true;
  stage.feed.receive(stage.keep());
  stage.keep();
  stage.feed.receive(stage.keep());
  await eventually(() => stage.reads >= 2);
  stage.isAway = false;
  const { reads } = stage;
  stage.feed.catchUp();
  assertEquals(stage.reads, reads + 1);
  await stage.settled(3);
  assertEquals(stage.told, ["e1", "e2", "e3"]);
});

test("a forgery does not stop a room", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.feed.receive({ epoch: "e", offset: 99, isKept: true, id: "forged", json: "{}" });
  await eventually(() => stage.invalidPayloads.length > 0);
  stage.feed.receive({ epoch: "other", offset: 1, isKept: false, id: "foreign", json: "{}" });
  await eventually(() => stage.invalidPayloads.length > 1);
  stage.feed.receive(stage.keep());
  await stage.settled(2);
  assertEquals(stage.invalidPayloads, ["forged", "foreign"]);
  assertEquals(stage.told, ["e1", "e2"]);
});

test("whoever was told a position waits until the channel is there", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  const [second, third] = [stage.keep(), stage.keep()];
  assertEquals(stage.feed.reach({ epoch: "e", offset: 1 }), undefined);
  const reached = stage.feed.reach({ epoch: "e", offset: 3 })!.then(() => stage.told.push("reached"));
  stage.feed.receive(second);
  await Promise.resolve();
  assertEquals(stage.told, ["e1", "e2"]);
  stage.feed.receive(third);
  await reached;
  assertEquals(stage.told, ["e1", "e2", "e3", "reached"]);
});

test("a channel that stays behind the log is filled from it", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.keep();
  const reached = stage.feed.reach({ epoch: "e", offset: 2 });
  await stage.settled(2);
  await reached;
  assertEquals(stage.told, ["e1", "e2"]);
  const never = stage.feed.reach({ epoch: "e", offset: 9 });
  stage.feed.close();
  await never;
});

test("a closed feed tells nothing more", async () => {
  const stage = new Stage();
  stage.holdReads = true;
  stage.feed.receive(stage.keep());
  stage.keep();
  stage.feed.receive(stage.keep());
  stage.feed.close();
  stage.letReadsGo();
  await Promise.resolve();
  assertEquals(stage.told, ["e1"]);
});

test("a log that is ahead of the channel overtakes nothing that is not kept", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.holdChannel = true;
  stage.send(stage.signal("s"));
  stage.send(stage.keep());
  stage.feed.catchUp();
  await eventually(() => stage.reads === 1);
  stage.send(stage.signal("t"));
  stage.letChannelGo();
  await stage.settled(4);
  assertEquals(stage.told, ["e1", "s", "e2", "t"]);
});

test("what was held and is not kept keeps its place between messages from the log", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.keep();
  stage.holdReads = true;
  stage.feed.receive(stage.signal("s"));
  stage.keep();
  stage.feed.receive(stage.signal("t"));
  stage.keep();
  stage.holdReads = false;
  stage.feed.catchUp();
  stage.letReadsGo();
  await stage.settled(6);
  assertEquals(stage.told, ["e1", "e2", "s", "e3", "t", "e4"]);
});

test("what the log has dropped already and the channel still brings is not lost", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.holdChannel = true;
  for (let n = 0; n < 9; n++) stage.send(stage.keep());
  stage.first = 8;
  stage.feed.catchUp();
  await eventually(() => stage.reads === 1);
  stage.letChannelGo();
  await stage.settled(10);
  assertEquals(stage.told, stage.log.map(({ id }) => id));
});

test("an event that is not kept shows that the message before it was lost", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.keep();
  stage.feed.receive(stage.signal("s"));
  await stage.settled(3);
  assertEquals(stage.told, ["e1", "e2", "s"]);
});

test("a deaf channel keeps no message back, and what it brings too late is dropped", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  const s = stage.signal("s");
  stage.keep();
  stage.isDeaf = true;
  stage.feed.catchUp();
  await stage.settled(2);
  stage.isDeaf = false;
  stage.send(s);
  stage.send(stage.signal("t"));
  assertEquals(stage.told, ["e1", "e2", "t"]);
  assertEquals(stage.late, ["s"]);
});

test("a mark that was lost with its connection is asked for again", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  stage.isDeaf = true;
  stage.keep();
  stage.feed.catchUp();
  await eventually(() => stage.reads === 1);
  stage.isDeaf = false;
  stage.holdChannel = true;
  stage.send(stage.signal("s"));
  stage.send(stage.keep());
  stage.feed.catchUp();
  await eventually(() => stage.reads === 2);
  assertEquals(stage.told, ["e1"]);
  stage.letChannelGo();
  await stage.settled(4);
  assertEquals(stage.told, ["e1", "e2", "s", "e3"]);
});

test("what is left of a former epoch in the channel is no gap", async () => {
  const stage = new Stage();
  stage.feed.receive(stage.keep());
  const [s, lost] = [stage.signal("s"), stage.keep()];
  stage.epoch = "f";
  stage.log = [];
  stage.holdReads = true;
  stage.feed.catchUp();
  stage.feed.receive(s);
  stage.feed.receive(lost);
  stage.holdReads = false;
  stage.letReadsGo();
  await stage.settled(3);
  stage.feed.receive(stage.keep());
  stage.feed.receive(s);
  assertEquals(stage.told, ["e1", "reset f0", "s", "f1"]);
  assertEquals([stage.invalidPayloads, stage.late, stage.reads], [[], ["s"], 1]);
});

test("random losses leave no gap and no double", async () => {
  let random = 11;
  const next = (below: number) => (random = random * 48271 % 2147483647) % below;
  const stage = new Stage();
  stage.page = 20;
  stage.feed.receive(stage.keep());
  for (let n = 0; n < 500; n++) {
    const received = stage.keep();
    if (next(4) > 0) stage.feed.receive(received);
    if (next(10) === 0) stage.feed.receive(stage.log[next(stage.log.length)]!);
    if (next(8) === 0) await Promise.resolve();
  }
  stage.feed.catchUp();
  await stage.settled(501);
  assertEquals(stage.told, stage.log.map(({ id }) => id));
});
