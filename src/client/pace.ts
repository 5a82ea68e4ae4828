/**
 * How fast this client may send, by the limits that the server has greeted it with: a burst at the start is spread out
 * here, and not refused there.
 *
 * One token bucket of time, kept as the moment at which it is full again: a frame takes as long as the server's stricter
 * limit for it, of frames or of bytes, so that it keeps both. It is a little stricter than they are: what is sent evenly may
 * arrive in heaps, and signs of life cost tokens too. Joins and leaves cost no token; the server lets them wait.
 */

/** As in the greeting; 0 or absent: there is no such limit. */
export interface Limits {
  /** Frames a second, and how many at once. */
  rate?: number;
  burst?: number;
  bytesPerSecond?: number;
  /** Of one frame. */
  maxBytes?: number;
}

/** What one frame takes. */
export interface Cost {
  tokens: number;
  bytes: number;
}

const STRICTER = 1.1;
const MIN_BYTE_BURST = 2 ** 20;
const MESSAGES_PER_BURST = 4;

export class Pace {
  readonly maxBytes: number;
  readonly #tokenMs: number;
  readonly #byteMs: number;
  /** What a full bucket lasts. */
  readonly #fullMs: number;
  #fullAt = 0;

  constructor({ rate, burst = 0, bytesPerSecond, maxBytes = 0 }: Limits = {}) {
    this.maxBytes = maxBytes || Infinity;
    // Without a limit nothing takes any time.
    this.#tokenMs = 1000 / (rate || Infinity);
    this.#byteMs = 1000 / (bytesPerSecond || Infinity);
    const byteBurst = Math.max(MIN_BYTE_BURST, MESSAGES_PER_BURST * maxBytes);
    this.#fullMs = Math.min(burst * this.#tokenMs || Infinity, byteBurst * this.#byteMs || Infinity);
  }

  /** Takes the cost of a frame: 0, or the milliseconds until it can be taken. */
  take({ tokens, bytes }: Cost, nowMs: number): number {
    const costMs = STRICTER * Math.max(tokens * this.#tokenMs, bytes * this.#byteMs);
    // A clock may be set back: nothing is emptier than empty. What costs more than all takes all.
    const fullAt = Math.min(Math.max(this.#fullAt, nowMs), nowMs + this.#fullMs) + Math.min(costMs, this.#fullMs);
    const waitMs = fullAt - nowMs - this.#fullMs;
    if (waitMs > 0) return waitMs;
    this.#fullAt = fullAt;
    return 0;
  }
}
