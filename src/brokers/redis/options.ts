/** How the client library is to behave: nothing is queued or sent again, and what does not answer is given up soon. */
import { isIP } from "node:net";
import type { ClusterOptions, RedisOptions } from "ioredis";
import type { RedisAddress, RedisLocation } from "./address.ts";

/** The socket timeout starts with a command, so both connections are asked something every three seconds. */
const COMMON = {
  connectTimeout: 2000,
  socketTimeout: 3000,
  commandTimeout: 2000,
  keepAlive: 10_000,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
} as const;

/** Doubles up to two seconds, a little at random, so that nodes do not come back in step. */
export function retryDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 6), 2000) * (0.75 + Math.random() / 2);
}

export function singleOptions({ addresses, master }: RedisLocation, sentinelPassword?: string): RedisOptions {
  const { host, port, username, password, db, secure } = addresses[0]!;
  const where: RedisOptions = master === undefined ? { host, port } : {
    sentinels: addresses.map(({ host, port }) => ({ host, port })),
    name: master,
    sentinelPassword,
    sentinelCommandTimeout: 2000,
    sentinelRetryStrategy: () => 1000,
  };
  return {
    ...COMMON,
    ...where,
    username,
    password,
    db,
    // The name of a server is never an address: with one, TLS would not even begin.
    tls: secure ? { servername: isIP(host) ? undefined : host } : undefined,
    lazyConnect: true,
    enableOfflineQueue: false,
    // What the server is, the engine asks itself: the library asks one that is loading again and again.
    enableReadyCheck: false,
  };
}

export function clusterOptions({ secure, username, password }: RedisAddress, sharded: boolean): ClusterOptions {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    shardedSubscribers: sharded,
    clusterRetryStrategy: retryDelayMs,
    slotsRefreshTimeout: 2000,
    redisOptions: { ...COMMON, username, password, tls: secure ? {} : undefined, autoResubscribe: true },
  };
}
