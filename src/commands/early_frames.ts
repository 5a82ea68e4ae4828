/**
 * Frames that came before their join. Clients that come back send what they held back, before their program gets to join
 * its rooms again: such a frame waits a moment for the join instead of being refused.
 *
 * They are taken out again in order: when their room is joined, when its join was refused, or when they have waited long
 * enough. Only young connections may have any, and only so many bytes of them.
 */
import type { Connection } from "../hub/connection.ts";

export interface EarlyFrame {
  readonly input: unknown;
  /** Its size on the wire. */
  readonly bytes: number;
  readonly room: string;
}

/** How old a connection may be, in ms since it was welcomed. */
export const YOUNG_MS = 3000;
/** How long a frame waits. */
const WAIT_MS = 1000;
const MAX_FRAMES = 100;
const MAX_BYTES = 64 * 1024;
const MAX_BYTES_IN_ALL = 16 * 1024 * 1024;

interface Kept {
  readonly frames: (EarlyFrame & { readonly dueAtMs: number })[];
  bytes: number;
  timer?: ReturnType<typeof setTimeout>;
}

export class EarlyFrames {
  readonly #kept = new Map<Connection, Kept>();
  readonly #due: (connection: Connection) => void;
  #bytes = 0;

  /** `due` is told when frames of the connection have waited long enough. */
  constructor(due: (connection: Connection) => void) {
    this.#due = due;
  }

  has(connection: Connection): boolean {
    return this.#kept.size > 0 && this.#kept.has(connection);
  }

  /** False: it cannot wait, since its connection is closed or not young any more, or too much waits already. */
  keep(connection: Connection, frame: EarlyFrame): boolean {
    // What was under way when it closed may end only now, and nobody would take this out again.
    if (!connection.isOpen) return false;
    const now = performance.now();
    if (now - (connection.welcomedAtMs ?? now) >= YOUNG_MS) return false;
    const kept = this.#kept.get(connection) ?? { frames: [], bytes: 0 };
    const { bytes } = frame;
    if (kept.frames.length >= MAX_FRAMES || kept.bytes + bytes > MAX_BYTES) return false;
    if (this.#bytes + bytes > MAX_BYTES_IN_ALL) return false;
    kept.frames.push({ ...frame, dueAtMs: now + WAIT_MS });
    kept.bytes += bytes;
    this.#bytes += bytes;
    this.#kept.set(connection, kept);
    kept.timer ??= this.#wake(connection, WAIT_MS);
    return true;
  }

  /** Those whose room satisfies `isReady`, in the order they came. */
  take(connection: Connection, isReady: (room: string) => boolean): EarlyFrame[] {
    return this.#take(connection, ({ room }) => isReady(room));
  }

  /** Those that have waited long enough, in the order they came. */
  takeDue(connection: Connection): EarlyFrame[] {
    const now = performance.now();
    return this.#take(connection, ({ dueAtMs }) => dueAtMs <= now);
  }

  /** The connection has closed. */
  forget(connection: Connection): void {
    if (this.has(connection)) this.#take(connection, () => true);
  }

  #take(connection: Connection, isTaken: (frame: Kept["frames"][number]) => boolean): EarlyFrame[] {
    const kept = this.#kept.get(connection);
    if (!kept) return [];
    const taken = kept.frames.filter(isTaken);
    const left = kept.frames.filter((frame) => !taken.includes(frame));
    const bytes = taken.reduce((sum, frame) => sum + frame.bytes, 0);
    this.#bytes -= bytes;
    if (left.length === 0) {
      clearTimeout(kept.timer);
      this.#kept.delete(connection);
    } else {
      kept.frames.splice(0, kept.frames.length, ...left);
      kept.bytes -= bytes;
      kept.timer ??= this.#wake(connection, left[0]!.dueAtMs - performance.now());
    }
    return taken;
  }

  #wake(connection: Connection, inMs: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      const kept = this.#kept.get(connection);
      if (kept) kept.timer = undefined;
      this.#due(connection);
    }, Math.max(0, Math.ceil(inMs)));
  }
}
