/**
 * What was sent to Socket.IO peers of late, so that one who lost its transport can be told what it missed.
 *
 * Each event gets an offset, which travels as its last argument: the same for all recipients, so a publish stays one
 * publish. What a peer heard last tells what it did not hear. The log is one for all, and bounded in bytes and age.
 */
import type { Frame } from "../message.ts";

/** A topic, or one socket. */
export type Addressee = string | object;

interface LoggedPacket {
  readonly offset: number;
  readonly to: Addressee;
  readonly except?: object;
  /** The event, and its attachments behind it. */
  readonly frames: Frame[];
  readonly atMs: number;
  bytes: number;
}

/** Who asks for what it has missed. */
export interface LogReader {
  /** Since which offset it has been listening to the topic; undefined: it is not. */
  since(topic: string): number | undefined;
}

/** An event that nobody acknowledges. Frames of other dialects, acknowledgements and attachments are not. */
const EVENT = /^4(?:2|5(\d+)-)(?:\/[^,]*,)?\[/;
/** How often entries that are forgotten are cleared away. */
const COMPACT_AT = 1024;

export class PacketLog {
  #entries: LoggedPacket[] = [];
  /** Entries before it are forgotten. */
  #head = 0;
  #last = 0;
  #bytes = 0;
  /** The newest offset that had to go for want of space. */
  #lostUpTo = 0;
  /** Attachments that still belong to the last entry. */
  #missing = 0;
  readonly #keepMs: number;
  readonly #maxBytes: number;

  constructor({ keepMs, maxBytes }: { keepMs: number; maxBytes: number }) {
    this.#keepMs = keepMs;
    this.#maxBytes = maxBytes;
  }

  /** The offset of the newest entry. */
  get last(): number {
    return this.#last;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The frame as it has to be sent: events bear their offset. */
  record(to: Addressee, frame: Frame, except?: object): Frame {
    if (typeof frame !== "string") return this.#attach(frame);
    const match = EVENT.exec(frame);
    if (!match) return frame;
    const offset = ++this.#last;
    const stamped = `${frame.slice(0, -1)},"${offset.toString(36)}"]`;
    this.#missing = Number(match[1] ?? 0);
    this.#entries.push({ offset, to, except, frames: [stamped], atMs: performance.now(), bytes: stamped.length });
    this.#bytes += stamped.length;
    this.#forget();
    return stamped;
  }

  /** The offset that a client names; undefined: it is not one of this log. */
  read(offset: unknown): number | undefined {
    if (typeof offset !== "string" || !/^[0-9a-z]{1,10}$/.test(offset)) return undefined;
    const value = parseInt(offset, 36);
    return value <= this.#last ? value : undefined;
  }

  /** What the reader missed after the offset, oldest first; undefined: some may be gone, or it is more than `maxBytes`. */
  missed(reader: LogReader, offset: number, maxBytes: number): Frame[] | undefined {
    if (offset < this.#lostUpTo) return undefined;
    const frames: Frame[] = [];
    let bytes = 0;
    for (let at = this.#head; at < this.#entries.length; at++) {
      const entry = this.#entries[at]!;
      if (entry.offset <= offset || !isFor(reader, entry)) continue;
      bytes += entry.bytes;
      if (bytes > maxBytes) return undefined;
      frames.push(...entry.frames);
    }
    return frames;
  }

  #attach(frame: Uint8Array): Frame {
    const entry = this.#entries.at(-1);
    if (this.#missing === 0 || !entry) return frame;
    this.#missing--;
    entry.frames.push(frame);
    entry.bytes += frame.byteLength;
    this.#bytes += frame.byteLength;
    return frame;
  }

  #forget(): void {
    const oldest = performance.now() - this.#keepMs;
    while (this.#head < this.#entries.length) {
      const { atMs, bytes, offset } = this.#entries[this.#head]!;
      const tooMuch = this.#bytes > this.#maxBytes;
      if (!tooMuch && atMs >= oldest) break;
      // What is too old was sent while every transport that can come back was still alive.
      if (atMs >= oldest) this.#lostUpTo = offset;
      this.#bytes -= bytes;
      this.#head++;
    }
    if (this.#head < COMPACT_AT || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

function isFor(reader: LogReader, { to, except, offset }: LoggedPacket): boolean {
  if (except === reader) return false;
  if (typeof to !== "string") return to === reader;
  const since = reader.since(to);
  return since !== undefined && offset > since;
}
