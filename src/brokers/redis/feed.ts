/**
 * One room as this node hears it: events in the channel's order, kept messages by their offsets without a gap.
 *
 * Pub/sub loses what is published while a connection is away. So whenever a kept message is not the next one, or a
 * connection has come back, the feed holds what arrives, reads what is missing from the log, delivers that, and then what
 * it held. What the log does not have any more becomes one reset event. Used by the broker; knows the log only by `read`.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { RoomEvent, StreamPosition } from "../../message.ts";
import type { Arrival } from "../wire.ts";

/** After a failed reading; doubles each time. */
const RETRY_MS = 300;
const MAX_RETRY_MS = 5_000;
/** How long the channel may lag behind the log before it is taken for deaf. */
const PATIENCE_MS = 250;
/** Beyond this nothing more is held: kept messages will come from the log, the others are lost as signals may be. */
const HELD_LIMIT = 5_000;
/** How often the log may say that a message that arrived does not exist before it is taken for a forgery. */
const MAX_FRUITLESS = 3;

/** What the log has after a position. */
export interface Missed {
  /** The newest position. */
  position: StreamPosition;
  /** False: not all of it is there any more. */
  recovered: boolean;
  /** The first of what is missing, in order; more is asked for if they do not reach the position. */
  arrivals: Arrival[];
}

export interface FeedParts {
  /** Must not throw. */
  deliver(arrival: Arrival): void;
  reset(position: StreamPosition): void;
  read(after: StreamPosition): Promise<Missed>;
  /** Something arrived that the log knows nothing of. */
  distrust(arrival: Arrival): void;
}

export class Feed {
  readonly #parts: FeedParts;
  /** Of the newest kept message that was delivered; absent while none is known. */
  #position: StreamPosition | undefined;
  #held: Arrival[] = [];
  #isFilling = false;
  #isStale = false;
  #isClosed = false;
  #retryMs = RETRY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #awaited: { position: StreamPosition; settle(): void }[] = [];

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Somebody here was told this position: from now on what comes after it is not missed. */
  startAt(position: StreamPosition): void {
    this.#position ??= { ...position };
  }

  /**
   * Settles when everything up to the position was delivered here; undefined: it was. The log can be read before the
   * channel has brought its newest message, and whoever was told the position must not get that message again.
   */
  reach(position: StreamPosition): Promise<void> | undefined {
    if (this.#isClosed || this.#hasReached(position)) return undefined;
    const late = setTimeout(() => this.catchUp(), PATIENCE_MS);
    late.unref();
    return new Promise<void>((settle) => this.#awaited.push({ position, settle })).finally(() => clearTimeout(late));
  }

  /** From the channel. */
  receive(arrival: Arrival): void {
    if (!this.#isFilling && this.#take(arrival)) return;
    if (this.#held.length < HELD_LIMIT) this.#held.push(arrival);
    else this.#isStale = true;
    if (!this.#isFilling) this.#startFilling();
  }

  /** A connection has come back: anything may be missing. */
  catchUp(): void {
    if (!this.#position || this.#isClosed) return;
    this.#retryMs = RETRY_MS;
    if (this.#isFilling && !this.#retry) this.#isStale = true;
    else this.#startFilling();
  }

  close(): void {
    this.#isClosed = true;
    this.#held = [];
    clearTimeout(this.#retry);
    this.#settleAwaited();
  }

  /** False: there is a gap before it. */
  #take(arrival: Arrival): boolean {
    const { epoch, offset } = arrival;
    if (epoch !== undefined) {
      this.#position ??= { epoch, offset: offset - 1 };
      if (this.#position.epoch !== epoch || offset > this.#position.offset + 1) return false;
      if (offset <= this.#position.offset) return true;
      this.#position.offset = offset;
    }
    this.#parts.deliver(arrival);
    if (this.#awaited.length > 0) this.#settleAwaited();
    return true;
  }

  #hasReached({ epoch, offset }: StreamPosition): boolean {
    // In another epoch it is for the next reset to say what comes.
    return this.#position?.epoch !== epoch || this.#position.offset >= offset;
  }

  #settleAwaited(): void {
    const awaited = this.#awaited;
    this.#awaited = [];
    for (const each of awaited) {
      if (this.#isClosed || this.#hasReached(each.position)) each.settle();
      else this.#awaited.push(each);
    }
  }

  #startFilling(): void {
    this.#isFilling = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#fill().catch(() => this.#fillLater());
  }

  /** The log cannot be read; the engine has said why. */
  #fillLater(): void {
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.#startFilling(), this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  async #fill(): Promise<void> {
    for (let fruitless = 0; !this.#isClosed;) {
      this.#isStale = false;
      const before = { ...this.#position! };
      const missed = await this.#parts.read(before);
      if (this.#isClosed) return;
      const isAtEnd = this.#apply(missed);
      if (!isAtEnd || this.#isStale) continue;
      if (this.#release()) {
        this.#isFilling = false;
        return;
      }
      const hasMoved = before.epoch !== this.#position!.epoch || before.offset !== this.#position!.offset;
      fruitless = hasMoved ? 0 : fruitless + 1;
      if (fruitless < MAX_FRUITLESS) continue;
      this.#parts.distrust(this.#held.shift()!);
      fruitless = 0;
    }
  }

  /** Delivers what was missing; false: there is more of it. */
  #apply({ position, recovered, arrivals }: Missed): boolean {
    if (!recovered) {
      this.#position = { ...position };
      this.#parts.reset(position);
      this.#settleAwaited();
      return true;
    }
    for (const arrival of arrivals) this.#take(arrival);
    return this.#position!.offset >= position.offset;
  }

  /** Delivers what was held, in order; false: there is a gap in it. */
  #release(): boolean {
    const held = this.#held;
    for (let at = 0; at < held.length; at++) {
      if (this.#take(held[at]!)) continue;
      this.#held = held.slice(at);
      return false;
    }
    this.#held = [];
    return true;
  }
}

/** The event that tells a room that it lost others. */
export function resetEvent(room: string, position: StreamPosition, head: { id: string; timestamp: number }): RoomEvent {
  return { kind: "reset", room, position: { ...position }, ...head };
}
