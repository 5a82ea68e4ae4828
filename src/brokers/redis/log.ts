/**
 * The streams of all rooms in Redis: append and publish in one step, and read: a page of the history, or what a room
 * missed.
 */
import type { PublishOptions, PublishResult, RoutedEvent } from "../../broker.ts";
import type { IdSource } from "../../id.ts";
import type { StreamPosition } from "../../message.ts";
import type { RedisEngine } from "./engine.ts";
import type { Missed } from "../cluster/feed.ts";
import type { Keys } from "./keys.ts";
import { PUBLISH, READ } from "./room_scripts.ts";
import type { InvalidPayloads } from "../cluster/invalid_payloads.ts";
import { decodeId, decodeRouted, encodeId, encodeRouted, type ReceivedEvent } from "../cluster/wire.ts";

const ONCE_MS = 5 * 60_000;
/** How long a room without messages keeps its epoch. */
const META_MS = 24 * 3_600_000;
/** How many messages, and bytes of them, are read at once to fill a gap. */
const FILL_PAGE = 500;
const FILL_BYTES = 1024 * 1024;

export interface LogParts {
  engine: RedisEngine;
  keys: Keys;
  ids: IdSource;
  invalid: InvalidPayloads;
  /** What the log of one room may hold; its newest message is kept whatever its size. */
  historyRoomBytes: number;
}

export interface LogQuery {
  mode: "since" | "after" | "fill" | "before" | "newest";
  from?: StreamPosition;
  limit: number;
  /** Of all messages together, except that one is read whatever its size. */
  maxBytes?: number;
  /** Published in the channel where the log ends. */
  mark?: string;
}

export interface LogPage extends Missed {
  /** The oldest offset that is kept. */
  first: number;
  /** False: nothing was said in the room and nobody is in, so that the next one gets another position. */
  stands: boolean;
}

type ReadReply = [
  epoch: string,
  offset: number,
  recovered: number,
  entries: [id: string, fields: [name: string, json: string]][],
  reversed: number,
  first: number,
  stands: number,
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
      this.#parts.historyRoomBytes,
    );
    return resultOf(String(answer));
  }

  async read(room: string, { mode, from, limit, maxBytes, mark = "" }: LogQuery): Promise<LogPage> {
    const { engine, keys, ids } = this.#parts;
    const { meta, log, members, events } = keys.room(room);
    const { epoch: wanted, offset: at } = from ?? { epoch: "", offset: 0 };
    const answer = await engine.script(
      READ,
      meta,
      log,
      members,
      ids.next(),
      engine.run,
      META_MS,
      mode,
      wanted,
      at,
      limit,
      maxBytes ?? Number.MAX_SAFE_INTEGER,
      mark,
      engine.publishCommand,
      events,
    );
    const [epoch, offset, recovered, entries, reversed, first, stands] = answer as ReadReply;
    const receivedEvents = entries.map(([id, [, json]]) => {
      return { epoch, offset: Number(id.split("-")[0]), isKept: true, id: "", json: json ?? "" };
    });
    if (reversed) receivedEvents.reverse();
    return { position: { epoch, offset }, recovered: recovered === 1, receivedEvents, first, stands: stands === 1 };
  }

  missed(room: string, after: StreamPosition, mark: string): Promise<Missed> {
    return this.read(room, { mode: "fill", from: after, limit: FILL_PAGE, maxBytes: FILL_BYTES, mark });
  }

  /** The event, with its position; undefined, and noted, if it is not understood. */
  decode(room: string, { epoch, offset, isKept, json }: ReceivedEvent): RoutedEvent | undefined {
    try {
      const routed = decodeRouted(json, room);
      if (isKept && routed.event.kind === "message") routed.event.position = { epoch: epoch!, offset };
      return routed;
    } catch (error) {
      this.#parts.invalid.note(room, error);
      return undefined;
    }
  }
}

/** What PUBLISH answers. */
function resultOf(answer: string): PublishResult {
  const [epoch = "", offset, id, timestamp] = answer.split(" ");
  const result: PublishResult = {};
  if (epoch !== "-") result.position = { epoch, offset: Number(offset) };
  if (id !== undefined) result.duplicateOf = { id: decodeId(id)!, timestamp: Number(timestamp) };
  return result;
}
