/**
 * One room on this node: its local members, how many of them speak which dialect, and the joiners for whom events are
 * held while they catch up.
 *
 * The broker knows who else is in the room; this never asks it, beyond keeping the node's subscription in step with
 * whether anybody here needs it.
 */
import type { RoutedEvent } from "../broker.ts";
import { Coalescer, type Publisher } from "./coalescer.ts";
import type { RoomRule } from "../config/config.ts";
import type { Connection, JoinedRoom } from "./connection.ts";
import type { AnyDialect } from "../dialect.ts";
import { after, isPromise, type MaybePromise } from "../maybe.ts";
import type { Member } from "../message.ts";
import type { Stats } from "./metrics.ts";
import type { JoinTerms } from "../policy.ts";
import type { RoomKind } from "../room_name.ts";
import { RoomView } from "./room_view.ts";

/** How many events are held for one joiner before its join is given up. */
const HELD_LIMIT = 1000;

/** The connections of one dialect in a room: one native topic. */
export interface Audience {
  readonly dialect: AnyDialect;
  readonly topic: string;
  count: number;
}

/** How many connections of each dialect there are to reach; a dialect that nobody speaks costs nothing. */
export class Audiences {
  readonly list: Audience[] = [];
  /** What an event's frames are handed to. */
  outlet: Publisher;
  readonly #room: string;
  readonly #direct: Publisher;
  #coalescer?: Coalescer;

  constructor(room: string, outlet: Publisher, coalesceMs?: number) {
    this.#room = room;
    this.outlet = this.#direct = outlet;
    this.coalesce(coalesceMs);
  }

  /** How long frames may wait for each other from now on. */
  coalesce(ms: number | undefined): void {
    this.#coalescer?.flush();
    this.#coalescer = ms === undefined ? undefined : new Coalescer(this.#direct, ms);
    this.outlet = this.#coalescer ?? this.#direct;
  }

  add(connection: Connection): void {
    this.#enlist(connection, connection.dialect);
  }

  remove(connection: Connection): void {
    const at = this.list.findIndex((each) => each.dialect.name === connection.dialect.name);
    const audience = this.list[at];
    if (!audience) return;
    this.#coalescer?.flush();
    if (--audience.count === 0) this.list.splice(at, 1);
    connection.socket.unsubscribe(audience.topic);
  }

  /** To another dialect. It joins the new topic first: a socket must never be without any. */
  move(connection: Connection, dialect: AnyDialect): void {
    if (dialect.name === connection.dialect.name) return;
    this.#enlist(connection, dialect);
    this.remove(connection);
  }

  #enlist(connection: Connection, dialect: AnyDialect): void {
    let audience = this.list.find((each) => each.dialect.name === dialect.name);
    if (!audience) {
      audience = { dialect, topic: `${dialect.name}:${this.#room}`, count: 0 };
      this.list.push(audience);
    }
    // What waits was said before this member came: its reply covers it.
    this.#coalescer?.flush();
    audience.count++;
    connection.socket.subscribe(audience.topic);
  }
}

/** A connection between its permission to join and its reply. */
export class Joiner {
  readonly connection: Connection;
  readonly held: RoutedEvent[] = [];
  /** More happened meanwhile than is held: the join cannot promise completeness any more. */
  overflowed = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  hold(routed: RoutedEvent): void {
    if (this.held.length < HELD_LIMIT) this.held.push(routed);
    else this.overflowed = true;
  }
}

/** How a room gets and gives up the node's subscription at the broker, and where it is counted. */
export interface Subscriber {
  readonly outlet: Publisher;
  readonly stats: Pick<Stats, "roomResized">;
  subscribe(room: string): MaybePromise<void>;
  unsubscribe(room: string): MaybePromise<void>;
  /** Nobody here needs the room any more. */
  dissolved(room: Room): void;
}

/** What the verdict of a join made of a connection. */
interface SpecialMember {
  readonly terms: JoinTerms;
  /** How the room sees it. */
  member: Member;
}

export class Room implements JoinedRoom {
  readonly name: string;
  readonly kind: RoomKind;
  rule: RoomRule;
  readonly members = new Set<Connection>();
  readonly audiences: Audiences;
  joiners?: Set<Joiner>;
  readonly view = new RoomView();
  readonly #subscriber: Subscriber;
  /** Only those whose verdict granted more than a place in the room; most rooms have none. */
  #special?: Map<Connection, SpecialMember>;
  #needs = 0;
  #subscribed = false;
  /** The last of the chained subscribe and unsubscribe calls, so that they arrive in the order they were meant. */
  #chain: MaybePromise<void> = undefined;

