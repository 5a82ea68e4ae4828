/**
 * The streams of all rooms in Redis: append and publish in one step, and read. Used by the publisher, by the history and by
 * the rooms that fill their gaps.
 */
import type { PublishOptions, PublishResult, RoutedEvent } from "../../broker.ts";
import type { IdSource } from "../../id.ts";
import type { StreamPosition } from "../../message.ts";
import type { RedisEngine } from "./engine.ts";
import type { Missed } from "./feed.ts";
import type { Keys } from "./keys.ts";
import { PUBLISH, READ } from "./room_scripts.ts";
import type { Strangers } from "./strangers.ts";
import { type Arrival, decodeId, decodeRouted, encodeId, encodeRouted } from "../wire.ts";

const ONCE_MS = 5 * 60_000;
/** How long a room without messages keeps its epoch. */
const META_MS = 24 * 3_600_000;
/** How many messages are read at once to fill a gap. */
const FILL_PAGE = 500;

export interface LogParts {
  engine: RedisEngine;
  keys: Keys;
  ids: IdSource;
  strangers: Strangers;
}

export interface LogQuery {
  mode: "since" | "after" | "fill" | "before" | "newest";
  from?: StreamPosition;
  limit: number;
}

export interface LogPage extends Missed {
  arrivals: (Arrival & { expiresAt: number })[];
  /** Redis' clock. */
  now: number;
  /** How many are in the log. */
  kept: number;
}

type Answer = [
  epoch: string,
  offset: number,
  recovered: number,
  now: number,
  entries: [id: string, fields: [name: string, json: string, name: string, expiresAt: string]][],
  reversed: number,
  kept: number,
];

export class RedisLog {
  readonly #parts: LogParts;

  constructor(parts: LogParts) {
    this.#parts = parts;
  }

  /** Settles when Redis has it, and has published it unless it is a repeat. */
  async publish(routed: RoutedEvent, { keep, once }: PublishOptions): Promise<PublishResult> {
    const { engine, keys, ids } = this.#parts;
    const { timestamp } = routed.event;
    const id = encodeId(routed.event.id);
    const json = encodeRouted(routed);
    const room = keys.room(routed.room);
    if (!keep && !once) {
      await engine.publish(room.events, `- 0 ${id} ${json}`);
      return {};
    }
    const answer = await engine.script(
      PUBLISH,
      room.meta,
      room.log,
      once ? room.once(once.sender, once.key) : room.log,
      json,
      id,
      keep?.size ?? 0,
      keep?.ttlMs ?? 0,
      once ? ONCE_MS : 0,
      ids.next(),
      engine.run,
      Math.max(META_MS, 2 * (keep?.ttlMs ?? 0)),
      engine.publishCommand,
      room.events,
      timestamp,
    );
    return resultOf(String(answer), timestamp);
  }

  async read(room: string, { mode, from, limit }: LogQuery): Promise<LogPage> {
    const { engine, keys, ids } = this.#parts;
    const { meta, log } = keys.room(room);
    const { epoch: wanted, offset: at } = from ?? { epoch: "", offset: 0 };
    const fresh = ids.next();
    const answer = await engine.script(READ, meta, log, fresh, engine.run, META_MS, mode, wanted, at, limit);
    const [epoch, offset, recovered, now, entries, reversed, kept] = answer as Answer;
    const arrivals = entries.map(([id, [, json, , expiresAt]]) => {
      return { epoch, offset: Number(id.split("-")[0]), id: "", json, expiresAt: Number(expiresAt) };
    });
    if (reversed) arrivals.reverse();
    return { position: { epoch, offset }, recovered: recovered === 1, arrivals, now, kept };
  }

  missed(room: string, after: StreamPosition): Promise<Missed> {
    return this.read(room, { mode: "fill", from: after, limit: FILL_PAGE });
  }

  /** The event, with its position; undefined, and noted, if it is not understood. */
  decode(room: string, { epoch, offset, json }: Arrival): RoutedEvent | undefined {
    try {
      const routed = decodeRouted(json, room);
      if (epoch !== undefined && routed.event.kind === "message") routed.event.position = { epoch, offset };
      return routed;
    } catch (error) {
      this.#parts.strangers.note(room, error);
      return undefined;
    }
  }
}

/** What PUBLISH answers; `now` stands for the time of a first publish that an older node remembered. */
function resultOf(answer: string, now: number): PublishResult {
  const [epoch = "", offset, id, timestamp = now] = answer.split(" ");
  const result: PublishResult = {};
  if (epoch !== "-") result.position = { epoch, offset: Number(offset) };
  if (id !== undefined) result.duplicateOf = { id: decodeId(id), timestamp: Number(timestamp) };
  return result;
}
