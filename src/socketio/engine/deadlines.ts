/**
 * Deadlines that all lie equally far ahead: pings, pongs, and every other timeout of the sessions.
 *
 * What is set first is due first, so a map in the order of setting and one timer serve any number of sessions to the
 * millisecond, and a session that is closed leaves nothing behind.
 */
import { LinkedMap } from "../../linked_map.ts";

export class Deadlines<T> {
  readonly #due = new LinkedMap<T, number>();
  readonly #delayMs: number;
  readonly #expired: (item: T, dueAt: number) => void;
  #timer?: ReturnType<typeof setTimeout>;

  /** `expired` is told when the deadline was, on the clock of `performance.now()`. */
  constructor(delayMs: number, expired: (item: T, dueAt: number) => void) {
    this.#delayMs = delayMs;
    this.#expired = expired;
  }

  get size(): number {
    return this.#due.size;
  }

  has(item: T): boolean {
    return this.#due.has(item);
  }

  /** Sets or renews. `from` must not lie before that of an earlier call. */
  set(item: T, from: number = performance.now()): void {
    this.#due.set(item, from + this.#delayMs);
    this.#timer ??= this.#wake(from + this.#delayMs);
  }

  /** False: it had no deadline. */
  delete(item: T): boolean {
    if (!this.#due.delete(item)) return false;
    if (this.#due.size === 0) this.#sleep();
    return true;
  }

  /** Expires what is due. The timer does it by itself; whoever needs the exact truth of this moment calls it. */
  sweep(): void {
    const now = performance.now();
    for (let first = this.#due.oldest; first && first.value <= now; first = this.#due.oldest) {
      const { key: item, value: dueAt } = first;
      this.#due.delete(item);
      this.#expired(item, dueAt);
    }
  }

  clear(): void {
    this.#due.clear();
    this.#sleep();
  }

  #wake(dueAt: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#ring(), Math.max(0, Math.ceil(dueAt - performance.now())));
  }

  #ring(): void {
    this.sweep();
    const next = this.#due.oldest;
    this.#timer = next && this.#wake(next.value);
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
