/**
 * Events in and out of Redis: publishes, the rooms this node subscribed to, and their histories.
 *
 * Used by the broker. What this node publishes comes back to it through the channel like everybody else's, so that its
 * place in the order is the same everywhere; only the event is not read again, the one at hand is delivered.
 */
import type {
  History,
  HistoryPage,
  HistoryQuery,
  LocalNode,
  PublishOptions,
  PublishResult,
  RoutedEvent,
} from "../../broker.ts";
import type { IdSource } from "../../id.ts";
import { EVERYBODY, type MessageEvent, type StreamPosition } from "../../message.ts";
import type { RedisEngine } from "./engine.ts";
import { Feed, type Missed, resetEvent } from "./feed.ts";
import type { Keys, RoomKeys } from "./keys.ts";
import { PUBLISH, READ } from "./room_scripts.ts";
import type { Strangers } from "./strangers.ts";
import { type Arrival, decodeRouted, encodeRouted } from "./wire.ts";

const ONCE_MS = 5 * 60_000;
/** How long a room without messages keeps its epoch. */
const META_MS = 24 * 3_600_000;
/** How many messages are read at once to fill a gap. */
const FILL_PAGE = 500;
/** How long a publish waits for its own event to come back, before it settles without; looked at twice a second. */
const OWN_EVENT_MS = 2_000;
const LOOK_MS = 500;

export interface RoomsParts {
  engine: RedisEngine;
  keys: Keys;
  ids: IdSource;
  node: LocalNode;
  strangers: Strangers;
}

interface Subscribed {
  room: string;
  keys: RoomKeys;
  feed: Feed;
}

/** An event of this node on its way back to it. */
interface Own {
  routed: RoutedEvent;
  isDelivered: boolean;
  /** Its publish waits since, and goes on with `settle`. */
  waitsSince?: number;
  settle?: () => void;
}

export class RedisRooms implements History {
  readonly #parts: RoomsParts;
  readonly #rooms = new Map<string, Subscribed>();
  readonly #byChannel = new Map<string, Subscribed>();
  readonly #own = new Map<string, Own>();
  #looking: ReturnType<typeof setInterval> | undefined;

  constructor(parts: RoomsParts) {
    this.#parts = parts;
  }

  get names(): Iterable<string> {
    return this.#rooms.keys();
  }

  /** Everybody's room: wanted for good, also while Redis is away. */
  listen(): void {
    this.#looking = setInterval(() => this.#settleLate(), LOOK_MS);
    this.#looking.unref();
    this.#parts.engine.want(this.#remember(EVERYBODY).keys.events);
  }

  async subscribe(room: string): Promise<void> {
    const subscribed = this.#remember(room);
    try {
      await this.#parts.engine.subscribe(subscribed.keys.events);
    } catch (error) {
      this.#forget(subscribed);
      throw error;
    }
  }

  async unsubscribe(room: string): Promise<void> {
    const subscribed = this.#rooms.get(room);
    if (!subscribed) return;
    this.#forget(subscribed);
    await this.#parts.engine.unsubscribe(subscribed.keys.events);
  }

  /** True: the channel is a room's. */
  receive(channel: string, arrival: Arrival): boolean {
    const subscribed = this.#byChannel.get(channel);
    subscribed?.feed.receive(arrival);
    return subscribed !== undefined;
  }