  constructor(name: string, kind: RoomKind, rule: RoomRule, subscriber: Subscriber) {
    this.name = name;
    this.kind = kind;
    this.rule = rule;
    this.audiences = new Audiences(name, subscriber.outlet, rule.coalesceMs);
    this.#subscriber = subscriber;
  }

  setRule(rule: RoomRule): void {
    if (rule.coalesceMs !== this.rule.coalesceMs) this.audiences.coalesce(rule.coalesceMs);
    this.rule = rule;
  }

  /** Joins, leaves and presence are told here at all; reserved rooms are silent. */
  get announces(): boolean {
    return this.kind === "custom" && this.rule.presence;
  }

  /** What the verdict of its join says of a connection; set before it is added. */
  setTerms(connection: Connection, terms: JoinTerms): void {
    if (terms.member === undefined && terms.publish !== false) return void this.#special?.delete(connection);
    this.#special ??= new Map();
    this.#special.set(connection, { terms, member: memberBy(terms, connection.member) });
  }

  memberOf(connection: Connection): Member {
    return this.#special?.get(connection)?.member ?? connection.member;
  }

  maySpeak(connection: Connection): boolean {
    return this.#special?.get(connection)?.terms.publish !== false;
  }

  /** The member with its `info`, as the broker is told of it. */
  presented(connection: Connection): Member {
    const special = this.#special?.get(connection);
    if (!special) return connection.member;
    const info = special.terms.member?.info;
    return info === undefined ? special.member : { ...special.member, info };
  }

  /** After the connection got an identity. False: the room sees it as before. */
  rename(connection: Connection): boolean {
    const special = this.#special?.get(connection);
    if (!special) return true;
    const { user, name } = special.member;
    special.member = memberBy(special.terms, connection.member);
    return special.member.user !== user || special.member.name !== name;
  }

  add(connection: Connection): void {
    if (this.members.has(connection)) return;
    this.members.add(connection);
    this.#resized(this.members.size - 1);
    this.audiences.add(connection);
    connection.rooms.push(this);
  }

  /** False: it was not a member. */
  remove(connection: Connection): boolean {
    this.#special?.delete(connection);
    if (!this.members.delete(connection)) return false;
    this.#resized(this.members.size + 1);
    this.audiences.remove(connection);
    connection.rooms.splice(connection.rooms.indexOf(this), 1);
    return true;
  }

  #resized(before: number): void {
    this.#subscriber.stats.roomResized(this.kind, before, this.members.size);
  }

  /** From now on events are held for the connection. Call it before anything that may wait. */
  startHolding(connection: Connection): Joiner {
    const joiner = new Joiner(connection);
    (this.joiners ??= new Set()).add(joiner);
    return joiner;
  }

  stopHolding(joiner: Joiner): void {
    this.joiners?.delete(joiner);
    if (this.joiners?.size === 0) this.joiners = undefined;
  }

  /** One more reason to be subscribed; settles when the node is. Rejects, and does not count, if the broker refuses. */
  retain(): MaybePromise<void> {
    this.#needs++;
    try {
      const settled = this.#settle();
      return isPromise(settled) ? settled.catch((error) => this.#giveUp(error)) : settled;
    } catch (error) {
      return this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): never {
    this.release();
    throw error;
  }

  release(): void {
    this.#needs--;
    if (this.#needs === 0) this.#settle();
  }

  #settle(): MaybePromise<void> {
    const step = () => {
      const needed = this.#needs > 0;
      if (needed === this.#subscribed) return needed ? undefined : this.#subscriber.dissolved(this);
      const done = needed ? this.#subscriber.subscribe(this.name) : this.#subscriber.unsubscribe(this.name);
      return after(done, () => {
        this.#subscribed = needed;
        if (!needed && this.#needs === 0) this.#subscriber.dissolved(this);
      });
    };
    const settled = isPromise(this.#chain) ? this.#chain.then(step) : step();
    // The next in the chain runs whether or not this one succeeded.
    this.#chain = isPromise(settled) ? settled.catch(() => undefined) : undefined;
    return settled;
  }
}

function memberBy({ member: { user, name } = {} }: JoinTerms, own: Member): Member {
  if (user === undefined && name === undefined) return own;
  const member: Member = { connection: own.connection, name: name ?? own.name };
  if (user !== undefined || own.user !== undefined) member.user = user ?? own.user;
  return member;
}
