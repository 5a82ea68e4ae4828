/** History in Redis: the newest messages of a room's stream. Used by the hub through the broker. */
import type { History, HistoryPage, HistoryQuery } from "../../broker.ts";
import type { MessageEvent, StreamPosition } from "../../message.ts";
import type { RedisLog } from "./log.ts";
import type { Arrival } from "../wire.ts";

/** Settles when this node has delivered everything up to the position, if it hears the room. */
type Reach = (room: string, position: StreamPosition) => Promise<void> | undefined;

export class RedisHistory implements History {
  readonly #log: RedisLog;
  readonly #reach: Reach;

  constructor(log: RedisLog, reach: Reach) {
    this.#log = log;
    this.#reach = reach;
  }

  async read(room: string, { limit, since, before }: HistoryQuery): Promise<HistoryPage> {
    const mode = since ? "since" : before ? "before" : "newest";
    const page = await this.#log.read(room, { mode, from: since ?? before, limit });
    // The stream expires as a whole; single messages that are too old are left out here.
    const fresh = page.arrivals.filter(({ expiresAt }) => expiresAt > page.now);
    const isWhole = page.recovered && fresh.length === page.arrivals.length;
    const newest = fresh.slice(Math.max(0, fresh.length - limit));
    await this.#reach(room, page.position);
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
