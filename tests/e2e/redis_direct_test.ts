/** A direct message to a connection of another node whose link breaks: repeated with its id, it arrives exactly once. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { RedisBroker } from "../../src/brokers/redis/broker.ts";
import { createLog } from "../../src/log.ts";
import { type FakeSocket, type JsonFrame, TestCore, token } from "../test_core.ts";
import { eventually } from "../waiting.ts";
import { RedisServer } from "./redis_server.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const WAIT = { withinMs: 15_000 };

async function nodeOn(url: string): Promise<{ core: TestCore; broker: RedisBroker }> {
  const log = createLog({ level: "error" });
  const broker = new RedisBroker({ url, inboxSize: 5, inboxTtlMs: 60_000, log });
  const core = new TestCore(broker);
  await eventually(() => broker.health().ok, WAIT);
  return { core, broker };
}

async function answerTo(socket: FakeSocket, message: JsonFrame): Promise<JsonFrame> {
  const before = socket.frames.length;
  socket.say(message);
  return await eventually(() => {
    return socket.frames.slice(before).find(({ type }) => type === "message-ack" || type === "error") ?? false;
  }, WAIT);
}

/** Kim on one node and lee on another, whose way to Redis a test may cut; `to` is lee's connection. */
async function connectPair() {
  const redis = await RedisServer.start();
  const proxy = await TcpProxy.start(redis.port);
  const near = await nodeOn(redis.url);
  const far = await nodeOn(`redis://127.0.0.1:${proxy.port}`);
  const kim = await near.core.connect(`/ws?dialect=kebab&token=${token("kim")}`);
  const lee = await far.core.connect(`/ws?dialect=kebab&token=${token("lee")}`);
  const to = await eventually(() => lee.heard({ type: "connected" })[0]?.clientId, WAIT);
  await eventually(() => kim.heard({ type: "connected" }).length > 0, WAIT);
  return {
    ...{ redis, proxy, far, kim, lee, to },
    async [Symbol.asyncDispose]() {
      await Promise.all([near.broker.close(), far.broker.close()]);
      await proxy[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

test("what was refused because the recipient's node is away is delivered when it is repeated", async () => {
  await using pair = await connectPair();
  const { proxy, far, kim, lee, to } = pair;
  const message = { type: "message", to, message: "psst", clientMessageId: "1" };

  proxy.silence();
  assertEquals((await answerTo(kim, message)).code, "unavailable");
  await eventually(() => !far.broker.health().ok, WAIT);
  proxy.heal();
  await eventually(() => far.broker.health().ok, WAIT);

  const delivered = await answerTo(kim, message);
  assertEquals([delivered.type, delivered.duplicate], ["message-ack", undefined]);
  assertEquals(lee.heard({ type: "message", message: "psst" }).length, 1);
  const again = await answerTo(kim, message);
  assertEquals([again.duplicate, again.id], [true, delivered.id]);
  assertEquals(lee.heard({ type: "message", message: "psst" }).length, 1);
});

test("a message to a connection whose node has just lost Redis is unavailable, not to nobody", async () => {
  await using pair = await connectPair();
  const { redis, proxy, far, kim, to } = pair;
  proxy.cut();
  const subscribers = `PUBSUB NUMSUB parley:control:${far.core.node.id}`;
  await eventually(async () => (await redis.command(subscribers)).endsWith(":0\r\n"), WAIT);

  assertEquals((await answerTo(kim, { type: "message", to, message: "psst" })).code, "unavailable");

  await far.broker.close();
  await redis.command("DEL parley:nodes:{nodes}:leases");
  assertEquals((await answerTo(kim, { type: "message", to, message: "psst" })).code, "not_found");
});
