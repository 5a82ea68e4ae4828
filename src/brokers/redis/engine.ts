/**
 * The connections to Redis: one for commands, one for subscriptions; on a Redis Cluster what the client makes of them.
 *
 * Used by the broker's other parts, which only see commands that answer or throw `unavailable` within two seconds, and
 * channels that are subscribed again by themselves. Nothing is queued while Redis is away: a publish that fails now must
 * not happen later.
 */
import { isIP } from "node:net";
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { Cluster, Redis, RedisOptions } from "ioredis";
import { ParleyError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { nameOf, readAddresses, type RedisAddress } from "./address.ts";
import { ALL_SCRIPTS } from "./scripts.ts";
import type { Script } from "./script.ts";
import { Subscriptions } from "./subscriptions.ts";
import { isFatal, Troubles } from "./troubles.ts";

/** How long a start waits for Redis before it goes on without. */
const START_MS = 3_000;
/** Until a client that has given up is told to go on. */
const AGAIN_MS = 1_000;
/** The oldest Redis that has every command used here. */
const MIN_VERSION = [6, 2];

export interface EngineOptions {
  url: string;
  /** `auto`: on a Redis Cluster. */
  sharded: "auto" | "on" | "off";
  log: Log;
}

export interface EngineEvents {
  message(channel: string, payload: string): void;
  /** A connection is back: whatever came meanwhile was missed. */
  restored(): void;
}

interface Greeting {
  client: Redis;
  info: Record<string, string>;
  start: Start;
}

type Argument = string | number;
type Commands = Record<string, (...args: Argument[]) => Promise<unknown>>;
type Library = Pick<typeof import("ioredis"), "Redis" | "Cluster">;

/** Settled when Redis answers, when it is clear that it does not yet, or rejected when it never will. */
interface Start {
  isOver: boolean;
  settle: () => void;
  refuse: (error: ParleyError) => void;
}

export class RedisEngine {
  /** Names the Redis process; empty on a cluster, where each master is one. */
  run = "";
  readonly #options: EngineOptions;
  readonly #events: EngineEvents;
  readonly #addresses: RedisAddress[];
  readonly #troubles: Troubles;
  readonly #subscriptions: Subscriptions;
  #client: Redis | Cluster | undefined;
  #isSharded: boolean;
  #isCluster = false;
  /** The present connection has said which Redis it leads to. */
  #isGreeted = false;
  #isClosed = false;
  #isGathering = false;

  /** Throws ParleyError if the URL is none. */
  constructor(options: EngineOptions, events: EngineEvents) {
    this.#options = options;
    this.#events = events;
    this.#addresses = readAddresses(options.url);
    this.#isSharded = options.sharded === "on";
    this.#troubles = new Troubles(options.log, this.#addresses.map(nameOf).join(","));
    this.#subscriptions = new Subscriptions({ ...events, restored: () => this.#restored(), troubles: this.#troubles });
  }

  /** The command that publishes, for scripts. */
  get publishCommand(): "PUBLISH" | "SPUBLISH" {
    return this.#isSharded ? "SPUBLISH" : "PUBLISH";
  }

  /** Redis says how many heard a publish; on a cluster only in the sharded form. */
  get countsHearers(): boolean {
    return this.#isSharded || !this.#isCluster;
  }

  get isReady(): boolean {
    return this.#isOpen && this.#subscriptions.isReady;
  }

  /** Commands can be sent. */
  get #isOpen(): boolean {
    return this.#isGreeted && this.#client?.status === "ready";
  }

  /** Throws ParleyError `unavailable` unless both connections are there: what is published could not be heard here. */
  expectReady(): void {
    if (!this.isReady) throw this.#unavailable();
  }

  /** Why it is not ready, for people. */
  get trouble(): string {
    return this.#troubles.last ?? `Redis at ${this.#troubles.where} has not answered yet`;
  }

  /** Rejects with ParleyError if Redis refuses for good; a Redis that is away is tried again and again. */
  async open(): Promise<void> {
    const library = await import("ioredis");
    const { promise, resolve: settle, reject: refuse } = Promise.withResolvers<void>();
    const start: Start = { isOver: false, settle, refuse };
    // It also keeps the process alive, where the client holds nothing that would.
    const patience = setTimeout(settle, START_MS);
    if (this.#addresses.length > 1) this.#openCluster(library, start);
    else this.#openSingle(library, start);
    try {
      await promise;
    } finally {
      start.isOver = true;
      clearTimeout(patience);
    }
  }

  /** Runs a script; keys and arguments in one list. */
  script(script: Script, ...args: Argument[]): Promise<unknown> {
    return this.call(script.name, ...args);
  }

  /** Any command, by its name. Rejects with ParleyError `unavailable`. */
  async call(command: string, ...args: Argument[]): Promise<unknown> {
    if (!this.#isOpen) throw this.#unavailable();
    this.#gather();
    try {
      return await (this.#client as unknown as Commands)[command]!(...args);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  /** How many subscribers there were. */
  async publish(channel: string, payload: string): Promise<number> {
    return Number(await this.call(this.#isSharded ? "spublish" : "publish", channel, payload));
  }

  /** Subscribes for good, as soon as Redis answers. */
  want(channel: string): void {
    this.#subscriptions.want(channel);
  }

  async subscribe(channel: string): Promise<void> {
    try {
      await this.#subscriptions.add(channel);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  unsubscribe(channel: string): Promise<void> {
    return this.#subscriptions.remove(channel);
  }

  close(): void {
    this.#isClosed = true;
    this.#troubles.close();
    this.#client?.disconnect();
    this.#subscriptions.close();
  }

  /** Commands of one turn leave in one write: that halves what a publish costs. */
  #gather(): void {
    const stream = this.#isCluster ? undefined : (this.#client as Redis).stream;
    if (!stream || this.#isGathering) return;
    this.#isGathering = true;
    stream.cork();
    setImmediate(() => {
      this.#isGathering = false;
      stream.uncork();
    });
  }

  #unavailable(error?: unknown): ParleyError {
    if (error === undefined) this.#troubles.remind();
    else this.#troubles.note(error);
    // Clients read this; what Redis or the network said may name hosts inside, and is for the log.
    return new ParleyError("unavailable", "Cannot reach the other nodes: Redis is away or refuses");
  }

  #restored(): void {
    if (!this.isReady || this.#isClosed) return;
    this.#troubles.over();
    this.#events.restored();
  }

  #openSingle(library: Library, start: Start): void {
    const client = this.#connection(library, { maxRetriesPerRequest: 0 }, start);
    this.#client = client;
    for (const { name, keys, lua } of ALL_SCRIPTS) client.defineCommand(name, { numberOfKeys: keys, lua });
    client.on("close", start.settle);
    client.on("close", () => {
      if (this.#client === client) this.#isGreeted = false;
    });
    client.on("ready", () => {
      this.#greet(client)
        .then((info) => this.#greeted(library, { client, info, start }))
        .catch((error) => this.#failed(error, start, client));
    });
    client.connect().catch((error) => this.#troubles.note(error));
  }

  /** To a single Redis, for good. The client tries again by itself, but gives up where connecting itself throws. */
  #connection(library: Library, options: RedisOptions, start: Start): Redis {
    const client = new library.Redis({ ...singleOptions(this.#addresses[0]!), ...options });
    client.on("error", (error: Error) => this.#failed(error, start));
    client.on("end", () => {
      const again = () => {
        if (!this.#isClosed && !this.#isCluster) client.connect().catch((error) => this.#troubles.note(error));
      };
      setTimeout(again, AGAIN_MS).unref();
    });
    return client;
  }

  /** What kind of Redis it is, and which process; nothing, if it may not say. */
  async #greet(client: Redis): Promise<Record<string, string>> {
    try {
      const info = await client.info("server");
      return Object.fromEntries([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name!, value!]));
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("NOPERM")) return {};
      throw error;
    }
  }

  #greeted(library: Library, { client, info, start }: Greeting): void {
    const refusal = refusalOf(info.redis_version);
    if (refusal) throw new ParleyError("internal", refusal);
    if (info.redis_mode === "cluster" && this.#options.sharded !== "off") {
      client.removeListener("close", start.settle);
      client.disconnect();
      return this.#openCluster(library, start);
    }
    this.run = info.run_id ?? "";
    this.#isGreeted = true;
    if (!this.#subscriptions.isOpen) {
      const listener = this.#connection(library, {}, start);
      this.#subscriptions.open(listener, { sharded: this.#isSharded, ready: start.settle });
    }
    this.#restored();
  }

  #openCluster(library: Library, start: Start): void {
    this.#isCluster = this.#isGreeted = true;
    this.#isSharded = this.#options.sharded !== "off";
    const nodes = this.#addresses.map(({ host, port }) => ({ host, port }));
    const client = new library.Cluster(nodes, clusterOptions(this.#addresses[0]!, this.#isSharded));
    this.#client = client;
    for (const { name, keys, lua } of ALL_SCRIPTS) client.defineCommand(name, { numberOfKeys: keys, lua });
    client.on("error", (error: Error) => this.#failed(error, start));
    client.on("node error", (error: Error) => this.#failed(error, start));
    client.on("close", start.settle);
    this.#subscriptions.openCluster(client, { sharded: this.#isSharded, ready: start.settle });
    client.connect().catch((error) => this.#troubles.note(error));
  }

  /** A client that failed right after it was ready is connected anew. */
  #failed(error: Error, start: Start, client?: Redis): void {
    const isFinal = isFatal(error) && !start.isOver;
    if (!isFinal) this.#troubles.note(error);
    client?.disconnect(true);
    if (!isFinal) return;
    this.#troubles.close();
    const why = error instanceof ParleyError
      ? error.message
      : `Cannot use Redis at ${this.#troubles.where}: ${error.message}`;
    start.refuse(new ParleyError("internal", why));
  }
}

/** Doubles up to two seconds, a little at random, so that nodes do not come back in step. */
function retryDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 6), 2000) * (0.75 + Math.random() / 2);
}

/** The socket timeout starts with a command, so both connections are asked something every three seconds. */
const COMMON = {
  connectTimeout: 2000,
  socketTimeout: 3000,
  commandTimeout: 2000,
  keepAlive: 10_000,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
} as const;

function singleOptions({ secure, ...address }: RedisAddress): RedisOptions {
  return {
    ...COMMON,
    ...address,
    // The name of a server is never an address: with one, TLS would not even begin.
    tls: secure ? { servername: isIP(address.host) ? undefined : address.host } : undefined,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs,
  };
}

function clusterOptions({ secure, username, password }: RedisAddress, sharded: boolean) {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    shardedSubscribers: sharded,
    clusterRetryStrategy: retryDelayMs,
    slotsRefreshTimeout: 2000,
    redisOptions: { ...COMMON, username, password, tls: secure ? {} : undefined, autoResubscribe: true },
  };
}

function refusalOf(version: string | undefined): string | undefined {
  if (version === undefined) return undefined;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [wantedMajor, wantedMinor] = MIN_VERSION as [number, number];
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return undefined;
  return `Cannot use Redis ${version}: ${MIN_VERSION.join(".")} is the oldest that will do`;
}
