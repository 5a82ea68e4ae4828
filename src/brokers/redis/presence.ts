/**
 * Presence in Redis: the members of this node under its lease, and repair of whatever an outage did to them.
 *
 * Leaves never fail: while Redis is away they are remembered and told when it is back. Members that Redis forgot are
 * entered again without a word, for the others still know them; members that others took for dead are announced again.
 * Either way the rooms are then told as a whole who is in.
 */
import type { Occupancy, PresenceStore, RoutedEvent } from "../../broker.ts";
import { ParleyError } from "../../errors.ts";
import type { IdSource } from "../../id.ts";
import type { Log } from "../../log.ts";
import type { Member, Roster, UserPresence } from "../../message.ts";
import type { RedisEngine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import { inChunks } from "../cluster/chunks.ts";
import { Lease, type LeaseRenewal } from "./lease.ts";
import { type EnterOptions, type Gone, MEMBERS_MS, Membership } from "./membership.ts";
import { ROSTER } from "./presence_scripts.ts";
import { canNeverSucceed } from "./replies.ts";
import { LocalMembers } from "../cluster/local_members.ts";
import { RedisStatuses } from "./statuses.ts";
import type { InvalidPayloads } from "../cluster/invalid_payloads.ts";
import { readMember } from "../cluster/wire.ts";

export interface RedisPresenceParts {
  engine: RedisEngine;
  keys: Keys;
  ids: IdSource;
  log: Log;
  /** Members up to which a room announces. */
  announceMax?: number;
  invalid: InvalidPayloads;
  /** Head of the leases' names. */
  node: () => string;
  publish(routed: RoutedEvent): Promise<unknown>;
  /** A roster as it was read. */
  seen(room: string, roster: Roster): void;
  /** These rooms have members again whom Redis, or the other nodes, had lost. Rejects if the other nodes cannot be told. */
  rebuilt(rooms: string[]): Promise<void>;
  /** Nobody is in the room any more, and nothing was ever said there. */
  forgotten(room: string): void;
  /** All members of this node are in again; those of other nodes may have come and gone unheard. */
  restored(news: LeaseRenewal): void;
}

/** A leave that Redis does not know of yet. */
interface PendingLeave {
  room: string;
  connection: string;
}

export class RedisPresence implements PresenceStore {
  readonly lease: Lease;
  readonly #parts: RedisPresenceParts;
  readonly #membership: Membership;
  readonly #statuses: RedisStatuses;
  readonly #local = new LocalMembers();
  /** Rooms that are noted under a lease. */
  readonly #noted = new Set<string>();
  #notedUnder = "";
  readonly #pendingLeaves = new Map<string, PendingLeave>();
  /** Redis may have lost the newest changes of members, though not all of its data. */
  #mayDiffer = false;

  constructor(parts: RedisPresenceParts) {
    const { engine, keys, node, log } = parts;
    this.#parts = parts;
    this.#membership = new Membership(parts);
    this.#statuses = new RedisStatuses(parts);
    this.lease = new Lease({
      engine,
      keys,
      node,
      renewed: (news) => this.#repair(news),
      reap: (lease) => this.#reap(lease),
      failed: (error) => log.debug("the lease could not be renewed", { error }),
    });
  }

  /** Redis knows the members of this node as they are. */
  get isHealthy(): boolean {
    return this.lease.isHealthy && !this.#mayDiffer;
  }

  /** The next renewal of the lease compares what Redis knows of this node's members with who they are. */
  expectLoss(): void {
    this.#mayDiffer = true;
  }

  async enter(room: string, member: Member, limit = 0): Promise<Occupancy> {
    await this.lease.ensure();
    const noted = this.#note(room);
    // Where commands arrive in the order they leave in, it is there before the member is.
    if (!this.#parts.engine.keepsOrder) await noted;
    const { connection } = member;
    this.#pendingLeaves.delete(leaveKey(room, connection));
    const before = this.#local.get(room, connection);
    // Before the answer is there: the lease may be lost while it is on its way.
    this.#local.set(room, member);
    let occupancy: Occupancy | undefined;
    try {
      [occupancy] = await Promise.all([this.#membership.enter(room, member, { lease: this.lease.name, limit }), noted]);
    } catch (error) {
      if (!before) this.#leaveLater({ room, connection });
      throw error;
    } finally {
      if (!occupancy && !before) this.#local.delete(room, connection);
    }
    if (!occupancy) {
      throw new ParleyError("room_full", `Cannot enter room "${room}": it has its ${limit} members`, { room });
    }
    if (occupancy.first && isPersonal(room, member)) await this.#tellFollowers(member, "arrive");
    return occupancy;
  }

  async leave(room: string, connection: string): Promise<void> {
    if (!this.#local.delete(room, connection)) return;
    try {
      await this.#left(room, await this.#membership.leave(room, [connection]));
    } catch {
      // The engine has logged why; nobody who leaves can do anything about it.
      this.#leaveLater({ room, connection });
    }
  }

  async identify(room: string, member: Member): Promise<void> {
    if (!this.#local.get(room, member.connection)) return;
    await this.#membership.identify(room, member);
    if (this.#local.get(room, member.connection)) this.#local.set(room, member);
  }

  async update(room: string, connection: string, info: unknown): Promise<boolean> {
    const before = this.#local.get(room, connection);
    if (!before || JSON.stringify(before.info) === JSON.stringify(info)) return false;
    const member = { ...before, info };
    const isIn = await this.#membership.update(room, member);
    // Whoever has left meanwhile, or is somebody else by now, stays so.
    if (this.#local.get(room, connection) === before) this.#local.set(room, member);
    return isIn;
  }

  async roster(room: string, limit: number): Promise<Roster> {
    const { engine, keys, invalid } = this.#parts;
    const { members, users } = keys.room(room);
    const answer = await engine.script(ROSTER, members, users, limit);
    const [count, userCount, announcing, foreign, ...values] = answer as [number, number, number, number, ...string[]];
    for (let n = 0; n < foreign; n++) invalid.note(members, new Error("it is not a member"));
    const list: Roster["list"] = invalid.readable(members, values.slice(0, limit), (value) => {
      return readMember(value.replace(/^\S+ \S* /, ""));
    });
    const statuses = await this.#statuses.of(list.map(({ user, connection }) => String(user ?? connection)));
    for (const [at, each] of list.entries()) each.status = statuses[at]?.status ?? "online";
    const roster = { list, members: count, users: userCount, announcing: announcing === 1 };
    this.#parts.seen(room, roster);
    return roster;
  }

  async count(room: string): Promise<number> {
    return Number(await this.#parts.engine.call("hlen", this.#parts.keys.room(room).members));
  }

  async contains(room: string, who: { connection: string } | { user: string }): Promise<boolean> {
    const { members, users } = this.#parts.keys.room(room);
    const [key, field] = "user" in who ? [users, `u${encodeURIComponent(who.user)}`] : [members, who.connection];
    return await this.#parts.engine.call("hexists", key, field) === 1;
  }

  setStatus(user: string, presence: UserPresence): Promise<boolean> {
    return this.#statuses.set(user, presence);
  }

  async status(user: string): Promise<UserPresence> {
    const [connections, [said]] = await Promise.all([this.count(`user:${user}`), this.#statuses.of([user])]);
    if (connections === 0) return { status: "offline", timestamp: Date.now() };
    return said ?? { status: "online", timestamp: Date.now() };
  }

  /** Keeps what belongs to this node's members from expiring. */
  async refresh(): Promise<void> {
    const { engine, keys } = this.#parts;
    await engine.call("pexpire", keys.roomsOf(this.lease.name), MEMBERS_MS);
    await inChunks(this.#local.rooms, async (room) => {
      const { members, users, meta } = keys.room(room);
      await Promise.all([members, users, meta].map((key) => engine.call("pexpire", key, MEMBERS_MS)));
      for (const member of this.#local.of(room)) {
        if (isPersonal(room, member)) await this.#statuses.arrive(String(member.user));
      }
    });
  }

  /** Takes all members along. */
  async close(): Promise<void> {
    this.lease.stop();
    const { engine, keys } = this.#parts;
    await inChunks(this.#local.rooms, async (room) => {
      const connections = this.#local.of(room).map(({ connection }) => connection);
      await this.#tellDepartures(room, await this.#membership.leave(room, connections));
    });
    this.#local.clear();
    await engine.call("zrem", keys.leases, this.lease.name);
    await engine.call("del", keys.roomsOf(this.lease.name));
  }

  /** The room is noted before anybody enters it, so that whoever reaps finds all; one too many does no harm. */
  async #note(room: string): Promise<void> {
    const { engine, keys } = this.#parts;
    const { name } = this.lease;
    if (this.#notedUnder !== name) this.#noted.clear();
    this.#notedUnder = name;
    if (this.#noted.has(room)) return;
    await Promise.all([
      engine.call("sadd", keys.roomsOf(name), room),
      engine.call("pexpire", keys.roomsOf(name), MEMBERS_MS),
    ]);
    if (this.#notedUnder === name) this.#noted.add(room);
  }

  async #unnote(room: string): Promise<void> {
    if (!this.#noted.delete(room)) return;
    await this.#parts.engine.call("srem", this.#parts.keys.roomsOf(this.#notedUnder), room);
  }

  #leaveLater(leave: PendingLeave): void {
    this.#pendingLeaves.set(leaveKey(leave.room, leave.connection), leave);
  }

  async #leaveNow(): Promise<void> {
    await inChunks([...this.#pendingLeaves.values()], async ({ room, connection }) => {
      await this.#ifPossible(room, async () => this.#left(room, await this.#membership.leave(room, [connection])));
      this.#pendingLeaves.delete(leaveKey(room, connection));
    });
  }

  async #left(room: string, gone: Gone[]): Promise<void> {
    if (!this.#local.has(room)) await this.#unnote(room);
    await this.#tellDepartures(room, gone);
  }

  /** One call that can never succeed must not keep the rest from being repaired. */
  async #ifPossible(room: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!canNeverSucceed(error)) throw error;
      const { cause } = error as Error;
      this.#parts.invalid.note(`members of room "${room}"`, new Error(`a call was dropped: ${cause}`));
    }
  }

  /** After a renewal of the lease: what an outage, a sleep or a failover left undone. */
  async #repair(news: LeaseRenewal): Promise<void> {
    if (this.#pendingLeaves.size > 0) await this.#leaveNow();
    if (news.isLost) await this.#enterAgain(news.hasRedisForgotten);
    else if (this.#mayDiffer) await this.#reconcile();
    else return;
    this.#mayDiffer = false;
    this.#parts.restored(news);
  }

  /** What Redis knows of this node's members becomes who they are, in whatever room. */
  async #reconcile(): Promise<void> {
    const { name: lease } = this.lease;
    const { engine, keys } = this.#parts;
    const noted = await engine.call("smembers", keys.roomsOf(lease)) as string[];
    this.#noted.clear();
    const changed = new Set<string>();
    await inChunks([...new Set([...noted, ...this.#local.rooms])], (room) => {
      return this.#ifPossible(room, async () => {
        if (this.#local.has(room)) await this.#note(room);
        const known = await this.#membership.find(room, lease);
        for (const member of this.#local.of(room)) {
          if (known.includes(member.connection)) continue;
          changed.add(room);
          await this.#enterOne(room, member, { lease });
        }
        const left = known.filter((connection) => !this.#local.get(room, connection));
        if (left.length > 0) await this.#left(room, await this.#membership.leave(room, left, lease));
      });
    });
    if (changed.size > 0) await this.#parts.rebuilt([...changed]);
  }

  async #enterAgain(quietly: boolean): Promise<void> {
    const { log } = this.#parts;
    const { name: lease } = this.lease;
    const rooms = this.#local.rooms;
    log.warn(quietly ? "Redis lost its data, entering again" : "this node was taken for dead, entering again", {
      rooms: rooms.length,
    });
    await inChunks(rooms, (room) => {
      return this.#ifPossible(room, async () => {
        await this.#note(room);
        for (const member of this.#local.of(room)) await this.#enterOne(room, member, { lease, quietly });
      });
    });
    await this.#parts.rebuilt(rooms);
  }

  async #enterOne(room: string, member: Member, entry: EnterOptions): Promise<void> {
    const occupancy = await this.#membership.enter(room, member, entry);
    // Left while it was on its way.
    if (!this.#local.get(room, member.connection)) await this.#membership.leave(room, [member.connection]);
    else if (occupancy?.first && isPersonal(room, member) && !entry.quietly) {
      await this.#tellFollowers(member, "arrive");
    }
  }

  /** Removes the members of a node that is dead. Whoever enters them again does it under another lease. */
  async #reap(lease: string): Promise<void> {
    const { engine, keys, log } = this.#parts;
    const rooms = await engine.call("smembers", keys.roomsOf(lease)) as string[];
    let count = 0;
    await inChunks(rooms, (room) => {
      return this.#ifPossible(room, async () => {
        const gone = await this.#membership.leave(room, await this.#membership.find(room, lease), lease);
        count += gone.length;
        await this.#tellDepartures(room, gone);
      });
    });
    await engine.call("del", keys.roomsOf(lease));
    await engine.call("zrem", keys.reaping, lease);
    log.warn("a node is gone, its members have left", { lease, members: count });
  }

  async #tellDepartures(room: string, gone: Gone[]): Promise<void> {
    for (const { member, last } of gone) {
      if (last && isPersonal(room, member)) await this.#tellFollowers(member, "depart");
    }
  }

  async #tellFollowers(from: Member, edge: "arrive" | "depart"): Promise<void> {
    const user = String(from.user);
    const [, { status, metadata }] = await Promise.all([
      this.#statuses[edge](user),
      edge === "depart" ? { status: "offline" as const, metadata: undefined } : this.status(user),
    ]);
    const room = `presence:${user}`;
    const head = { id: this.#parts.ids.next(), timestamp: Date.now() };
    await this.#parts.publish({ room, event: { kind: "presence", room, from, status, metadata, ...head } });
  }
}

function leaveKey(room: string, connection: string): string {
  return `${connection} ${room}`;
}

function isPersonal(room: string, member: Member): boolean {
  return member.user !== undefined && room === `user:${member.user}`;
}
