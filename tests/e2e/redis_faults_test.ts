/**
 * What the cluster promises when things break: real processes of both runtimes, real clients, and the history checker.
 *
 * The scenarios share nothing, so they run side by side, a few at a time; each test waits for its own.
 */
import { after, test } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { eventually } from "../waiting.ts";
import { TestCluster } from "./test_cluster.ts";
import { RedisCluster, RedisServer } from "./redis_server.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const AT_ONCE = 3;
const LONG = { withinMs: 30_000, everyMs: 50 };

/** Lets a fault last; nothing is waited for by this. */
function last(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function nodeIsKilled(): Promise<void> {
  await using redis = await RedisServer.start();
  await using cluster = await TestCluster.open({ url: () => redis.url, nodes: 3 });
  await cluster.joinAll(2);
  await cluster.during(async () => {
    await last(1_000);
    // The clients of the dead node come back to another one.
    await cluster.kill(1);
    await cluster.startNode(1);
    await last(1_000);
  });
  await cluster.expectFaultless();
}

async function redisRestartsEmpty(): Promise<void> {
  await using redis = await RedisServer.start();
  await using cluster = await TestCluster.open({ url: () => redis.url, nodes: 2 });
  await cluster.joinAll(2);
  await cluster.during(async () => {
    await last(1_000);
    await redis.kill();
    await eventually(async () => !await cluster.ready(0) && !await cluster.ready(1), LONG);
    await eventually(() => cluster.participants.every(({ refusals }) => refusals.includes("unavailable")), LONG);
    assert(cluster.participants.every(({ isIn }) => isIn), "live connections stay");
    await redis.start();
    await eventually(async () => await cluster.ready(0) && await cluster.ready(1), LONG);
    await last(1_000);
  });
  await cluster.expectFaultless();
  assertEquals(cluster.participants.map(({ resets }) => resets), [1, 1, 1, 1], "one reset each");
}

async function redisRestartsWithItsData(): Promise<void> {
  await using redis = await RedisServer.start({ args: ["--appendonly", "yes", "--appendfsync", "everysec"] });
  await using cluster = await TestCluster.open({ url: () => redis.url, nodes: 2 });
  await cluster.joinAll(2);
  await cluster.during(async () => {
    await last(1_500);
    await redis.kill();
    await redis.start();
    await eventually(async () => await cluster.ready(0) && await cluster.ready(1), LONG);
    await last(1_000);
  });
  await cluster.expectFaultless();
  // The last second of its data may be gone, so nothing of it is built upon.
  assertEquals(cluster.participants.map(({ resets }) => resets), [1, 1, 1, 1], "one reset each");
}

async function redisIsPaused(): Promise<void> {
  await using redis = await RedisServer.start();
  await using cluster = await TestCluster.open({ url: () => redis.url, nodes: 2 });
  await cluster.joinAll(2);
  await cluster.during(async () => {
    await last(1_000);
    redis.pause();
    await last(10_000);
    redis.resume();
    await eventually(async () => await cluster.ready(0) && await cluster.ready(1), LONG);
    await last(1_000);
  });
  await cluster.expectFaultless();
  assertEquals(cluster.participants.map(({ resets }) => resets), [0, 0, 0, 0]);
  for (const { witness } of cluster.participants) {
    const told = witness.records.filter(({ what }) => what === "member_left");
    assertEquals(told, [], "nobody is taken for dead because Redis slept");
  }
}

async function linkIsCut(how: "cut" | "silence"): Promise<void> {
  await using redis = await RedisServer.start();
  await using proxy = await TcpProxy.start(redis.port);
  const url = (n: number) => n === 0 ? `redis://127.0.0.1:${proxy.port}` : redis.url;
  await using cluster = await TestCluster.open({ url, nodes: 2 });
  await cluster.joinAll(2);
  await cluster.join("leaver", () => 1);
  await cluster.during(async () => {
    await last(1_000);
    proxy[how]();
    await eventually(async () => !await cluster.ready(0), LONG);
    // One leaves while node 0 cannot hear it.
    const leaver = cluster.participants.pop()!;
    leaver.stop();
    leaver.witness.away();
    await last(14_000);
    proxy.heal();
    await eventually(() => cluster.ready(0), LONG);
    await last(1_000);
  });
  await cluster.expectFaultless();
  assertEquals(cluster.participants.map(({ resets }) => resets), [0, 0, 0, 0]);
}

async function nodeIsStalled(): Promise<void> {
  await using redis = await RedisServer.start();
  await using cluster = await TestCluster.open({ url: () => redis.url, nodes: 2 });
  await cluster.joinAll(2);
  await cluster.during(async () => {
    await last(1_000);
    cluster.nodes[0]!.signal("SIGSTOP");
    await last(20_000);
    cluster.nodes[0]!.signal("SIGCONT");
    await eventually(() => cluster.ready(0), LONG);
    await last(1_000);
  });
  await cluster.expectFaultless();
}

async function nodesAreReplaced(): Promise<void> {
  await using redis = await RedisServer.start();
  await using cluster = await TestCluster.open({ url: () => redis.url, nodes: 3 });
  await cluster.joinAll(2);
  const accepted = await cluster.during(async () => {
    for (const n of [0, 1, 2]) {
      const { code } = await cluster.nodes[n]!.stop();
      assertEquals(code, 0);
      await cluster.startNode(n);
      await last(500);
    }
  }, 20);
  assertGreater(accepted, 100);
  await cluster.expectFaultless();
}

async function clusterLosesAMaster(): Promise<void> {
  await using redis = await RedisCluster.start();
  await using cluster = await TestCluster.open({ url: () => redis.url, nodes: 2 });
  await cluster.joinAll(2);
  await cluster.during(async () => {
    await last(1_000);
    // One of them holds the room; without replicas its slots are gone until it is back, empty.
    for (const master of redis.masters) {
      await master.kill();
      await last(500);
      await master.start();
      await eventually(async () => (await master.command("CLUSTER INFO")).includes("cluster_state:ok"), LONG);
      await eventually(async () => await cluster.ready(0) && await cluster.ready(1), LONG);
    }
    await last(1_000);
  });
  await cluster.expectFaultless();
}

const SCENARIOS: Record<string, () => Promise<void>> = {
  "a node is killed": nodeIsKilled,
  "a node is stalled for 20 s": nodeIsStalled,
  "the link of one node is cut and healed": () => linkIsCut("cut"),
  "the link of one node goes silent and is healed": () => linkIsCut("silence"),
  "Redis is paused for 10 s": redisIsPaused,
  "Redis is killed and comes back empty": redisRestartsEmpty,
  "Redis is killed and comes back with most of its data": redisRestartsWithItsData,
  "all nodes are replaced one by one under load": nodesAreReplaced,
  "the masters of a Redis Cluster fail one by one": clusterLosesAMaster,
};

let outcomes: Map<string, Promise<void>> | undefined;

/** Starts all scenarios, a few at a time, and returns the outcome of one. */
function outcomeOf(name: string): Promise<void> {
  outcomes ??= startAll();
  return outcomes.get(name)!;
}

function startAll(): Map<string, Promise<void>> {
  const lanes = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  return new Map(
    Object.entries(SCENARIOS).map(([name, run], at) => {
      const outcome = lanes[at % AT_ONCE]!.then(run);
      // Whoever waits for the outcome is told of its failure; the lane goes on.
      lanes[at % AT_ONCE] = outcome.catch(() => undefined);
      return [name, outcome];
    }),
  );
}

/** A run of some of the tests started all scenarios; their servers end with them. */
after(() => Promise.allSettled(outcomes?.values() ?? []).then(() => undefined), { timeout: 240_000 });

for (const name of Object.keys(SCENARIOS)) {
  test(`faults: ${name}`, { timeout: 240_000 }, () => outcomeOf(name));
}
