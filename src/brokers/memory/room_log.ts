/**
 * The kept messages of one room: a ring that grows up to the room's size and then writes over its oldest entry, so that a
 * full room allocates nothing for its bookkeeping. Offsets of the entries are consecutive and end at `offset`.
 *
 * An entry holds a message's fields, not the event, and its data packed: the event dies young, and a collector that has to
 * look at everything kept finds two strings for a message, its id and its data.
 */
import type { Member, MessageEvent, StreamPosition } from "../../message.ts";
import { type Form, formOf, pack, stringBytes, unpack, weigh } from "./packed_data.ts";

/** An entry with its slot. */
const ENTRY_BYTES = 150;
/** A sender, beside its strings; the messages that one sent in a row share it. */
const MEMBER_BYTES = 60;

/** Every field of a message must be here, or it is lost. */
type MessageField = Exclude<keyof MessageEvent, "kind" | "position">;

type StoredMessage = { [Field in MessageField]-?: MessageEvent[Field] | undefined } & {
  form: Form;
  keptAt: number;
  bytes: number;
};

export interface Append {
  /** How many messages the log may hold with this one, and how many bytes. */
  size: number;
  maxBytes: number;
  keptAt: number;
}

export class RoomLog {
  readonly room: string;
  readonly epoch: string;
  /** Of the newest message there ever was; 0 before the first. */
  offset = 0;
  /** How many of the newest are still here. */
  length = 0;
  bytes = 0;
  ttlMs = 0;
  usedAt = 0;
  #entries: StoredMessage[] = [];
  #oldest = 0;

  constructor(room: string, epoch: string) {
    this.room = room;
    this.epoch = epoch;
  }

  /** The offset of the oldest message that is here; `offset + 1` if none is. */
  get first(): number {
    return this.offset - this.length + 1;
  }

  /** The event's offset must be the next one. It is kept whatever `maxBytes` says of the log. */
  append(event: MessageEvent, { size, keptAt, maxBytes }: Append): void {
    const form = formOf(event);
    const data = pack(event, form);
    const bytes = this.#weigh(event, data);
    while (this.length >= size) this.dropOldest();
    while (this.length > 0 && this.bytes + bytes > maxBytes) this.dropOldest();
    if (this.length === this.#entries.length) this.#grow(size);
    const entry = this.#entries[(this.#oldest + this.length) % this.#entries.length]!;
    entry.id = event.id;
    entry.timestamp = event.timestamp;
    entry.room = event.room;
    entry.from = event.from;
    entry.data = data;
    entry.form = form;
    entry.to = event.to;
    entry.frameId = event.frameId;
    entry.binary = event.binary;
    entry.keptAt = keptAt;
    entry.bytes = bytes;
    this.bytes += bytes;
    this.length++;
    this.offset++;
  }

  dropOldest(): void {
    const entry = this.#entries[this.#oldest]!;
    entry.id = entry.from = entry.data = undefined;
    this.bytes -= entry.bytes;
    this.#oldest = (this.#oldest + 1) % this.#entries.length;
    this.length--;
  }

  /** Drops what was kept before `time`. */
  dropBefore(time: number): void {
    while (this.length > 0 && this.#entries[this.#oldest]!.keptAt < time) this.dropOldest();
    if (this.length > 0) return;
    this.#entries = [];
    this.#oldest = 0;
  }

  /** The last offset, up to `to`, so that the messages from `from` on take at most so many bytes; `from` itself at least. */
  lastWithin(from: number, to: number, maxBytes: number): number {
    let bytes = this.#bytesAt(from);
    let last = from;
    while (last < to && (bytes += this.#bytesAt(last + 1)) <= maxBytes) last++;
    return last;
  }

  /** The same backwards: the first offset, down to `from`, for the messages up to `to`. */
  firstWithin(from: number, to: number, maxBytes: number): number {
    let bytes = this.#bytesAt(to);
    let first = to;
    while (first > from && (bytes += this.#bytesAt(first - 1)) <= maxBytes) first--;
    return first;
  }

  #bytesAt(offset: number): number {
    return this.#entries[(this.#oldest + offset - this.first) % this.#entries.length]!.bytes;
  }

  /** The messages from offset `from` to `to`, both included and both here. */
  slice(from: number, to: number): MessageEvent[] {
    const events: MessageEvent[] = [];
    const skip = from - this.first;
    for (let at = skip; at <= skip + to - from; at++) {
      const entry = this.#entries[(this.#oldest + at) % this.#entries.length]!;
      events.push(eventOf(entry, { epoch: this.epoch, offset: this.first + at }));
    }
    return events;
  }

  #weigh({ id, from, to, frameId }: MessageEvent, data: unknown): number {
    const before = this.length > 0 ? this.#entries[(this.#oldest + this.length - 1) % this.#entries.length] : undefined;
    let bytes = ENTRY_BYTES + stringBytes(id) + weigh(data);
    if (before?.from !== from) bytes += memberBytes(from);
    if (to !== undefined) bytes += stringBytes(to);
    if (frameId !== undefined) bytes += stringBytes(frameId);
    return bytes;
  }

  /** Twice as many slots, up to `size`; the oldest comes first again. */
  #grow(size: number): void {
    const slots = Math.min(size, Math.max(4, this.#entries.length * 2));
    const ordered = [...this.#entries.slice(this.#oldest), ...this.#entries.slice(0, this.#oldest)];
    while (ordered.length < slots) ordered.push(emptyEntry());
    this.#entries = ordered;
    this.#oldest = 0;
  }
}

function memberBytes({ connection, user, name }: Member): number {
  return MEMBER_BYTES + stringBytes(connection) + stringBytes(name) + stringBytes(String(user ?? ""));
}

function emptyEntry(): StoredMessage {
  return {
    id: undefined,
    timestamp: 0,
    room: undefined,
    from: undefined,
    data: undefined,
    form: "value",
    to: undefined,
    frameId: undefined,
    binary: undefined,
    keptAt: 0,
    bytes: 0,
  };
}

function eventOf(entry: StoredMessage, position: StreamPosition): MessageEvent {
  const { id, timestamp, room, from, to, frameId, binary } = entry;
  const data = unpack(entry.data, entry.form);
  const event: MessageEvent = { kind: "message", id: id!, timestamp: timestamp!, room, from: from!, data, position };
  if (to !== undefined) event.to = to;
  if (frameId !== undefined) event.frameId = frameId;
  if (binary) event.binary = true;
  return event;
}
