/**
 * Named listeners. One that throws is reported and never keeps the others from being called; one that is removed during a
 * call is not called any more.
 */

/** A string is a name that frames can have; what only the client itself says has a number, so that nobody can send it. */
export type Name = string | number;

/** A room, or the status of the connection, is another one. */
export const CHANGED = 0;
/** Something failed. */
export const FAILED = 1;

export type Listener = (...args: never[]) => void;

export class Listeners {
  readonly #byName = new Map<Name, Set<Listener>>();
  readonly #failed: (error: unknown) => void;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Returns how to stop listening. */
  on(name: Name, listener: Listener): () => void {
    const set = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, set.add(listener));
    return () => this.off(name, listener);
  }

  off(name: Name, listener: Listener): void {
    this.#byName.get(name)?.delete(listener);
  }

  call(name: Name, ...args: unknown[]): void {
    for (const listener of this.#byName.get(name) ?? []) {
      try {
        (listener as (...args: unknown[]) => void)(...args);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
