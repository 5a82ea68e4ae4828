/**
 * Deadlines that all lie equally far ahead: pings, pongs, and every other timeout of the sessions.
 *
 * What is set first is due first, so a map in the order of setting and one timer serve any number of sessions to the
 * millisecond, and a session that is closed leaves nothing behind.
 */
import { LinkedMap } from "../../linked_map.ts";

export interface Expiring {
  /** Its deadline has passed, which was at `dueAt` on the clock of `performance.now()`. */
  expired(dueAt: number): void;
}

export class Deadlines {
  readonly #due = new LinkedMap<Expiring, number>();
  readonly #delayMs: number;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  get size(): number {
    return this.#due.size;
  }

  has(item: Expiring): boolean {
    return this.#due.has(item);
  }

  /** Sets or renews. `from` must not lie before that of an earlier call. */
  set(item: Expiring, from: number = performance.now()): void {
    this.#due.set(item, from + this.#delayMs);
    this.#timer ??= this.#startTimer(from + this.#delayMs);
  }

  /** False: it had no deadline. */
  delete(item: Expiring): boolean {
    if (!this.#due.delete(item)) return false;
    if (this.#due.size === 0) this.#stopTimer();
    return true;
  }

  /** Expires what is due at this very moment; the timer, which may be late, does the same by itself. */
  sweep(): void {
    const now = performance.now();
    for (let first = this.#due.oldest; first && first.value <= now; first = this.#due.oldest) {
      const { key: item, value: dueAt } = first;
      this.#due.delete(item);
      item.expired(dueAt);
    }
  }

  clear(): void {
    this.#due.clear();
    this.#stopTimer();
  }

  #startTimer(dueAt: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#fire(), Math.max(0, Math.ceil(dueAt - performance.now())));
  }

  #fire(): void {
    this.sweep();
    const next = this.#due.oldest;
    this.#timer = next && this.#startTimer(next.value);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
