/** The Redis broker keeps the broker contract: on one Redis, in the sharded form, and on a Redis Cluster. */
import { after } from "node:test";
import { RedisBroker, type RedisBrokerOptions } from "../../src/brokers/redis/broker.ts";
import { createLog } from "../../src/log.ts";
import { RedisCluster, RedisServer } from "../e2e/redis_server.ts";
import { FakeNode } from "../fakes.ts";
import { ANNOUNCE_MAX, type BrokerCluster, brokerContract, HISTORY_ROOM_BYTES, INBOX } from "./broker.ts";

type Engine = AsyncDisposable & { url: string };

/** One engine for all tests of a form; a prefix each keeps them apart. */
function form(name: string, start: () => Promise<Engine>, sharded: RedisBrokerOptions["sharded"]): void {
  let engine: Promise<Engine> | undefined;
  let tests = 0;
  after(async () => await (await engine)?.[Symbol.asyncDispose]());

  async function open(count: number): Promise<BrokerCluster> {
    const { url } = await (engine ??= start());
    const prefix = `test${++tests}`;
    const log = createLog({ level: "error" });
    const options = {
      url,
      prefix,
      sharded,
      historyRoomBytes: HISTORY_ROOM_BYTES,
      inboxSize: INBOX.size,
      inboxTtlMs: INBOX.ttlMs,
      roomAnnounceMax: ANNOUNCE_MAX,
      log,
    };
    const nodes = await Promise.all(Array.from({ length: count }, async () => {
      const node = new FakeNode();
      const broker = new RedisBroker(options);
      await broker.start(node);
      return { broker, node };
    }));
    return {
      nodes,
      async [Symbol.asyncDispose]() {
        await Promise.all(nodes.map(({ broker }) => broker.close()));
      },
    };
  }
  brokerContract({ name, maxNodes: 3, open });
}

form("redis", () => RedisServer.start(), "auto");
form("redis sharded", () => RedisServer.start(), "on");
form("redis cluster", () => RedisCluster.start(), "auto");
