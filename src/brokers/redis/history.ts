/** History in Redis: the newest messages of a room's stream, delivered here before whoever reads them is answered. */
import type { MessageEvent, StreamPosition } from "../../message.ts";
import type { History, HistoryPage, HistoryQuery } from "../../stores.ts";
import type { RedisLog } from "./log.ts";
import type { ReceivedEvent } from "../cluster/wire.ts";

/** Settles when this node has delivered everything up to the position, if it hears the room. */
type Reach = (room: string, position: StreamPosition) => Promise<void> | undefined;

export class RedisHistory implements History {
  readonly #log: RedisLog;
  readonly #reach: Reach;

  constructor(log: RedisLog, reach: Reach) {
    this.#log = log;
    this.#reach = reach;
  }

  async read(room: string, { limit, maxBytes, since, after, before }: HistoryQuery): Promise<HistoryPage> {
    const mode = since ? "since" : after ? "after" : before ? "before" : "newest";
    const from = since ?? after ?? before;
    const page = await this.#log.read(room, { mode, from, limit, maxBytes });
    const { position, recovered, receivedEvents, first, stands } = page;
    if (stands) await this.#reach(room, position);
    const isOfEpoch = from === undefined || (from === before && from.epoch === position.epoch);
    const { epoch, offset } = position;
    const top = before ? Math.min(offset, before.epoch === epoch ? before.offset - 1 : 0) : offset;
    const oldest = receivedEvents[0]?.offset ?? top + 1;
    return {
      messages: receivedEvents.flatMap((received) => this.#messageOf(room, received) ?? []),
      position: { epoch, offset },
      recovered: recovered || isOfEpoch,
      more: recovered ? (receivedEvents.at(-1)?.offset ?? offset) < offset : oldest > first && top >= first,
    };
  }

  #messageOf(room: string, received: ReceivedEvent): MessageEvent | undefined {
    const event = this.#log.decode(room, received)?.event;
    return event?.kind === "message" ? event : undefined;
  }
}
