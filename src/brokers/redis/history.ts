/** History in Redis: the newest messages of a room's stream. Used by the hub through the broker. */
import type { History, HistoryPage, HistoryQuery } from "../../broker.ts";
import type { MessageEvent, StreamPosition } from "../../message.ts";
import type { RedisLog } from "./log.ts";
import type { Arrival } from "./wire.ts";

export class RedisHistory implements History {
  readonly #log: RedisLog;
  /** Somebody was told the room's position. */
  readonly #told: (room: string, position: StreamPosition) => void;

  constructor(log: RedisLog, told: (room: string, position: StreamPosition) => void) {
    this.#log = log;
    this.#told = told;
  }

  async read(room: string, { limit, since, before }: HistoryQuery): Promise<HistoryPage> {
    const mode = since ? "since" : before ? "before" : "newest";
    const page = await this.#log.read(room, { mode, from: since ?? before, limit });
    // The stream expires as a whole; single messages that are too old are left out here.
    const fresh = page.arrivals.filter(({ expiresAt }) => expiresAt > page.now);
    const isWhole = page.recovered && fresh.length === page.arrivals.length;
    const newest = fresh.slice(Math.max(0, fresh.length - limit));
    this.#told(room, page.position);
    return {
      messages: newest.flatMap((arrival) => this.#messageOf(room, arrival) ?? []),
      position: { ...page.position },
      recovered: since === undefined || isWhole,
      more: limit === 0 ? page.kept > 0 : fresh.length > limit,
    };
  }

  #messageOf(room: string, arrival: Arrival): MessageEvent | undefined {
    const event = this.#log.decode(room, arrival)?.event;
    return event?.kind === "message" ? event : undefined;
  }
}
