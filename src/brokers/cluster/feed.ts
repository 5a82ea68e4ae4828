/**
 * One room as this node hears it: all of its events in the channel's order, kept messages without a gap.
 *
 * Pub/sub loses what is published while a connection is away. So whenever an event stands behind one that was not heard,
 * or a connection has come back, the feed holds what arrives, reads what is missing from the log, delivers that, and then
 * what it held. The log may be ahead of the channel, where events that are not kept are still on their way: so each
 * reading also publishes a mark, and nothing of it is delivered before the channel has brought that. What the log does not
 * have any more becomes one reset event. It knows the log only by `read`.
 *
 * Example of what is held: offset 5 was delivered, and the channel brings 7. Number 7 is held, the log is read after 5, and
 * 6 and 7 are delivered; that the channel brings 6 late, or 7 twice, changes nothing.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { RoomEvent, StreamPosition } from "../../message.ts";
import type { ReceivedEvent } from "./wire.ts";

/** After a failed reading; doubles each time. */
const RETRY_MS = 300;
const MAX_RETRY_MS = 5_000;
/** How long whoever was told a position waits for the channel before the log is read. */
const PATIENCE_MS = 250;
/** How long a mark may take before the log is delivered without it: the channel does not work then. */
const MARK_MS = 1_000;
/** Beyond this nothing more is held: kept messages will come from the log, the others are lost as signals may be. */
const HELD_LIMIT = 5_000;
/** How often the log may not know what a received event says that it follows, before that event counts as invalid. */
const MAX_READS_IN_VAIN = 3;

/** What the log has after a position. */
export interface Missed {
  /** The newest position. */
  position: StreamPosition;
  /** False: not all of it is there any more. */
  recovered: boolean;
  /** The first of what is missing, in order; more is asked for if they do not reach the position. */
  receivedEvents: ReceivedEvent[];
}

export interface FeedParts {
  /** Must not throw. */
  deliver(received: ReceivedEvent): void;
  /** A kept message that was delivered before, or whose position somebody was told, or that a reset stands for. */
  known(received: ReceivedEvent): void;
  reset(position: StreamPosition): void;
  /** Reads the log, and in the same step publishes the mark in the channel. */
  read(after: StreamPosition, mark: string): Promise<Missed>;
  /** A new id. */
  nextMark(): string;
  /** Something arrived that stands behind what the log knows nothing of. */
  invalid(received: ReceivedEvent): void;
  /** It came behind kept messages that had to be delivered without it: it is dropped, since order is promised. */
  late(received: ReceivedEvent): void;
}

export class Feed {
  readonly #parts: FeedParts;
  /** Of the newest kept message that was delivered or told; absent while none is known. */
  #position: StreamPosition | undefined;
  /** Offset of the newest kept message that was delivered in this epoch: nothing that stands before it may follow. */
  #delivered = 0;
  /** The epoch before this one; what is left of it in the channel is not a gap. */
  #formerEpoch: string | undefined;
  #held: ReceivedEvent[] = [];
  #isFilling = false;
  /** Read once more when this reading is delivered. */
  #isStale = false;
  /** What was read is void: the connection that should bring the mark is gone. */
  #isVoid = false;
  #isClosed = false;
  #mark: { id: string; settle(): void } | undefined;
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

