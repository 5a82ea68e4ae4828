/**
 * How often a session may do what costs its server something and the host does not count: one number, no timer.
 */
export class Pace {
  readonly #intervalMs: number;
  readonly #burst: number;
  /** When everything so far would have been at the pace. */
  #untilMs = 0;

  /** Once in `intervalMs`, and `burst` times at once. */
  constructor(intervalMs: number, burst: number) {
    this.#intervalMs = intervalMs;
    this.#burst = burst;
  }

  /** Counts one more; false: it is too much. */
  keeps(): boolean {
    const now = performance.now();
    this.#untilMs = Math.max(this.#untilMs, now) + this.#intervalMs;
    return this.#untilMs <= now + this.#burst * this.#intervalMs;
  }
}
