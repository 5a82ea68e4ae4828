/**
 * The rooms this node hears: events into Redis and out of it.
 *
 * What this node publishes comes back to it through the channel like everybody else's, so that its
 * place in the order is the same everywhere.
 */
import type { LocalNode, PublishOptions, PublishResult, RoutedEvent } from "../../broker.ts";
import { ParleyError } from "../../errors.ts";
import {
  EVERYBODY,
  type MembershipEvent,
  type MemberUpdatedEvent,
  type RoomEvent,
  type Roster,
  type StreamPosition,
} from "../../message.ts";
import { hasMembers } from "../../room_name.ts";
import { inChunks } from "../cluster/chunks.ts";
import { Feed, resetEvent } from "../cluster/feed.ts";
import { changeEvent, KnownMembers } from "../cluster/known_members.ts";
import { type LogParts, RedisLog } from "./log.ts";
import { OwnEvents } from "../cluster/own_events.ts";
import type { ReceivedEvent } from "../cluster/wire.ts";

export interface RoomsParts extends LogParts {
  /** Known once the broker was started. */
  node: () => LocalNode;
  /** A join or leave came too late to be told. */
  missed(): void;
}

interface Subscribed {
  room: string;
  channel: string;
  feed: Feed;
  known: KnownMembers;
}

export class RedisRooms {
  readonly log: RedisLog;
  readonly #parts: RoomsParts;
  readonly #rooms = new Map<string, Subscribed>();
  readonly #byChannel = new Map<string, Subscribed>();
  readonly #own = new OwnEvents();

  constructor(parts: RoomsParts) {
    this.#parts = parts;
    this.log = new RedisLog(parts);
  }

  /** Everybody's room: wanted for good, also while Redis is away. */
  listen(): void {
    this.#parts.engine.want(this.#remember(EVERYBODY).channel);
  }

  async subscribe(room: string): Promise<void> {
    const subscribed = this.#remember(room);
    try {
      await this.#parts.engine.subscribe(subscribed.channel);
    } catch (error) {
      this.#forget(subscribed);
      throw error;
    }
  }

  async unsubscribe(room: string): Promise<void> {
    const subscribed = this.#rooms.get(room);
    if (!subscribed) return;
    this.#forget(subscribed);
    await this.#parts.engine.unsubscribe(subscribed.channel);
  }

  async publish(routed: RoutedEvent, { keep, once }: PublishOptions = {}): Promise<PublishResult> {
    const { room, event } = routed;
    this.#parts.engine.expectReady();
    const own = this.#rooms.has(room) ? this.#own.add(routed) : undefined;
    try {
      const result = await this.log.publish(routed, { keep: event.kind === "message" ? keep : undefined, once });
      if (!own || result.duplicateOf) return result;
      const back = await this.#own.return(own);
      if (back === "late") throw unheard(room);
      return back === "covered" ? { ...result, covered: true } : result;
    } finally {
      if (own) this.#own.delete(own);
    }
  }

  receive(channel: string, received: ReceivedEvent): void {
    this.#byChannel.get(channel)?.feed.receive(received);
  }

  /** Somebody here is about to be told the position: nothing after it may be missed, and nothing before it may follow. */
  reach(room: string, position: StreamPosition): Promise<void> | undefined {
    const feed = this.#rooms.get(room)?.feed;
    feed?.startAt(position);
    return feed?.reach(position);
  }

  /** Nobody is in the room, and nothing was ever said there. */
  forget(room: string): void {
    this.#rooms.get(room)?.feed.forget();
  }

  /** A connection is back. */
  catchUp(): void {
    for (const { feed } of this.#rooms.values()) feed.catchUp();
  }

  /** A roster was read: from now on it is known who is in. */
  noteRoster(room: string, roster: Roster): void {
    this.#rooms.get(room)?.known.complete(roster);
  }

  /** Tells joins and leaves that were not heard; `read` asks Redis who is in. */
  async compare(read: (room: string) => Promise<Roster>): Promise<void> {
    const complete = [...this.#rooms.values()].filter(({ known }) => known.isComplete);
    await inChunks(complete, async ({ room, known }) => {
      known.startComparing();
      const changes = known.compare(await read(room));
      for (const change of changes) this.#parts.node().deliver(changeEvent(room, change, this.#head()));
    });
  }

  /** Rooms of whose members nothing is known that could be compared. */
  unfollowed(): string[] {
    const rooms = [...this.#rooms.values()].filter(({ room, known }) => hasMembers(room) && !known.isComplete);
    return rooms.map(({ room }) => room);
  }

  close(): void {
    this.#own.close();
    for (const { feed } of this.#rooms.values()) feed.close();
    this.#rooms.clear();
    this.#byChannel.clear();
  }

  #remember(room: string): Subscribed {
    const channel = this.#parts.keys.room(room).events;
    const subscribed = { room, channel, feed: this.#feed(room), known: new KnownMembers() };
    this.#rooms.set(room, subscribed);
    this.#byChannel.set(channel, subscribed);
    return subscribed;
  }

  #forget({ room, channel, feed }: Subscribed): void {
    feed.close();
    this.#rooms.delete(room);
    this.#byChannel.delete(channel);
  }

  #feed(room: string): Feed {
    const { node, invalid, ids } = this.#parts;
    return new Feed({
      deliver: (received) => this.#deliver(room, received),
      known: ({ id }) => this.#own.cameBack(room, id, "covered"),
      reset: (position) => node().deliver({ room, event: resetEvent(room, position, this.#head()) }),
      read: (after, mark) => this.log.missed(room, after, mark),
      nextMark: () => ids.next(),
      invalid: () => invalid.note(room, new Error("the log knows nothing of it")),
      late: (received) => this.#drop(room, received),
    });
  }

  #deliver(room: string, received: ReceivedEvent): void {
    const { node, invalid } = this.#parts;
    const routed = this.#own.get(room, received.id) ?? this.log.decode(room, received);
    if (!routed) return;
    const { epoch, offset, isKept } = received;
    const { event } = routed;
    if (isKept && event.kind === "message") event.position = { epoch: epoch!, offset };
    if (isAboutMember(event) && this.#rooms.get(room)?.known.apply(event) === false) return;
    try {
      node().deliver(routed);
    } catch (error) {
      invalid.note(room, error);
    }
    // By the event's own id: out of the log a received event comes without, and so may one's own whose publish still waits.
    this.#own.cameBack(room, event.id, "delivered");
  }

  /** Who came or left is then found out by comparing. */
  #drop(room: string, received: ReceivedEvent): void {
    const event = this.log.decode(room, received)?.event;
    if (event && isAboutMember(event)) this.#parts.missed();
  }

  #head(): { id: string; timestamp: number } {
    return { id: this.#parts.ids.next(), timestamp: Date.now() };
  }
}

/** It may be delivered later, out of the log; only that its sender's copy came is promised, and did not happen. */
function unheard(room: string): ParleyError {
  const why = "it was not heard back in time; to send it again with the same id is safe";
  return new ParleyError("unavailable", `Cannot confirm the message to room "${room}": ${why}`, { room });
}

function isAboutMember(event: RoomEvent): event is MembershipEvent | MemberUpdatedEvent {
  return event.kind === "join" || event.kind === "leave" || event.kind === "member_updated";
}
