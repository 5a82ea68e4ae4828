/**
 * History in memory: one log per room, made when it is first needed, bounded by the room's size and age and by a number of
 * bytes, and all of them together by another one. Over that the least recently used room goes as a whole, and its epoch
 * with it.
 *
 * Every read makes new events.
 */
import { randomId } from "../../id.ts";
import { LinkedMap } from "../../linked_map.ts";
import type { MessageEvent } from "../../message.ts";
import type { HistoryPage, HistoryQuery, HistoryStore, Keep } from "../../stores.ts";
import { RoomLog } from "./room_log.ts";

/** An empty log: the object, its place in the map and its name. */
const LOG_BYTES = 350;
/** How long a room without messages keeps its epoch, so that one who comes back to a quiet room recovers. */
const QUIET_MS = 24 * 3_600_000;

export class MemoryHistory implements HistoryStore {
  readonly #logs = new LinkedMap<string, RoomLog>();
  readonly #maxBytes: number;
  readonly #roomBytes: number;
  readonly #now: () => number;
  /** Head of this process' epochs. */
  readonly #run = randomId(6);
  #epochs = 0;
  #bytes = 0;

  /** Bytes of all rooms together and of one room, estimated. */
  constructor(maxBytes: number, now: () => number = () => performance.now(), roomBytes = Infinity) {
    this.#maxBytes = maxBytes;
    this.#roomBytes = roomBytes;
    this.#now = now;
  }

  /** Estimated, over all rooms. */
  get bytes(): number {
    return this.#bytes;
  }

  get rooms(): number {
    return this.#logs.size;
  }

  append(room: string, event: MessageEvent, keep: Keep): void {
    const keptAt = this.#now();
    const log = this.#use(room, keptAt);
    const before = log.bytes;
    log.ttlMs = keep.ttlMs;
    event.position = { epoch: log.epoch, offset: log.offset + 1 };
    log.append(event, { size: Math.max(1, keep.size), maxBytes: this.#roomBytes, keptAt });
    this.#bytes += log.bytes - before;
    if (this.#bytes > this.#maxBytes) this.#makeRoom(log);
  }

  read(room: string, { limit, maxBytes = Infinity, since, after, before }: HistoryQuery): HistoryPage {
    const now = this.#now();
    const log = this.#use(room, now);
    this.#trim(log, now);
    if (this.#bytes > this.#maxBytes) this.#makeRoom(log);
    const { epoch, offset, first } = log;
    const position = { epoch, offset };
    const start = since ?? after;
    if (start && start.epoch === epoch && start.offset <= offset && start.offset + 1 >= first) {
      let to = Math.min(offset, start.offset + limit);
      if (to > start.offset) to = log.lastWithin(start.offset + 1, to, maxBytes);
      const more = to < offset;
      if (after || !more) return { messages: log.slice(start.offset + 1, to), position, recovered: true, more };
    }
    const isOver = before !== undefined && before.epoch !== epoch;
    const to = isOver ? 0 : Math.min(offset, (before?.offset ?? Infinity) - 1);
    let from = Math.max(first, to - limit + 1);
    if (from <= to) from = log.firstWithin(from, to, maxBytes);
    const messages = from > to ? [] : log.slice(from, to);
    return { messages, position, recovered: !start && !isOver, more: to >= first && from > first };
  }

  /** Forgets what is too old, and rooms that were quiet for a day. To be called now and then. */
  sweep(): void {
    const now = this.#now();
    for (const { value: log } of this.#logs) {
      this.#trim(log, now);
      if (log.length === 0 && now - log.usedAt > QUIET_MS) this.#forget(log);
    }
  }

  #trim(log: RoomLog, now: number): void {
    const before = log.bytes;
    log.dropBefore(now - log.ttlMs);
    this.#bytes += log.bytes - before;
  }

  /** The room's log, made if need be, as the most recently used. */
  #use(room: string, now: number): RoomLog {
    let log = this.#logs.get(room);
    if (!log) {
      log = new RoomLog(room, this.#run + (this.#epochs++).toString(36));
      this.#bytes += LOG_BYTES;
    }
    this.#logs.set(room, log);
    log.usedAt = now;
    return log;
  }

  #forget(log: RoomLog): void {
    this.#logs.delete(log.room);
    this.#bytes -= log.bytes + LOG_BYTES;
  }

  /** Whole rooms go first, the least recently used one first; of the last one, `inUse`, its oldest messages. */
  #makeRoom(inUse: RoomLog): void {
    for (const { value: log } of this.#logs) {
      if (this.#bytes <= this.#maxBytes || log === inUse) break;
      this.#forget(log);
    }
    const before = inUse.bytes;
    while (inUse.length > 1 && this.#bytes - before + inUse.bytes > this.#maxBytes) inUse.dropOldest();
    this.#bytes += inUse.bytes - before;
  }
}