  /** Nobody is in the room any more, and nothing was ever said: its epoch is over without anything lost. */
  forget(): void {
    if (!this.#isFilling && this.#position?.offset === 0) this.#position = undefined;
  }

  /**
   * Settles when everything up to the position was delivered here; undefined: it was. The log can be read before the
   * channel has brought its newest message, and whoever was told the position must not get that message again.
   */
  reach(position: StreamPosition): Promise<void> | undefined {
    if (this.#isClosed || this.#hasReached(position)) return undefined;
    const late = setTimeout(() => this.#fillSoon(), PATIENCE_MS);
    late.unref();
    return new Promise<void>((settle) => this.#awaited.push({ position, settle })).finally(() => clearTimeout(late));
  }

  /** From the channel. */
  receive(received: ReceivedEvent): void {
    if (!this.#isFilling && this.#take(received)) return;
    if (received.id === this.#mark?.id) this.#mark.settle();
    if (this.#held.length < HELD_LIMIT) this.#held.push(received);
    else this.#isStale = true;
    if (!this.#isFilling) this.#startFilling();
  }

  /** A connection has come back: anything may be missing, a mark too. */
  catchUp(): void {
    if (this.#isFilling && !this.#retry) this.#isVoid = true;
    this.#mark?.settle();
    this.#fillSoon();
  }

  close(): void {
    this.#isClosed = true;
    this.#held = [];
    clearTimeout(this.#retry);
    this.#mark?.settle();
    this.#settleAwaited();
  }

  /** False: there is a gap before it. */
  #take(received: ReceivedEvent): boolean {
    const { epoch, offset, isKept } = received;
    if (isKept) this.#position ??= { epoch: epoch!, offset: offset - 1 };
    const position = this.#position;
    if (position && epoch !== undefined) {
      const isFormer = epoch === this.#formerEpoch;
      const newest = isKept ? position.offset + 1 : position.offset;
      if (!isFormer && (epoch !== position.epoch || offset > newest)) return false;
      if (isKept && (isFormer || offset < newest)) {
        this.#parts.known(received);
        return true;
      }
      if (!isKept && (isFormer ? this.#delivered > 0 : offset < this.#delivered)) {
        if (!isMark(received)) this.#parts.late(received);
        return true;
      }
      if (isKept) position.offset = this.#delivered = offset;
    }
    if (!isMark(received)) this.#parts.deliver(received);
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

  #fillSoon(): void {
    if (!this.#position || this.#isClosed) return;
    this.#retryMs = RETRY_MS;
    if (this.#isFilling && !this.#retry) this.#isStale = true;
    else this.#startFilling();
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
    for (let readsInVain = 0; !this.#isClosed;) {
      this.#isStale = this.#isVoid = false;
      const before = { ...this.#position! };
      const missed = await this.#read(before);
      if (this.#isClosed) return;
      if (this.#isVoid) continue;
      const isAtEnd = this.#apply(before, missed);
      if (!isAtEnd || this.#isStale) continue;
      if (this.#release()) {
        this.#isFilling = false;
        return;
      }
      readsInVain = this.#hasMoved(before) ? 0 : readsInVain + 1;
      if (readsInVain < MAX_READS_IN_VAIN) continue;
      this.#parts.invalid(this.#held.shift()!);
      readsInVain = 0;
    }
  }

  /** Reads, and waits until the channel has brought all that stands before what was read. */
  async #read(after: StreamPosition): Promise<Missed> {
    const id = this.#parts.nextMark();
    const { promise: markReceived, resolve: settle } = Promise.withResolvers<void>();
    this.#mark = { id, settle };
    let late: ReturnType<typeof setTimeout> | undefined;
    try {
      const missed = await this.#parts.read(after, id);
      late = setTimeout(settle, MARK_MS);
      late.unref();
      await markReceived;
      return missed;
    } finally {
      clearTimeout(late);
      this.#mark = undefined;
    }
  }

  /**
   * Delivers what was missing, and before each what was held and stands before it; false: it has to be read on. What the
   * log has dropped meanwhile the channel may have brought.
   */
  #apply(before: StreamPosition, { position, recovered, receivedEvents }: Missed): boolean {
    this.#release();
    if (this.#isAt(position)) return true;
    if (!recovered) {
      if (this.#hasMoved(before)) return false;
      if (position.epoch !== this.#position!.epoch) {
        this.#formerEpoch = this.#position!.epoch;
        this.#delivered = 0;
      }
      this.#position = { ...position };
      this.#parts.reset(position);
      this.#settleAwaited();
      return true;
    }
    for (const received of receivedEvents) {
      this.#release();
      this.#take(received);
    }
    return this.#isAt(position);
  }

  #hasMoved({ epoch, offset }: StreamPosition): boolean {
    return this.#position!.epoch !== epoch || this.#position!.offset !== offset;
  }

  /** There, or behind it in the same epoch. */
  #isAt({ epoch, offset }: StreamPosition): boolean {
    return this.#position!.epoch === epoch && this.#position!.offset >= offset;
  }

  /** Delivers what was held, in order; false: there is a gap in it. */
  #release(): boolean {
    const held = this.#held;
    let at = 0;
    while (at < held.length && this.#take(held[at]!)) at++;
    if (at > 0) this.#held = held.slice(at);
    return at === held.length;
  }
}

function isMark({ json }: ReceivedEvent): boolean {
  return json === "";
}

/** The event that tells a room that it lost others. */
export function resetEvent(room: string, position: StreamPosition, head: { id: string; timestamp: number }): RoomEvent {
  return { kind: "reset", room, position: { ...position }, ...head };
}
