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

  async read(room: string, { limit, since, after, before }: HistoryQuery): Promise<HistoryPage> {
    const mode = since ? "since" : after ? "after" : before ? "before" : "newest";
    const from = since ?? after ?? before;
    const { position, recovered, arrivals, now, kept } = await this.#log.read(room, { mode, from, limit });
    // The stream expires as a whole; single messages that are too old are left out here.
    const fresh = arrivals.filter(({ expiresAt }) => expiresAt > now);
    const isWhole = recovered && fresh.length === arrivals.length;
    if (after && recovered && !isWhole) return { ...await this.read(room, { limit }), recovered: false };
    const newest = fresh.slice(Math.max(0, fresh.length - limit));
    const last = fresh.at(-1)?.offset ?? position.offset;
    await this.#reach(room, position);
    return {
      messages: newest.flatMap((arrival) => this.#messageOf(room, arrival) ?? []),
      position: { ...position },
      recovered: isWhole || from === undefined || (from === before && from.epoch === position.epoch),
      more: isWhole ? last < position.offset : limit === 0 ? kept > 0 : fresh.length > limit,
    };
  }

  #messageOf(room: string, arrival: Arrival): MessageEvent | undefined {
    const event = this.#log.decode(room, arrival)?.event;
    return event?.kind === "message" ? event : undefined;
  }
}