  catchUp(): void {
    for (const { feed } of this.#rooms.values()) feed.catchUp();
  }

  close(): void {
    clearInterval(this.#looking);
    for (const { feed } of this.#rooms.values()) feed.close();
    this.#rooms.clear();
    this.#byChannel.clear();
  }

  async publish(routed: RoutedEvent, { keep, once }: PublishOptions = {}): Promise<PublishResult> {
    const { room, event } = routed;
    const subscribed = this.#rooms.get(room);
    const own: Own | undefined = subscribed && { routed, isDelivered: false };
    if (own) this.#own.set(event.id, own);
    try {
      const answer = await this.#send(routed, { keep: event.kind === "message" ? keep : undefined, once });
      const [epoch = "", offset = "", id = ""] = answer.split(" ");
      const position = epoch === "-" ? undefined : { epoch, offset: Number(offset) };
      if (id !== event.id) return { position, duplicateOf: { id } };
      if (position && event.kind === "message") event.position = position;
      if (own && !own.isDelivered) await arrivalOf(own);
      return position ? { position } : {};
    } finally {
      this.#own.delete(event.id);
    }
  }

  /** "epoch offset id" of the publish, or of the first if it is a repeat. */
  async #send(routed: RoutedEvent, { keep, once }: PublishOptions): Promise<string> {
    const { engine, keys } = this.#parts;
    const { meta, log, events, once: onceKey } = this.#rooms.get(routed.room)?.keys ?? keys.room(routed.room);
    const { id } = routed.event;
    const json = encodeRouted(routed);
    if (!keep && !once) {
      const head = `- 0 ${id}`;
      await engine.publish(events, `${head} ${json}`);
      return head;
    }
    const answer = await engine.script(
      PUBLISH,
      meta,
      log,
      once ? onceKey(once.sender, once.key) : log,
      json,
      id,
      keep?.size ?? 0,
      keep?.ttlMs ?? 0,
      once ? ONCE_MS : 0,
      this.#freshEpoch(),
      engine.run,
      Math.max(META_MS, 2 * (keep?.ttlMs ?? 0)),
      engine.publishCommand,
      events,
    );
    return String(answer);
  }

  async read(room: string, { limit, since, before }: HistoryQuery): Promise<HistoryPage> {
    const mode = since ? "since" : before ? "before" : "newest";
    const page = await this.#read(room, { mode, from: since ?? before, limit });
    const fresh = page.arrivals.filter(({ expiresAt }) => expiresAt > page.now);
    const position = { ...page.position };
    const recovered = page.recovered && fresh.length === page.arrivals.length;
    const kept = fresh.slice(-limit || fresh.length);
    const messages = kept.flatMap((arrival) => this.#messageOf(room, arrival) ?? []);
    this.#rooms.get(room)?.feed.startAt(position);
    const more = limit === 0 ? page.kept > 0 : fresh.length > limit;
    return { messages, position, recovered: recovered || since === undefined, more };
  }

  #messageOf(room: string, arrival: Arrival): MessageEvent | undefined {
    const event = this.#decode(room, arrival)?.event;
    return event?.kind === "message" ? event : undefined;
  }

  #decode(room: string, arrival: Arrival): RoutedEvent | undefined {
    const { epoch, offset, json } = arrival;
    try {
      const routed = decodeRouted(json, room);
      if (epoch !== undefined && routed.event.kind === "message") routed.event.position = { epoch, offset };
      return routed;
    } catch (error) {
      this.#parts.strangers.note(room, error);
      return undefined;
    }
  }

  #remember(room: string): Subscribed {
    const subscribed = { room, keys: this.#parts.keys.room(room), feed: this.#feed(room) };
    this.#rooms.set(room, subscribed);
    this.#byChannel.set(subscribed.keys.events, subscribed);
    return subscribed;
  }

  #feed(room: string): Feed {
    return new Feed({
      deliver: (arrival) => this.#deliver(room, arrival),
      reset: (position) => {
        const head = { id: this.#parts.ids.next(), timestamp: Date.now() };
        this.#parts.node.deliver({ room, event: resetEvent(room, position, head) });
      },
      read: (after) => this.#missed(room, after),
      distrust: () => this.#parts.strangers.note(room, new Error("the log knows nothing of it")),
    });
  }

  #deliver(room: string, arrival: Arrival): void {
    const routed = this.#own.get(arrival.id)?.routed ?? this.#decode(room, arrival);
    if (!routed) return;
    const { epoch, offset } = arrival;
    if (epoch !== undefined && routed.event.kind === "message") routed.event.position = { epoch, offset };
    try {
      this.#parts.node.deliver(routed);
    } catch (error) {
      this.#parts.strangers.note(room, error);
    }
    // From the log an event comes without its id, and one's own too if the channel lost it.
    const own = this.#own.get(routed.event.id);
    if (!own) return;
    own.isDelivered = true;
    own.settle?.();
  }

  async #missed(room: string, after: StreamPosition): Promise<Missed> {
    return await this.#read(room, { mode: "fill", from: after, limit: FILL_PAGE });
  }

  async #read(room: string, { mode, from, limit }: ReadQuery): Promise<LogPage> {
    const { engine, keys } = this.#parts;
    const { meta, log } = keys.room(room);
    const { epoch: wanted, offset: at } = from ?? { epoch: "", offset: 0 };
    const answer = await engine.script(
      READ,
      meta,
      log,
      this.#freshEpoch(),
      engine.run,
      META_MS,
      mode,
      wanted,
      at,
      limit,
    );
    const [epoch, offset, recovered, now, entries, reversed, kept] = answer as LogAnswer;
    const arrivals = entries.map(([id, [, json, , expiresAt]]) => {
      return { epoch, offset: Number(id.split("-")[0]), id: "", json, expiresAt: Number(expiresAt) };
    });
    if (reversed) arrivals.reverse();
    return { position: { epoch, offset }, recovered: recovered === 1, arrivals, now, kept };
  }

  /** The connection that should bring them is away; they will come out of the log. */
  #settleLate(): void {
    const before = performance.now() - OWN_EVENT_MS;
    for (const { waitsSince, settle } of this.#own.values()) {
      if (waitsSince !== undefined && waitsSince < before) settle?.();
    }
  }

  #freshEpoch(): string {
    return this.#parts.ids.next();
  }

  #forget({ room, keys, feed }: Subscribed): void {
    feed.close();
    this.#rooms.delete(room);
    this.#byChannel.delete(keys.events);
  }
}

/** Settles when the event has come back. */
function arrivalOf(own: Own): Promise<void> {
  own.waitsSince = performance.now();
  return new Promise((resolve) => own.settle = resolve);
}

interface ReadQuery {
  mode: "since" | "fill" | "before" | "newest";
  from?: StreamPosition;
  limit: number;
}

interface LogPage extends Missed {
  arrivals: (Arrival & { expiresAt: number })[];
  /** Redis' clock. */
  now: number;
  /** How many are in the log. */
  kept: number;
}

type LogAnswer = [
  epoch: string,
  offset: number,
  recovered: number,
  now: number,
  entries: [id: string, fields: [name: string, json: string, name: string, expiresAt: string]][],
  reversed: number,
  kept: number,
];
