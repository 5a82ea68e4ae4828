/**
 * The broker of a cluster: many nodes on one Redis, or on a Redis Cluster. Bun and Deno nodes form one cluster.
 *
 * Its parts in redis/ share the engine, which refuses at once while Redis is away. Whenever a connection is back, rooms
 * read what they missed from their logs and presence is repaired; until that is done the broker is not healthy. All keys
 * and channels stand in redis/keys.ts.
 */
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import type {
  Answers,
  Broker,
  BrokerHealth,
  LocalNode,
  NodeAnswers,
  NodeQuestion,
  PresenceStore,
  PublishOptions,
  PublishResult,
  RoutedEvent,
} from "../../broker.ts";
import { ParleyError } from "../../errors.ts";
import { IdSource } from "../../id.ts";
import type { Log } from "../../log.ts";
import { hasMembers } from "../../room_name.ts";
import type { Grants, History, Inbox } from "../../stores.ts";
import type { WorkerPeers } from "../broadcast_channel/worker_peers.ts";
import { readLocation } from "./address.ts";
import { RedisEngine } from "./engine.ts";
import { RedisHistory } from "./history.ts";
import { Keys } from "./keys.ts";
import { MAX_KNOWN } from "../cluster/known_members.ts";
import { RedisPresence } from "./presence.ts";
import { ALL_NODES, NodeRpc } from "../cluster/rpc.ts";
import { RedisRooms } from "./rooms.ts";
import { RedisGrants, RedisInbox } from "./stores.ts";
import { InvalidPayloads } from "../cluster/invalid_payloads.ts";
import { readReceived } from "../cluster/wire.ts";

/** Keys of members expire in a day. */
const REFRESH_MS = 6 * 3_600_000;
/** How long a close waits for Redis to hear of it. */
const FAREWELL_MS = 2_000;
/** After Redis lost its data: until then every node that lives has entered its members again. */
const OTHERS_MS = 8_000;
const COMPARE_AGAIN_MS = 2_000;
/** Their names together are small enough for one message. */
const ROOMS_PER_COMMAND = 1_000;

export interface RedisBrokerOptions {
  /**
   * redis://[user:password@]host[:port][/db], rediss:// for TLS; several nodes of a Redis Cluster with commas between; or
   * redis+sentinel://[user:password@]host[:port],…/name[/db].
   */
  url: string;
  sentinelPassword?: string;
  /** Head of every key and channel; nodes of another prefix are another cluster. */
  prefix?: string;
  /** Sharded pub/sub; `auto`: on a Redis Cluster. */
  sharded?: "auto" | "on" | "off";
  /** Notifications kept per user. */
  inboxSize: number;
  inboxTtlMs: number;
  /** Members up to which a room announces joins and leaves. */
  roomAnnounceMax?: number;
  /** What the history of one room may hold; default: any number of bytes. */
  historyRoomBytes?: number;
  log: Log;
  /** If there are other workers in this process. */
  peers?: WorkerPeers;
}

export class RedisBroker implements Broker {
  readonly name = "redis";
  readonly spansMachines = true;
  readonly history: History;
  readonly presence: PresenceStore;
  readonly inbox: Inbox;
  readonly grants: Grants;
  readonly #engine: RedisEngine;
  readonly #log: Log;
  readonly #peers: WorkerPeers | undefined;
  readonly #invalid: InvalidPayloads;
  readonly #rooms: RedisRooms;
  readonly #presence: RedisPresence;
  readonly #keys: Keys;
  readonly #rpc: NodeRpc;
  /** The channels of questions. */
  readonly #control = new Set<string>();
  #node: LocalNode | undefined;
  #refreshing: ReturnType<typeof setInterval> | undefined;
  #comparing: ReturnType<typeof setTimeout> | undefined;
  #compareAt = 0;
  /** The Redis process that presence is known to stand in. */
  #run: string | undefined;

