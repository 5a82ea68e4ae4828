/**
 * WORKERS=2 on Redis: the workers of one process tell its figures together, whichever is asked and whether or not Redis is
 * there, and what they say of the cluster is the same on every node.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { eventually, type ServerProcess, spawnServer } from "../harness.ts";
import { connectTwo, get, SECRET, statusOfEach } from "./worker_clients.ts";
import { ADMIN_KEY } from "./http_calls.ts";
import { RedisServer } from "./redis_server.ts";
import { JOIN } from "./test_server.ts";

const SLOW = { timeout: 60_000 };

function spawnOn(redis: RedisServer, env: Record<string, string> = {}): Promise<ServerProcess> {
  return spawnServer({
    env: {
      HOST: "127.0.0.1",
      REDIS_URL: redis.url,
      JWT_SECRET: SECRET,
      ADMIN_TOKEN: ADMIN_KEY,
      METRICS: "public",
      WEBSOCKET_CONNECT_RATE: "0",
      WEBSOCKET_DRAIN: "2s",
      ...env,
    },
  });
}

async function figure(server: ServerProcess, series: string): Promise<number> {
  const text = await (await get(server, "/metrics")).text();
  return Number(new RegExp(`^${series} (.+)$`, "m").exec(text)?.[1]);
}

async function recipients(server: ServerProcess): Promise<unknown> {
  const response = await fetch(`${server.url}/websocket/broadcast`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}`, connection: "close" },
    body: JSON.stringify({ type: "news", data: 1 }),
  });
  return (await response.json()).recipients_count;
}

test("workers on Redis: each tells the figures of its process, also while Redis is away", SLOW, async () => {
  await using redis = await RedisServer.start();
  await using server = await spawnOn(redis, { WORKERS: "2" });
  await using alone = await spawnOn(redis);
  const [kim, lou] = await connectTwo(server, ["kim", "lou"]);
  await kim.ask(...JOIN.kebab!("lobby"));
  kim.say({ type: "message", roomId: "lobby", message: "counted" });
  await kim.hear({ type: "message", message: "counted" });

  const allTell = async () => {
    const all = await statusOfEach(server, 2);
    return all.every(({ stats }) => stats.active_connections === 2 && stats.messages_processed === 1);
  };
  await eventually(allTell);
  assertEquals(await figure(server, "parley_connections"), 2);
  assertEquals(await figure(alone, "parley_connections"), 0, "another process counts for itself");
  assertEquals(await figure(alone, "parley_messages_total"), 0);

  for (const node of [server, server, server, alone]) assertEquals(await recipients(node), 2);

  redis.pause();
  try {
    for (let n = 0; n < 4; n++) {
      const { stats } = (await statusOfEach(server, 1))[0]!;
      assertEquals([stats.active_connections, stats.messages_processed], [2, 1]);
      assertEquals(await figure(server, "parley_connections"), 2);
    }
  } finally {
    redis.resume();
  }
  await redis.kill();
  await eventually(async () => (await get(server, "/readyz")).status === 503);
  await eventually(allTell);
  lou.close();
});

test("workers on Redis: what is not understood is counted", SLOW, async () => {
  await using redis = await RedisServer.start();
  await using server = await spawnOn(redis, { WORKERS: "2" });
  await eventually(async () => (await redis.command("PUBSUB NUMSUB parley:control:*")).endsWith(":2\r\n"));
  assertEquals(await figure(server, "parley_foreign_payloads_total"), 0);
  for (let n = 0; n < 3; n++) await redis.command("PUBLISH parley:control:* hello");
  // Both of them heard all of it.
  await eventually(async () => assertEquals(await figure(server, "parley_foreign_payloads_total"), 6) ?? true);
  assert((await get(server, "/readyz")).ok);
});
