/**
 * How fast one connection may send: frames, bytes, and joins and leaves, each with a token bucket of its own.
 *
 * The buckets are fields of the connection. Ordinary frames over the rate are refused; joins and leaves wait, so that a
 * client that comes back may join all of its rooms at once.
 */
import type { Config } from "../config/config.ts";
import type { Connection } from "./connection.ts";
import { ParleyError } from "../errors.ts";
import type { Move } from "./frame_queue.ts";
import { LinkedMap } from "../linked_map.ts";
import { ReadRate } from "./read_rate.ts";
import { atMost, type Clock, overdrawnMs, type Rate, spend } from "../token_bucket.ts";

const MIN_BYTE_BURST = 1024 * 1024;
/** Of the largest messages, how many may come at once. */
const MESSAGES_PER_BURST = 4;
/** How many joins and leaves may come at once, beside one for each room. */
const MOVES_BESIDE_ROOMS = 50;
/** What counts as the number of rooms where that has no limit. */
const ROOMS_WITHOUT_LIMIT = 500;
/** How many joins and leaves may wait for their rate, in multiples of the rooms. */
const WAITING_PER_ROOM = 2;
/** How often a connection may be refused, in multiples of its burst, before it is closed. */
const REFUSALS_PER_BURST = 2;
/** How often the messages of one room are replayed to a connection at most. */
const REPLAY_INTERVAL_MS = 1000;
/** How often a connection is told that signals of its were dropped. */
const TELL_INTERVAL_MS = 1000;

/** Bytes of what somebody says, over whatever transport. */
export function byteRateOf({ websocketByteRate: perSecond, websocketMaxMessageBytes }: Config): Rate {
  return { perSecond, burst: Math.max(MIN_BYTE_BURST, MESSAGES_PER_BURST * websocketMaxMessageBytes) };
}

export class Rates {
  readonly #frames: Rate;
  readonly #bytes: Rate;
  readonly #moves: Rate;
  readonly #reads: ReadRate;
  readonly #maxWaitingMoves: number;
  readonly #maxRefusals: number;
  readonly #now: () => number;
  /** When a room was last replayed, by connection and room; those of the last second. */
  readonly #replays = new LinkedMap<string, number>();

  constructor(config: Config, { now = () => performance.now() }: Clock = {}) {
    const rooms = config.websocketMaxRooms || ROOMS_WITHOUT_LIMIT;
    this.#frames = { perSecond: config.websocketMessageRate, burst: config.websocketMessageBurst };
    this.#bytes = byteRateOf(config);
    this.#moves = { perSecond: config.websocketJoinRate, burst: rooms + MOVES_BESIDE_ROOMS };
    this.#reads = new ReadRate(config, { now });
    this.#maxWaitingMoves = WAITING_PER_ROOM * rooms;
    this.#maxRefusals = REFUSALS_PER_BURST * config.websocketMessageBurst;
    this.#now = now;
  }

  /** Takes the tokens and the bytes of a frame: 0, or the milliseconds until they are there; then nothing is taken. */
  takeFrame(connection: Connection, bytes: number, tokens = 1): number {
    const now = this.#now();
    const framesUntil = spend(this.#frames, atMost(this.#frames, tokens), Math.max(connection.framesUntilMs, now));
    const bytesUntil = this.#spendBytes(connection, bytes, now);
    const waitMs = Math.max(overdrawnMs(this.#frames, framesUntil - now), overdrawnMs(this.#bytes, bytesUntil - now));
    if (waitMs > 0) return waitMs;
    connection.framesUntilMs = framesUntil;
    connection.bytesUntilMs = bytesUntil;
    return 0;
  }

  /** The same for a join or a leave: it takes no token of a frame. */
  takeMove(connection: Connection, { bytes, replays }: Move): number {
    const now = this.#now();
    const movesUntil = spend(this.#moves, 1, Math.max(connection.movesUntilMs, now));
    const bytesUntil = this.#spendBytes(connection, bytes, now);
    const replay = replays === undefined ? undefined : `${connection.id} ${replays}`;
    const waitMs = Math.max(
      overdrawnMs(this.#moves, movesUntil - now),
      overdrawnMs(this.#bytes, bytesUntil - now),
      this.#untilReplay(replay, now),
      replay === undefined ? 0 : this.#reads.waitMs(connection),
    );
    if (waitMs > 0) return waitMs;
    connection.movesUntilMs = movesUntil;
    connection.bytesUntilMs = bytesUntil;
    if (replay !== undefined) this.#replays.set(replay, now);
    return 0;
  }

  /** Whether so many joins and leaves may wait; those that only wait for what is under way do not count. */
  mayWait(connection: Connection, moves: number): boolean {
    if (this.#moves.perSecond === 0) return true;
    const now = this.#now();
    const untilMs = spend(this.#moves, moves - this.#maxWaitingMoves, Math.max(connection.movesUntilMs, now));
    return overdrawnMs(this.#moves, untilMs - now) === 0;
  }

  /** Counts a refused frame; true: there were too many within ten seconds. */
  countViolation(connection: Connection): boolean {
    return connection.countViolation(this.#now(), this.#maxRefusals);
  }

  /** Whether a connection is told now that a signal of its was dropped. */
  mayTell(connection: Connection): boolean {
    const now = this.#now();
    if (now - connection.toldOfDropsAtMs < TELL_INTERVAL_MS) return false;
    connection.toldOfDropsAtMs = now;
    return true;
  }

  /** What a frame over the rate is answered with. */
  refusal(waitMs: number): ParleyError {
    const rules = [
      ...(this.#frames.perSecond > 0 ? [`${this.#frames.perSecond} messages`] : []),
      ...(this.#bytes.perSecond > 0 ? [`${this.#bytes.perSecond} bytes`] : []),
    ];
    const message = `Cannot take the message: at most ${rules.join(" and ")} a second are allowed`;
    return new ParleyError("rate_limited", message, { retryAfter: waitMs });
  }

  /** What a join or a leave is answered with when too many wait. */
  refusalOfMove(): ParleyError {
    const { perSecond } = this.#moves;
    const message = `Cannot take the join or leave: too many wait already, ${perSecond} a second are allowed`;
    return new ParleyError("rate_limited", message, { retryAfter: Math.ceil(1000 / perSecond) });
  }

  #spendBytes(connection: Connection, bytes: number, now: number): number {
    return spend(this.#bytes, atMost(this.#bytes, bytes), Math.max(connection.bytesUntilMs, now));
  }

  #untilReplay(replay: string | undefined, now: number): number {
    for (
      let { oldest } = this.#replays;
      oldest && now - oldest.value >= REPLAY_INTERVAL_MS;
      { oldest } = this.#replays
    ) {
      this.#replays.delete(oldest.key);
    }
    const last = replay === undefined ? undefined : this.#replays.get(replay);
    return last === undefined ? 0 : Math.ceil(last + REPLAY_INTERVAL_MS - now);
  }
}
