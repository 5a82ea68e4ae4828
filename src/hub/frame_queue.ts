/**
 * Frames of one connection that wait: for a command that is under way, or for joins and leaves to go on at their rate.
 *
 * A connection has one only while something waits. Frames are kept as they came, since what they are decoded to takes
 * many times the memory.
 */
import { networkOf } from "./address.ts";
import type { WaitingBytes } from "./waiting_bytes.ts";

/** A join or a leave. */
export interface Move {
  bytes: number;
  /** The room whose missed messages the join asks for. */
  replays?: string;
}

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
  readonly #waiting: WaitingBytes;
  readonly #address: string;
  /** Found out when something waits: most queues stay empty. */
  #network?: string;

  /** `waiting`: in which they are counted, as of `address`. */
  constructor(waiting: WaitingBytes, address: string) {
    this.#waiting = waiting;
    this.#address = address;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Joins and leaves among those that wait. */
  get moves(): number {
    return this.#moves;
  }

  /** Whether there is room for one more. `maxBytes` bounds those of this queue together. */
  fits({ bytes, move }: QueuedFrame, maxBytes: number): boolean {
    if (this.#bytes + bytes > maxBytes) return false;
    this.#network ??= networkOf(this.#address);
    if (!this.#waiting.fits(this.#network, bytes)) return false;
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
    while (this.shift());
  }

  #count({ bytes, move, isPing }: QueuedFrame, by: 1 | -1): void {
    this.#network ??= networkOf(this.#address);
    this.#waiting.add(this.#network, by * bytes);
    this.#bytes += by * bytes;
    if (move) this.#moves += by;
    if (isPing) this.#pings += by;
  }
}
