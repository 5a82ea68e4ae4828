/**
 * The channels this node listens to. They are a set, and whenever the connection comes back the whole set is subscribed
 * again, so that a channel given up meanwhile stays given up. On a Redis Cluster the client does that itself, a moment
 * after it says it is ready, so rooms are looked at again until it surely has.
 */
import { clearInterval, setInterval, setTimeout } from "node:timers";
import type { Cluster, Redis } from "ioredis";
import type { OutageLog } from "../cluster/outage_log.ts";

const PING_MS = 3_000;
/** Channels in one command. */
const CHUNK = 200;
const CLUSTER_LOOKS_MS = [0, 500, 2_000, 5_000];

interface SubscriptionParts {
  message(channel: string, payload: string): void;
  /** All channels are subscribed again: whatever came meanwhile was missed. */
  restored(): void;
  /** Rejects if the Redis it leads to cannot serve. */
  check(client: Redis): Promise<void>;
  /** What a connection that became ready could not do. */
  failed(error: unknown): void;
  outages: OutageLog;
}

export interface OpenOptions {
  sharded: boolean;
  /** Called each time all channels are subscribed. */
  ready(): void;
}

export class Subscriptions {
  readonly #parts: SubscriptionParts;
  readonly #channels = new Set<string>();
  #client: Redis | Cluster | undefined;
  #isSharded = false;
  #hasAll = false;
  #pinging: ReturnType<typeof setInterval> | undefined;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /** Every channel is subscribed. */
  get isReady(): boolean {
    return this.#client?.status === "ready" && this.#hasAll;
  }

  open(client: Redis, { sharded, ready }: OpenOptions): void {
    this.#take(client, sharded);
    client.on("close", () => this.#hasAll = false);
    client.on("ready", () => {
      this.#parts.check(client).then(() => this.#subscribeAll()).then(() => {
        this.#hasAll = true;
        this.#parts.restored();
        ready();
      }, (error) => this.#retry(client, error));
    });
    this.#pinging = setInterval(() => {
      if (client.status === "ready") client.ping().catch((error) => this.#parts.outages.note(error));
    }, PING_MS);
    this.#pinging.unref();
    client.connect().catch((error) => this.#parts.outages.note(error));
  }

  openCluster(client: Cluster, { sharded, ready }: OpenOptions): void {
    this.#take(client, sharded);
    const look = () => {
      for (const ms of CLUSTER_LOOKS_MS) setTimeout(() => this.#parts.restored(), ms).unref();
    };
    client.on("ready", () => {
      const first = this.#hasAll ? Promise.resolve() : this.#subscribeAll();
      first.then(() => {
        this.#hasAll = true;
        look();
        ready();
      }, (error) => this.#retry(client, error));
    });
    client.on("subscribersReady", look);
    client.on("+node", look);
  }

  /** Until {@link resume}: no Redis could serve. */
  suspend(): void {
    this.#hasAll = false;
    (this.#client as Redis | undefined)?.disconnect();
  }

  resume(): void {
    const client = this.#client as Redis;
    if (client.status === "end") client.connect().catch((error) => this.#parts.outages.note(error));
  }

  /** It leads to another Redis than the one that serves now. */
  renew(): void {
    this.#hasAll = false;
    (this.#client as Redis).disconnect(true);
  }

  /** For good, and also while the connection is away. */
  want(channel: string): void {
    this.#channels.add(channel);
  }

  /** Rejects while the connection is away, and then does not subscribe. */
  async add(channel: string): Promise<void> {
    const client = this.#client;
    if (client?.status !== "ready") throw new Error("the connection for subscriptions is away");
    this.#channels.add(channel);
    try {
      if (this.#isSharded) await client.ssubscribe(channel);
      else await client.subscribe(channel);
    } catch (error) {
      this.#channels.delete(channel);
      throw error;
    }
  }

  /** Never rejects. */
  async remove(channel: string): Promise<void> {
    this.#channels.delete(channel);
    const client = this.#client;
    if (client?.status !== "ready") return;
    try {
      if (this.#isSharded) await client.sunsubscribe(channel);
      else await client.unsubscribe(channel);
    } catch (error) {
      this.#parts.outages.note(error);
    }
  }

  close(): void {
    clearInterval(this.#pinging);
    this.#channels.clear();
    this.#client?.disconnect();
  }

  #take(client: Redis | Cluster, sharded: boolean): void {
    this.#client = client;
    this.#isSharded = sharded;
    const heard = (channel: string, payload: string) => this.#parts.message(channel, payload);
    client.on(sharded ? "smessage" : "message", heard);
  }

  async #subscribeAll(): Promise<void> {
    const client = this.#client!;
    const channels = [...this.#channels];
    // Sharded channels of one command must be of one slot.
    const size = this.#isSharded ? 1 : CHUNK;
    const done: Promise<unknown>[] = [];
    for (let at = 0; at < channels.length; at += size) {
      const some = channels.slice(at, at + size);
      done.push(this.#isSharded ? client.ssubscribe(...some) : client.subscribe(...some));
    }
    await Promise.all(done);
  }

  /** A connection that cannot hold the channels is made anew. */
  #retry(client: Redis | Cluster, error: unknown): void {
    this.#parts.outages.note(error);
    client.disconnect(true);
    this.#parts.failed(error);
  }
}
