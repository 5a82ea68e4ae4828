/**
 * How users are, by their own word; who has said nothing is online while connected.
 */
import type { Presence } from "../frames.ts";

export type TimedPresence = Presence & { timestamp: number };

export class Statuses {
  readonly #said = new Map<string, TimedPresence>();
  readonly #now: () => number;
  readonly #isHere: (user: string) => boolean;

  constructor(now: () => number, isHere: (user: string) => boolean) {
    this.#now = now;
    this.#isHere = isHere;
  }

  of(user: string): TimedPresence {
    const isHere = this.#isHere(user);
    const said = isHere ? this.#said.get(user) : undefined;
    return said ?? { status: isHere ? "online" : "offline", timestamp: this.#now() };
  }

  /** Whether it is another one. */
  set(user: string, { status, metadata }: Presence): boolean {
    const known = this.of(user);
    const isNews = JSON.stringify([known.status, known.metadata]) !== JSON.stringify([status, metadata]);
    this.#said.set(user, { status, metadata, timestamp: this.#now() });
    return isNews;
  }

  forget(user: string): void {
    this.#said.delete(user);
  }
}
