/** A wall clock that is set back by an hour: what lasts a second still lasts a second. */
import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { TokenBuckets } from "../../src/token_bucket.ts";
import { Sweep } from "../../src/hub/sweep.ts";
import { CoreStage, type JsonFrame, token } from "../core_stage.ts";
import { eventually } from "../harness.ts";

const HOUR_MS = 3_600_000;

/** From now on, until it is disposed of. */
function step(ms: number): Disposable {
  const { now } = Date;
  Date.now = () => now() + ms;
  return { [Symbol.dispose]: () => void (Date.now = now) };
}

function setBackAnHour(): Disposable {
  return step(-HOUR_MS);
}

function open(): { stage: CoreStage } & Disposable {
  const broker = memoryBroker();
  const stage = new CoreStage(broker);
  const sweep = new Sweep(stage.hub);
  return {
    stage,
    [Symbol.dispose]() {
      sweep.stop();
      broker.close();
    },
  };
}

function dataOf(frame: JsonFrame | undefined): JsonFrame {
  return (frame?.data ?? {}) as JsonFrame;
}

test("a status is still told, and the last one wins", async () => {
  using rig = open();
  const [eve, bob] = [
    await rig.stage.connect(`/websocket/connect?token=${token("eve")}`),
    await rig.stage.connect(`/websocket/connect?token=${token("bob")}`),
  ];
  for (const each of [eve, bob]) each.say({ type: "system", id: "j", data: { action: "join", room: "hall" } });
  eve.say({ type: "presence", data: { status: "busy" } });
  using _ = setBackAnHour();
  eve.say({ type: "presence", data: { status: "away" } });
  const statuses = () => bob.heard({ type: "presence" }).map((frame) => dataOf(frame).status);
  await eventually(() => statuses().length === 2);
  assertEquals(statuses(), ["busy", "away"]);
});

test("a broadcast is limited for a second, not for an hour", async () => {
  using rig = open();
  const kim = await rig.stage.connect(`/ws?dialect=kebab&token=${token("kim")}`);
  const say = () => kim.say({ type: "message", message: "to all" });
  say();
  using _ = setBackAnHour();
  say();
  assertLessOrEqual(Number(kim.heard({ type: "error" })[0]!.retryAfter), 1000);
  await eventually(() => {
    say();
    return kim.heard({ type: "message" }).length > 1;
  });
});

test("typing stops", { timeout: 15_000 }, async () => {
  using rig = open();
  const [kim, lou] = [await rig.stage.connect("/ws?dialect=kebab"), await rig.stage.connect("/ws?dialect=kebab")];
  for (const each of [kim, lou]) each.say({ type: "join-room", roomId: "hall" });
  kim.say({ type: "typing-start", roomId: "hall" });
  using _ = setBackAnHour();
  await eventually(() => lou.heard({ type: "typing-stop" })[0], { withinMs: 9_000 });
});

test("who does not authenticate in time is closed", async () => {
  const broker = memoryBroker();
  const stage = new CoreStage(broker, { websocketRequireAuth: true, websocketConnectionTimeoutMs: 100 });
  const sweep = new Sweep(stage.hub);
  const socket = await stage.connect("/ws?dialect=plain");
  using _ = setBackAnHour();
  await eventually(() => socket.closed);
  sweep.stop();
  broker.close();
});

test("buckets fill, and blocks end", async () => {
  const buckets = new TokenBuckets({ perSecond: 1000, burst: 1 });
  const broker = memoryBroker();
  assertEquals(buckets.take("ann"), 0);
  broker.grants.block("ann", 60_000);
  using _ = setBackAnHour();
  assertLess(buckets.waitMs("ann"), 10);
  await eventually(() => buckets.take("ann") === 0);
  const left = broker.grants.blockedFor("ann");
  assert(left > 0 && left <= 60_000, `blocked for ${left} ms`);
  broker.close();
});

test("a repeat is one for five minutes, also when the clock is set forward", () => {
  const broker = memoryBroker();
  const stage = new CoreStage(broker);
  const publish = () => {
    const event = { kind: "message" as const, ...stage.hub.stamp(), from: { connection: "c", name: "n" }, data: 1 };
    return broker.publish({ room: "hall", event }, { once: { sender: "ann", key: "k" } });
  };
  publish();
  using _ = step(HOUR_MS);
  assert(publish().duplicateOf);
  broker.close();
});
