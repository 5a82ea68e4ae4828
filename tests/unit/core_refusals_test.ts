/** Refusals by a frame where the cause is not the client's: the server goes away, the broker is away, others were first. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { type FakeSocket, TestCore, type TestCoreOptions, token } from "../test_core.ts";
import { eventually } from "../harness.ts";
import { SlowBroker } from "../slow_broker.ts";

const ASKS = { "sec-websocket-protocol": "parley.refusal" };

function open(options: TestCoreOptions = {}): { broker: SlowBroker; core: TestCore } {
  const broker = new SlowBroker();
  return { broker, core: new TestCore(broker, options) };
}

function said({ frames, closed }: FakeSocket): unknown {
  return [frames.map(({ type, code, reason }) => [type, code, reason]), closed?.code, closed?.reason];
}

test("a server that goes away says so, at the upgrade and after it", async () => {
  const { core } = open();
  const late = await core.knock("/ws?dialect=kebab", ASKS);
  const lateWithout = await core.knock("/ws?dialect=kebab");
  core.admission.draining = true;
  const expected = [[["error", "unavailable", "draining"]], 1013, "draining"];
  assertEquals(said(late()), expected);
  assertEquals(said(lateWithout()), [[], 1001, "The server is going away"]);
  assertEquals(said(await core.connect("/ws?dialect=kebab", ASKS)), expected);
  assertEquals(core.admission.latecomers, 3);
});

test("others who came in since the upgrade make it full", async () => {
  const { core } = open({ websocketMaxConnections: 1 });
  const [first, second, third] = [
    await core.knock("/ws?dialect=kebab"),
    await core.knock("/ws?dialect=kebab", ASKS),
    await core.knock("/ws?dialect=kebab"),
  ];
  first();
  assertEquals(said(second()), [[["error", "unavailable", "full"]], 1013, "full"]);
  assertEquals(said(third()), [[], 1013, "Connection limit reached"]);
});

test("a broker that is away keeps out who has a token, and says so", async () => {
  const { broker, core } = open();
  broker.fails = (call) => call === "blockedFor";
  const path = `/ws?dialect=kebab&token=${token("ann")}`;
  assertEquals(said(await core.connect(path, ASKS)), [[["error", "unavailable", "broker"]], 1013, "broker"]);
  await assertRejects(() => core.connect(path), Error, "refused with 503");
});

test("what a refused client says is not heard, and it is counted until it has gone", async () => {
  const { core } = open({ websocketMaxConnections: 1 });
  const refused = await core.connect("/websocket/connect", ASKS);
  refused.say({ type: "heartbeat", id: "1" });
  assertEquals(refused.frames.length, 1);
  await eventually(() => core.admission.fullness("192.0.2.1") === undefined);
  assertEquals([core.hub.connections.size, core.topics.size], [0, 0]);
  const open10 = await Promise.all(Array.from({ length: 10 }, () => core.knock("/websocket/connect", ASKS)));
  await assertRejects(() => core.knock("/websocket/connect", ASKS), Error, "refused with 401");
  for (const enter of open10) enter();
  await Promise.resolve();
  assertEquals((await core.connect("/websocket/connect", ASKS)).heard({ type: "error" }).length, 1);
});

test(
  "a program that never answers costs each client its handshake, and the server no place",
  { timeout: 20_000 },
  async () => {
    const hooks = { onConnect: () => new Promise<void>(() => {}) };
    const { core } = open({ hooks, websocketConnectionTimeoutMs: 100, websocketMaxConnections: 1 });
    for (let client = 0; client < 2; client++) {
      const { message } = await assertRejects(() => core.knock("/ws?dialect=kebab"), Error, "refused with 503");
      assertStringIncludes(message, "not decided in time");
      assertStringIncludes(message, '"code":"unavailable","retryAfter":100');
    }
    assertEquals(core.leftovers(), { connections: 0, rooms: 0, turns: 0, topics: 0 });
  },
);
