/** Histories in a JSON file: of each room its epoch, its newest offset and the messages up to it. */
import { decode, encode } from "../../src/brokers/cluster/wire.ts";
import { randomId } from "../../src/id.ts";
import type { MessageEvent } from "../../src/message.ts";
import type { HistoryPage, HistoryQuery, HistoryStore, Keep } from "../../src/stores.ts";
import type { JsonFile } from "./json_file.ts";

interface RoomLog {
  epoch: string;
  offset: number;
  ttlMs: number;
  messages: { json: string; keptAt: number }[];
}

export class JsonHistory implements HistoryStore {
  readonly #file: JsonFile<RoomLog>;
  readonly #bounds: { roomBytes: number; now: () => number };

  constructor(file: JsonFile<RoomLog>, bounds: { roomBytes: number; now: () => number }) {
    this.#file = file;
    this.#bounds = bounds;
  }

  append(room: string, event: MessageEvent, { size, ttlMs }: Keep): void {
    const log = this.#of(room);
    event.position = { epoch: log.epoch, offset: ++log.offset };
    log.ttlMs = ttlMs;
    const messages = [...log.messages, { json: encode({ event }, event), keptAt: this.#bounds.now() }].slice(-size);
    log.messages = fitting(messages.reverse(), this.#bounds.roomBytes).reverse();
    this.#file.set(room, log);
  }

  read(room: string, { limit, maxBytes = Infinity, since, after, before }: HistoryQuery): HistoryPage {
    const { epoch, offset, messages: kept } = this.#of(room);
    const position = { epoch, offset };
    const first = offset - kept.length + 1;
    const start = since ?? after;
    if (start && start.epoch === epoch && start.offset <= offset && start.offset + 1 >= first) {
      const missed = kept.slice(start.offset + 1 - first);
      const page = fitting(missed.slice(0, limit), maxBytes);
      const more = page.length < missed.length;
      if (after || !more) return { messages: page.map(eventOf), position, recovered: true, more };
    }
    const isOver = before !== undefined && before.epoch !== epoch;
    const older = isOver ? [] : kept.slice(0, Math.max(0, (before?.offset ?? Infinity) - first));
    const page = fitting(older.toReversed().slice(0, limit), maxBytes).reverse();
    const more = page.length < older.length;
    return { messages: page.map(eventOf), position, recovered: !start && !isOver, more };
  }

  /** Made if need be: a room that was asked for has a position. */
  #of(room: string): RoomLog {
    let log = this.#file.get(room);
    if (!log) this.#file.set(room, log = { epoch: randomId(6), offset: 0, ttlMs: 0, messages: [] });
    const before = this.#bounds.now() - log.ttlMs;
    return { ...log, messages: log.messages.filter(({ keptAt }) => keptAt >= before) };
  }
}

/** The first of them that take so many bytes, and one at least. */
function fitting<T extends { json: string }>(messages: T[], maxBytes: number): T[] {
  let bytes = 0;
  const count = messages.findIndex(({ json }, at) => (bytes += json.length) > maxBytes && at > 0);
  return count < 0 ? messages : messages.slice(0, count);
}

function eventOf({ json }: { json: string }): MessageEvent {
  return decode(json).event as MessageEvent;
}
