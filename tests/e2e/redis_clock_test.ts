/** The clock of Redis is set back: nodes that were heard of "later" than now must not seem alive until then. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { RedisBroker } from "../../src/brokers/redis/broker.ts";
import { Keys } from "../../src/brokers/redis/keys.ts";
import { createLog } from "../../src/log.ts";
import { FakeNode } from "../fakes.ts";
import { eventually } from "../harness.ts";
import { RedisServer } from "./redis_server.ts";

const HOUR_MS = 3_600_000;

test("a dead node's members leave, though it was last heard of in the future", { timeout: 40_000 }, async () => {
  await using redis = await RedisServer.start();
  const broker = new RedisBroker({
    url: redis.url,
    prefix: "p",
    inboxSize: 5,
    inboxTtlMs: 60_000,
    log: createLog({ level: "error" }),
  });
  await broker.start(new FakeNode());
  const keys = new Keys("p");
  const member = JSON.stringify({ connection: "ghost", name: "ghost" }).replaceAll('"', '\\"');
  await redis.command(`HSET ${keys.room("r").members} ghost "dead.1  ${member}"`);
  await redis.command(`HSET ${keys.room("r").users} g 1`);
  await redis.command(`SADD ${keys.roomsOf("dead.1")} r`);
  await redis.command(`ZADD ${keys.leases} ${Date.now() + HOUR_MS} dead.1`);
  assertEquals(await broker.presence.count("r"), 1);
  await eventually(async () => await broker.presence.count("r") === 0, { withinMs: 20_000, everyMs: 200 });
  await broker.close();
});
