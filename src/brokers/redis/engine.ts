/**
 * The connections to Redis: one for commands, one for subscriptions; on a Redis Cluster what the client makes of them.
 *
 * The other parts only see commands that answer or throw `unavailable` within two seconds, and
 * channels that are subscribed again by themselves. Nothing is queued while Redis is away: a publish that fails now must
 * not happen later. A Redis that answers and cannot serve is away, too: the client then connects to its address again.
 */
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { Cluster, Redis, RedisOptions } from "ioredis";
import { ParleyError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { nameOf, type RedisLocation } from "./address.ts";
import { COMMAND_KEYS, dropForeign } from "./foreign_values.ts";
import { clusterOptions, retryDelayMs, singleOptions } from "./options.ts";
import { isFatal, isForeignValue, isNotServing } from "./replies.ts";
import { WHOEVER_RUNS_IT } from "./room_scripts.ts";
import { ALL_SCRIPTS } from "./scripts.ts";
import type { KeyType, Script } from "./script.ts";
import { askServer, type ServerInfo } from "./server_info.ts";
import { Subscriptions } from "./subscriptions.ts";
import { OutageLog } from "../cluster/outage_log.ts";

/** How long a start waits for Redis before it goes on without. */
const START_MS = 3_000;
/** Until a client that has given up is told to go on, and between two questions to a Redis that cannot serve. */
const AGAIN_MS = 1_000;

export interface RedisEngineOptions {
  location: RedisLocation;
  sentinelPassword?: string;
  /** `auto`: on a Redis Cluster. */
  sharded: "auto" | "on" | "off";
  log: Log;
}

export interface EngineEvents {
  message(channel: string, payload: string): void;
  /** A connection is back: whatever came meanwhile was missed. */
  restored(): void;
  /** A key held what no Parley put there, and was removed. */
  foreign(key: string): void;
}

interface FreshClient {
  client: Redis;
  info: ServerInfo;
  start: Start;
}

type Argument = string | number;

type Commands = Record<string, (...args: Argument[]) => Promise<unknown>>;
type Library = Pick<typeof import("ioredis"), "Redis" | "Cluster">;

/** Settled when Redis answers, when it is clear that it does not yet, or rejected when it never will. */
interface Start {
  isOver: boolean;
  settle: () => void;
  reject: (error: ParleyError) => void;
}

export class RedisEngine {
  /** Names the Redis process; on a cluster, where each master is one, it is for scripts to find out. */
  run = "";
  readonly #options: RedisEngineOptions;
  readonly #events: EngineEvents;
  readonly #outages: OutageLog;
  readonly #subscriptions: Subscriptions;
  #client: Redis | Cluster | undefined;
  #isSharded: boolean;
  #isCluster = false;
  /** The present connection has said which Redis it leads to. */
  #isGreeted = false;
  #isClosed = false;
  #isGathering = false;
  /** Where the connection for subscriptions led to. */
  #listenerRun = "";
  /** When a Redis that cannot serve said so. */
  #refusedAt = -Infinity;

  constructor(options: RedisEngineOptions, events: EngineEvents) {
    this.#options = options;
    this.#events = events;
    this.#isSharded = options.sharded === "on";
    const { addresses, master } = options.location;
    const where = addresses.map(nameOf).join(",");
    this.#outages = new OutageLog(options.log, {
      name: "Redis",
      where: master === undefined ? where : `${where}/${master}`,
    });
    this.#subscriptions = new Subscriptions({
      message: events.message,
      restored: () => this.#restored(),
      check: (client) => this.#checkListener(client),
      failed: (error) => this.#mayBeGone(error),
      outages: this.#outages,
    });
  }

  /** The command that publishes, for scripts. */
  get publishCommand(): "PUBLISH" | "SPUBLISH" {
    return this.#isSharded ? "SPUBLISH" : "PUBLISH";
  }

  /** All commands go to one Redis, which executes them in the order they were sent in. */
  get keepsOrder(): boolean {
    return !this.#isCluster;
  }

  /** It is surely the Redis process whose `run` this was. */
  isSame(run: string | undefined): boolean {
    return run === undefined || (!this.#isCluster && run !== "" && run === this.run);
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
  get outage(): string {
    return this.#outages.last ?? `Redis at ${this.#outages.where} has not answered yet`;
  }

  /** Rejects with ParleyError if Redis refuses for good; a Redis that is away is tried again and again. */
  async open(): Promise<void> {
    const library = await import("ioredis");
    const { promise, resolve: settle, reject } = Promise.withResolvers<void>();
    const start: Start = { isOver: false, settle, reject };
    // It also keeps the process alive, where the client holds nothing that would.
    const patience = setTimeout(settle, START_MS);
    const { addresses, master } = this.#options.location;
    if (addresses.length > 1 && master === undefined) this.#openCluster(library, start);
    else this.#openSingle(library, start);
    try {
      await promise;
    } finally {
      start.isOver = true;
      clearTimeout(patience);
    }
  }

  /** Runs a script; keys and arguments in one list. */
  script({ name, keys }: Script, ...args: Argument[]): Promise<unknown> {
    return this.#run(name, args, keys);
  }

  /** Any command, by its name, with its key first. Rejects with ParleyError `unavailable`. */
  call(command: string, ...args: Argument[]): Promise<unknown> {
    return this.#run(command, args, COMMAND_KEYS[command] ?? []);
  }

  /** A foreign value under one of its keys is removed, and the call tried once more. */
  async #run(command: string, args: Argument[], types: readonly KeyType[]): Promise<unknown> {
    try {
      try {
        return await this.#send(command, args);
      } catch (error) {
        if (!isForeignValue(error)) throw error;
        const send = (command: string, args: Argument[]) => this.#send(command, args);
        for (const key of await dropForeign({ error, args, types, send })) this.#events.foreign(key);
        return await this.#send(command, args);
      }
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  async #send(command: string, args: Argument[]): Promise<unknown> {
    if (!this.#isOpen) throw this.#unavailable();
    this.#gather();
    return await (this.#client as unknown as Commands)[command]!(...args);
  }

  /** Returns how many heard it; undefined: nobody can say, for on a cluster only the sharded form counts. */
  async publish(channel: string, payload: string): Promise<number | undefined> {
    const heard = await this.call(this.#isSharded ? "spublish" : "publish", channel, payload);
    return this.#isSharded || !this.#isCluster ? Number(heard) : undefined;
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
    this.#outages.close();
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
    if (error instanceof ParleyError) return error;
    if (error === undefined) this.#outages.remind();
    else this.#outages.note(error);
    this.#mayBeGone(error);
    // Clients read this; what Redis or the network said may name hosts inside, and is for the log.
    const refusal = new ParleyError("unavailable", "Cannot reach the other nodes: Redis is away or refuses");
    refusal.cause = error;
    return refusal;
  }

  /** It answers, and cannot serve: both connections are made again, at most one attempt a second. */
  #mayBeGone(error: unknown): void {
    if (this.#isCluster || this.#isClosed || !isNotServing(error)) return;
    const client = this.#client as Redis;
    this.#refusedAt = performance.now();
    this.#isGreeted = false;
    this.#subscriptions.suspend();
    if (client.status === "ready" || client.status === "connect") client.disconnect(true);
  }

  /** Both connections must lead to the same Redis, or what is published here is not heard here. */
  async #checkListener(listener: Redis): Promise<void> {
    const { run } = await askServer(listener);
    this.#listenerRun = run;
    if (!this.#isOpen || run === this.run) return;
    this.#refusedAt = performance.now();
    (this.#client as Redis).disconnect(true);
  }

  #restored(): void {
    if (!this.isReady || this.#isClosed) return;
    this.#outages.over();
    this.#events.restored();
  }

  #openSingle(library: Library, start: Start): void {
    const client = this.#connection(library, { maxRetriesPerRequest: 0 }, start);
    this.#client = client;
    for (const { name, keys, lua } of ALL_SCRIPTS) client.defineCommand(name, { numberOfKeys: keys.length, lua });
    client.on("close", start.settle);
    client.on("close", () => {
      if (this.#client === client) this.#isGreeted = false;
    });
    client.on("ready", () => {
      askServer(client)
        .then((info) => this.#greeted(library, { client, info, start }))
        .catch((error) => this.#failed(error, start, client));
    });
    client.connect().catch((error) => this.#outages.note(error));
  }

  /** To a single Redis, for good. The client tries again by itself, but gives up where connecting itself throws. */
  #connection(library: Library, options: RedisOptions, start: Start): Redis {
    const { location, sentinelPassword } = this.#options;
    const client = new library.Redis({
      ...singleOptions(location, sentinelPassword),
      ...options,
      retryStrategy: (attempt) => Math.max(retryDelayMs(attempt), this.#refusedAt + AGAIN_MS - performance.now()),
    });
    client.on("error", (error: Error) => this.#failed(error, start));
    client.on("end", () => {
      const again = () => {
        if (this.#isClosed || this.#isCluster || client.status !== "end") return;
        // The connection for subscriptions waits until it is known that there is a Redis that can serve.
        if (client === this.#client || this.#isGreeted) client.connect().catch((error) => this.#outages.note(error));
      };
      setTimeout(again, AGAIN_MS).unref();
    });
    return client;
  }

  #greeted(library: Library, { client, info, start }: FreshClient): void {
    if (info.isCluster && this.#options.sharded !== "off") {
      client.removeListener("close", start.settle);
      client.disconnect();
      return this.#openCluster(library, start);
    }
    this.run = info.run;
    this.#isGreeted = true;
    if (this.#subscriptions.isOpen) {
      if (this.#subscriptions.isReady && this.#listenerRun !== info.run) this.#subscriptions.renew();
      else this.#subscriptions.resume();
    } else {
      const listener = this.#connection(library, {}, start);
      this.#subscriptions.open(listener, { sharded: this.#isSharded, ready: start.settle });
    }
    this.#restored();
  }

  #openCluster(library: Library, start: Start): void {
    this.#isCluster = this.#isGreeted = true;
    this.run = WHOEVER_RUNS_IT;
    this.#isSharded = this.#options.sharded !== "off";
    const { addresses } = this.#options.location;
    const nodes = addresses.map(({ host, port }) => ({ host, port }));
    const client = new library.Cluster(nodes, clusterOptions(addresses[0]!, this.#isSharded));
    this.#client = client;
    for (const { name, keys, lua } of ALL_SCRIPTS) client.defineCommand(name, { numberOfKeys: keys.length, lua });
    client.on("error", (error: Error) => this.#failed(error, start));
    client.on("node error", (error: Error) => this.#failed(error, start));
    client.on("close", start.settle);
    this.#subscriptions.openCluster(client, { sharded: this.#isSharded, ready: start.settle });
    client.connect().catch((error) => this.#outages.note(error));
  }

  /** A client that failed right after it was ready is connected again. */
  #failed(error: Error, start: Start, client?: Redis): void {
    const isFinal = isFatal(error) && !start.isOver;
    if (!isFinal) this.#outages.note(error);
    this.#mayBeGone(error);
    client?.disconnect(true);
    if (!isFinal) return;
    this.#outages.close();
    const why = error instanceof ParleyError
      ? error.message
      : `Cannot use Redis at ${this.#outages.where}: ${error.message}`;
    start.reject(new ParleyError("internal", why));
  }
}
