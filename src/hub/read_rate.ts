/**
 * How much of what is kept one connection may read: histories, lists of members and of notifications, and the messages
 * that joins replay. A frame that asks takes a few bytes, its answer hundreds of thousands.
 *
 * A token bucket of bytes that may be overdrawn by the answer that empties it. The hub charges what it has
 * sent; reading on is refused, and a join with a replay waits, until the bucket has recovered.
 */
import type { Config } from "../config/config.ts";
import type { Connection } from "./connection.ts";
import type { ReplyBody } from "../message.ts";
import { type Clock, overdrawnMs, type Rate, spend } from "../token_bucket.ts";

/** Reading costs less than saying, which goes to a whole room. */
const READS_PER_BYTE_SAID = 4;

export class ReadRate {
  readonly #rate: Rate;
  readonly #now: () => number;

  /** The history of a whole room at once, then a multiple of what a connection may send. */
  constructor(config: Config, { now = () => performance.now() }: Clock = {}) {
    const { websocketByteRate, historyRoomBytes } = config;
    this.#rate = { perSecond: READS_PER_BYTE_SAID * websocketByteRate, burst: historyRoomBytes };
    this.#now = now;
  }

  /** Milliseconds until the connection may read on; 0: it may. */
  waitMs({ readsUntilMs }: Connection): number {
    return overdrawnMs(this.#rate, readsUntilMs - this.#now());
  }

  /** It has been sent so much. */
  charge(connection: Connection, bytes: number): void {
    connection.readsUntilMs = spend(this.#rate, bytes, Math.max(connection.readsUntilMs, this.#now()));
  }
}

/** Whether a reply brings what was kept. The roster of a join does not count: joins have a rate of their own. */
export function isReading(body: ReplyBody): boolean {
  switch (body.kind) {
    case "history":
    case "members":
    case "notifications":
      return true;
    case "joined":
      return body.messages !== undefined;
    default:
      return false;
  }
}
