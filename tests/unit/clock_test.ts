/** A wall clock that is set back by an hour: what lasts a second still lasts a second. */
import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { test } from "node:test";
import { memoryBroker } from "../memory_broker.ts";
import { TokenBuckets } from "../../src/token_bucket.ts";
import { Sweep } from "../../src/hub/sweep.ts";
import { type JsonFrame, TestCore, token } from "../test_core.ts";
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

function open(): { core: TestCore } & Disposable {
  const broker = memoryBroker();
  const core = new TestCore(broker);
  const sweep = new Sweep(core.hub);
  return {
    core,
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
  using opened = open();
  const [eve, bob] = [
    await opened.core.connect(`/websocket/connect?token=${token("eve")}`),
    await opened.core.connect(`/websocket/connect?token=${token("bob")}`),
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
  using opened = open();
  const kim = await opened.core.connect(`/ws?dialect=kebab&token=${token("kim")}`);
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
  using opened = open();
  const [kim, lou] = [await opened.core.connect("/ws?dialect=kebab"), await opened.core.connect("/ws?dialect=kebab")];
  for (const each of [kim, lou]) each.say({ type: "join-room", roomId: "hall" });
  kim.say({ type: "typing-start", roomId: "hall" });
  using _ = setBackAnHour();
  await eventually(() => lou.heard({ type: "typing-stop" })[0], { withinMs: 9_000 });
});

test("who does not authenticate in time is closed", async () => {
  const broker = memoryBroker();
  const core = new TestCore(broker, { websocketRequireAuth: true, websocketConnectionTimeoutMs: 100 });
  const sweep = new Sweep(core.hub);
  const socket = await core.connect("/ws?dialect=plain");
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
  const core = new TestCore(broker);
  const publish = () => {
    const event = { kind: "message" as const, ...core.hub.stamp(), from: { connection: "c", name: "n" }, data: 1 };
    return broker.publish({ room: "hall", event }, { once: { sender: "ann", key: "k" } });
  };
  publish();
  using _ = step(HOUR_MS);
  assert(publish().duplicateOf);
  broker.close();
});
