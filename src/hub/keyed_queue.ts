/**
 * One thing at a time for each name, in the order of asking; different names do not wait for each other.
 *
 * With a broker that answers at once nothing ever waits here and nothing is kept.
 */
import { isPromise, type MaybePromise } from "../maybe.ts";

export class KeyedQueue {
  /** The last in line for each name; settles, never rejects. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Names that something is under way for. */
  get size(): number {
    return this.#last.size;
  }

  /** Does the work when what was asked for before has ended, well or badly. */
  run<T>(name: string, work: () => MaybePromise<T>): MaybePromise<T> {
    const done = this.#last.get(name)?.then(work) ?? work();
    if (isPromise(done)) this.#remember(name, done);
    return done;
  }

  #remember(name: string, done: Promise<unknown>): void {
    const settled = done.then(() => undefined, () => undefined).then(() => {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    });
    this.#last.set(name, settled);
  }
}
