/** How often a client that comes waits for Redis: what does not need each other's answer is asked together. */
import { test } from "node:test";
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { RedisBroker } from "../../src/brokers/redis/broker.ts";
import { createLog } from "../../src/log.ts";
import { TestCore, token } from "../test_core.ts";
import { eventually } from "../waiting.ts";
import { RedisServer } from "./redis_server.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const WAIT = { withinMs: 15_000 };

test("a client with a token and a room in its path waits for Redis at most 11 times", async () => {
  await using redis = await RedisServer.start();
  await using proxy = await TcpProxy.start(redis.port, { answerAfterMs: 10 });
  const log = createLog({ level: "error" });
  const url = `redis://127.0.0.1:${proxy.port}`;
  const broker = new RedisBroker({ url, inboxSize: 5, inboxTtlMs: 60_000, log });
  const core = new TestCore(broker);
  try {
    await eventually(() => broker.health().ok, WAIT);
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      const before = proxy.roundTrips;
      const socket = await core.connect(`/ws/auth/room${n}?token=${token(`user${n}`)}`);
      await eventually(() => core.hub.rooms.get(`room${n}`)?.members.size === 1, WAIT);
      waits.push(proxy.roundTrips - before);
      assertEquals(socket.closed, undefined);
    }
    // The lease is renewed now and then, and adds to some of them.
    assertLessOrEqual(Math.min(...waits), 11, `${waits}`);
  } finally {
    await broker.close();
  }
});
