/**
 * Another Redis takes over: behind one address, by Sentinels, and on a Redis Cluster. Nothing that was promised is lost,
 * says the history checker; the newest writes may be, and then the rooms are told so.
 */
import { test } from "node:test";
import { assert, assertEquals, assertLess, assertLessOrEqual, assertMatch } from "@std/assert";
import { message } from "../contract/broker.ts";
import { eventually } from "../waiting.ts";
import { TestCluster } from "./test_cluster.ts";
import { KEEP, startBroker } from "./redis_broker.ts";
import { RedisSentinels } from "./redis_sentinels.ts";
import { inSync, RedisCluster, RedisServer } from "./redis_server.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const LONG = { withinMs: 30_000, everyMs: 50 };
const SLOW = { timeout: 100_000 };
/** Within this of a new master at the address, publishing works. */
const HEALED_MS = 5_000;

/** Lets a fault last; nothing is waited for by this. */
function last(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A master and a replica behind one address. */
class Pair implements AsyncDisposable {
  readonly #master: RedisServer;
  readonly #replica: RedisServer;
  readonly address: TcpProxy;

  private constructor(master: RedisServer, replica: RedisServer, address: TcpProxy) {
    this.#master = master;
    this.#replica = replica;
    this.address = address;
  }

  static async start(): Promise<Pair> {
    const master = await RedisServer.start();
    const replica = await RedisServer.start({ args: ["--replicaof", `127.0.0.1 ${master.port}`] });
    await inSync(replica);
    return new Pair(master, replica, await TcpProxy.start(master.port));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.address.port}`;
  }

  /** The two change roles; connections stay where they are. */
  async changeRoles(): Promise<void> {
    await this.#replica.command("REPLICAOF NO ONE");
    await this.#master.command(`REPLICAOF 127.0.0.1 ${this.#replica.port}`);
  }

  moveAddress(): void {
    this.address.target = this.#replica.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.address[Symbol.asyncDispose]();
    await Promise.all([this.#master, this.#replica].map((server) => server[Symbol.asyncDispose]()));
  }
}

test("failover: a Redis that is a replica by now is left for the master at its address", SLOW, async () => {
  await using pair = await Pair.start();
  await using one = await startBroker(pair.url);
  const { broker, node } = one;
  await broker.subscribe("r");
  const ann = node.connect("ann");
  await broker.presence.enter("r", ann);
  await broker.history.read("r", { limit: 0 });
  await broker.publish({ room: "r", event: message(node, "r", 1) }, KEEP);
  const publish = (data: number) => broker.publish({ room: "r", event: message(node, "r", data) }, KEEP);

  await pair.changeRoles();
  pair.moveAddress();
  const movedAt = performance.now();
  await eventually(() => publish(2).then(() => true), LONG);
  assertLess(performance.now() - movedAt, HEALED_MS);
  await eventually(() => broker.health().ok, LONG);
  assertEquals(node.eventsIn("r").filter(({ kind }) => kind === "reset").length, 1, "the newest may have been lost");
  assertEquals(node.messagesIn("r").at(-1)?.data, 2);
  assertEquals(await broker.presence.count("r"), 1);
});

test("failover: one that nobody publishes to is noticed, too", SLOW, async () => {
  await using pair = await Pair.start();
  await using one = await startBroker(pair.url);
  await pair.changeRoles();
  pair.moveAddress();
  const { accepted } = pair.address;
  const movedAt = performance.now();
  await eventually(() => pair.address.accepted >= accepted + 2 && one.broker.health().ok, LONG);
  assertLess(performance.now() - movedAt, HEALED_MS);
});

test("failover: a Redis that stays a replica is asked once a second, and waited for", SLOW, async () => {
  await using pair = await Pair.start();
  await using one = await startBroker(pair.url);
  const { broker, node, lines } = one;
  const publish = () => broker.publish({ room: "r", event: message(node, "r") }, KEEP).then(() => true, () => false);
  await pair.changeRoles();
  await eventually(async () => !await publish(), LONG);
  const { accepted } = pair.address;
  const since = performance.now();
  await eventually(async () => !await publish() && performance.now() - since > 4_000, LONG);
  assertLessOrEqual(pair.address.accepted - accepted, Math.ceil((performance.now() - since) / 1_000) + 1);
  assertEquals(broker.health().ok, false);
  assertMatch(lines.join("\n"), /Redis does not answer.*READONLY/);
  pair.moveAddress();
  const movedAt = performance.now();
  await eventually(publish, LONG);
  assertLess(performance.now() - movedAt, HEALED_MS);
});

test("failover: the address of Redis moves under load", SLOW, async () => {
  await using pair = await Pair.start();
  await using cluster = await TestCluster.open({ url: () => pair.url, nodes: 2 });
  await cluster.joinAll(2);
  await cluster.during(async () => {
    await last(1_000);
    await pair.changeRoles();
    await last(2_000);
    pair.moveAddress();
    await eventually(async () => await cluster.ready(0) && await cluster.ready(1), LONG);
    await last(1_000);
  });
  await cluster.expectFaultless();
});

test("failover: Sentinels name another master when theirs is killed", SLOW, async () => {
  await using redis = await RedisSentinels.start();
  const { REDIS_URL, ...env } = redis.env;
  await using cluster = await TestCluster.open({ url: () => REDIS_URL, nodes: 2, env });
  await cluster.joinAll(2);
  assert(/:[1-9]/.test(await redis.master.command("DBSIZE")) === false, "the database of the URL is used");
  await cluster.during(async () => {
    await last(1_000);
    await redis.master.kill();
    await eventually(async () => !await cluster.ready(0), LONG);
    await eventually(async () => await cluster.ready(0) && await cluster.ready(1), LONG);
    await last(1_000);
  });
  await cluster.expectFaultless();
  assertMatch(await redis.replica.command("INFO replication"), /role:master/);
});

test("failover: a replica of a Redis Cluster takes over from each of its masters", SLOW, async () => {
  await using redis = await RedisCluster.start({ replicas: true });
  await using cluster = await TestCluster.open({ url: () => redis.url, nodes: 2 });
  await cluster.joinAll(2);
  const hall = await Promise.all(redis.masters.map(async (master) => {
    return Number(/:(\d+)/.exec(await master.command("EXISTS parley:{hall}:members"))?.[1] ?? 0);
  }));
  const at = hall.indexOf(1);
  await cluster.during(async () => {
    await last(1_000);
    // The one that holds the room.
    await redis.masters[at]!.kill();
    const role = async () => await redis.replicas[at]!.command("INFO replication");
    await eventually(async () => /role:master/.test(await role()), LONG);
    await eventually(async () => await cluster.ready(0) && await cluster.ready(1), LONG);
    await last(2_000);
  });
  await cluster.expectFaultless();
});