  /** Throws ParleyError `internal` if it is not a URL of Redis. `ids` must not be the node's own unless it is the same object. */
  constructor(options: RedisBrokerOptions, ids: IdSource = new IdSource()) {
    const { url, prefix = "parley", sharded = "auto", inboxSize, inboxTtlMs, roomAnnounceMax, log, peers } = options;
    const location = readLocation(url);
    this.#log = log;
    this.#peers = peers;
    this.#invalid = new InvalidPayloads({ log, engine: "Redis", node: () => this.#local });
    this.#engine = new RedisEngine({ location, sentinelPassword: options.sentinelPassword, sharded, log }, {
      message: (channel, payload) => this.#receive(channel, payload),
      restored: () => this.#restore(),
      foreign: (key) => this.#invalid.note(key, new Error("its value was of another type, and is removed")),
    });
    this.#keys = new Keys(prefix, location.addresses[0]!.db);
    const shared = {
      engine: this.#engine,
      invalid: this.#invalid,
      keys: this.#keys,
      ids,
      log,
      node: () => this.#local,
    };
    const { historyRoomBytes = Number.MAX_SAFE_INTEGER } = options;
    this.#rooms = new RedisRooms({ ...shared, historyRoomBytes, missed: () => this.#compareSoon(0) });
    this.#rpc = new NodeRpc({
      ...shared,
      publish: (to, payload) => this.#engine.publish(this.#keys.control(to), payload),
      isLeased: (node) => this.#presence.lease.isHeldBy(node),
    });
    this.presence = this.#presence = new RedisPresence({
      ...shared,
      announceMax: roomAnnounceMax,
      node: () => this.#local.id,
      publish: (routed) => this.#rooms.publish(routed),
      seen: (room, roster) => this.#rooms.noteRoster(room, roster),
      rebuilt: (rooms) => this.#tellMembers(rooms),
      forgotten: (room) => this.#rooms.forget(room),
      restored: ({ hasRedisForgotten }) => this.#compareSoon(hasRedisForgotten ? OTHERS_MS : 0),
    });
    this.history = new RedisHistory(this.#rooms.log, (room, position) => this.#rooms.reach(room, position));
    this.inbox = new RedisInbox(shared, { size: inboxSize, ttlMs: inboxTtlMs });
    this.grants = new RedisGrants(shared);
  }

  /** Rejects with ParleyError if Redis refuses for good; if it only does not answer, it is tried until it does. */
  async start(node: LocalNode): Promise<void> {
    this.#node = node;
    this.#rooms.listen();
    for (const name of [ALL_NODES, node.id]) {
      const channel = this.#keys.control(name);
      this.#control.add(channel);
      this.#engine.want(channel);
    }
    try {
      await this.#engine.open();
    } catch (error) {
      this.#rooms.close();
      this.#engine.close();
      throw error;
    }
    this.#peers?.start(node);
    this.#presence.lease.start();
    await this.#presence.lease.beat();
    this.#refreshing = setInterval(() => this.#refresh(), REFRESH_MS);
    this.#refreshing.unref();
  }

  subscribe(room: string): Promise<void> {
    return this.#rooms.subscribe(room);
  }

  unsubscribe(room: string): Promise<void> {
    return this.#rooms.unsubscribe(room);
  }

  publish(routed: RoutedEvent, options?: PublishOptions): Promise<PublishResult> {
    return this.#rooms.publish(routed, options);
  }

  async ask<What extends keyof NodeAnswers>(
    question: NodeQuestion & { what: What },
    node?: string,
  ): Promise<Answers<NodeAnswers[What]>> {
    if (question.what !== "stats") return await this.#rpc.ask<What>(question, node);
    const stats = await this.#peers?.stats() ?? [this.#local.stats()];
    return { values: stats as NodeAnswers[What][], asked: stats.length };
  }

  health(): BrokerHealth {
    if (!this.#engine.isReady) return { ok: false, detail: this.#engine.outage };
    return this.#presence.isHealthy
      ? { ok: true }
      : { ok: false, detail: "Redis is there, presence is being repaired" };
  }

  async close(): Promise<void> {
    clearInterval(this.#refreshing);
    clearTimeout(this.#comparing);
    const closing = this.#presence.close().catch((error) => {
      const reason = error instanceof ParleyError ? error.message : error;
      this.#log.warn("left without telling Redis, the members will be gone when the lease ends", { reason });
    });
    let late: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([closing, new Promise((resolve) => late = setTimeout(resolve, FAREWELL_MS))]);
    clearTimeout(late);
    await this.#peers?.close();
    this.#rooms.close();
    this.#engine.close();
  }

  get #local(): LocalNode {
    if (!this.#node) throw new TypeError("Cannot use the Redis broker: it was not started");
    return this.#node;
  }

  #receive(channel: string, payload: string): void {
    if (this.#control.has(channel)) return this.#rpc.receive(channel, payload);
    const received = readReceived(payload);
    if (received) this.#rooms.receive(channel, received);
    else this.#invalid.note(channel, new Error("it is not an event"));
  }

  #restore(): void {
    const { lease } = this.#presence;
    this.#rooms.catchUp();
    // A master that took over, or one that started again with most of its data, may lack the newest changes.
    if (!this.#engine.isSame(this.#run)) this.#presence.expectLoss();
    this.#run = this.#engine.run;
    // If the lease was lost, presence says when it is repaired.
    void lease.beat().then(() => this.#presence.isHealthy && this.#compareSoon(0));
  }

  /** On every node. */
  async #tellMembers(rooms: string[]): Promise<void> {
    const shown = rooms.filter(hasMembers);
    for (let at = 0; at < shown.length; at += ROOMS_PER_COMMAND) {
      const command = { do: "tell_members", rooms: shown.slice(at, at + ROOMS_PER_COMMAND) } as const;
      await this.#rpc.ask({ what: "execute", command });
    }
  }

  /** Tells joins and leaves that were missed, after a while; the latest of several wishes counts. */
  #compareSoon(afterMs: number): void {
    const at = Math.max(this.#compareAt, performance.now() + afterMs);
    if (this.#comparing && at === this.#compareAt) return;
    this.#compareAt = at;
    clearTimeout(this.#comparing);
    this.#comparing = setTimeout(() => this.#compare(), Math.max(0, at - performance.now()));
    this.#comparing.unref();
  }

  #compare(): void {
    this.#comparing = undefined;
    const compared = this.#rooms.compare((room) => this.#presence.roster(room, MAX_KNOWN));
    compared.then(() => {
      const rooms = this.#rooms.unfollowed();
      if (rooms.length > 0) return this.#local.execute({ do: "tell_members", rooms });
    }).catch((error) => {
      this.#log.debug("missed joins and leaves could not be read yet", { error });
      this.#compareSoon(COMPARE_AGAIN_MS);
    });
  }

  #refresh(): void {
    this.#presence.refresh().catch((error) => this.#log.warn("keys could not be kept from expiring", { error }));
  }
}
