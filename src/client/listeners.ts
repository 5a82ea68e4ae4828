/**
 * Named listeners. One that throws is reported and never keeps the others from being called; one that is removed during a
 * call is not called any more.
 */

export type Listener = (...args: never[]) => void;

export class Listeners {
  readonly #byName = new Map<string, Set<Listener>>();
  readonly #failed: (error: unknown) => void;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Returns how to stop listening. */
  on(name: string, listener: Listener): () => void {
    const set = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, set.add(listener));
    return () => this.off(name, listener);
  }

  off(name: string, listener: Listener): void {
    this.#byName.get(name)?.delete(listener);
  }

  call(name: string, ...args: unknown[]): void {
    for (const listener of this.#byName.get(name) ?? []) {
      try {
        (listener as (...args: unknown[]) => void)(...args);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
