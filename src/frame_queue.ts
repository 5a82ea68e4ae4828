/**
 * Frames of one connection that wait: for a command that is under way, or for joins and leaves to go on at their rate.
 *
 * Made by the dispatcher when there is something to wait for, and gone when nothing waits any more. Frames are kept as
 * they came, since what they are decoded to takes many times the memory.
 */
import type { Move } from "./rates.ts";

export interface QueuedFrame {
  readonly input: unknown;
  /** Its size on the wire. */
  readonly bytes: number;
  /** It is a join or a leave, and has not taken its tokens yet. */
  readonly move?: Move;
  /** It asks whether the server is there: it need not wait for what only waits for its rate. */
  readonly isPing: boolean;
}

/** How many frames, joins and leaves not counted, may wait at once, whatever their rate allows. */
const MAX_FRAMES = 1000;

export class FrameQueue {
  /** The next in line waits for nothing but its rate. */
  isPaced = false;
  #frames: QueuedFrame[] = [];
  #bytes = 0;
  #moves = 0;
  #pings = 0;

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Joins and leaves among those that wait. */
  get moves(): number {
    return this.#moves;
  }

  /** Whether there is room for one more. `maxBytes` bounds them all together. */
  fits({ bytes, move }: QueuedFrame, maxBytes: number): boolean {
    if (this.#bytes + bytes > maxBytes) return false;
    return move !== undefined || this.#frames.length - this.#moves < MAX_FRAMES;
  }

  push(frame: QueuedFrame): void {
    this.#frames.push(frame);
    this.#count(frame, 1);
  }

  shift(): QueuedFrame | undefined {
    const frame = this.#frames.shift();
    if (frame) this.#count(frame, -1);
    return frame;
  }

  /** Takes out the pings, wherever they stand. */
  takePings(): QueuedFrame[] {
    if (this.#pings === 0) return [];
    const pings = this.#frames.filter((frame) => frame.isPing);
    this.#frames = this.#frames.filter((frame) => !frame.isPing);
    for (const frame of pings) this.#count(frame, -1);
    return pings;
  }

  clear(): void {
    this.#frames.length =
      this.#bytes =
      this.#moves =
      this.#pings =
        0;
  }

  #count({ bytes, move, isPing }: QueuedFrame, by: 1 | -1): void {
    this.#bytes += by * bytes;
    if (move) this.#moves += by;
    if (isPing) this.#pings += by;
  }
}
