/**
 * Messages that came with an id, remembered for five minutes: a repeat of one is acknowledged like the first, and goes out
 * no second time.
 */
import type { Position } from "../frames.ts";

const KNOWN_MS = 300_000;

export interface Acknowledgement {
  message_id: string;
  position?: Position;
}

export class Repeats {
  readonly #known = new Map<string, Acknowledgement & { keptAt: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** By sender, target, id and content: other content is another message. */
  find(key: readonly unknown[]): Acknowledgement | undefined {
    const known = this.#known.get(JSON.stringify(key));
    if (!known || this.#now() - known.keptAt > KNOWN_MS) return undefined;
    const { message_id, position } = known;
    return { message_id, position };
  }

  keep(key: readonly unknown[], acknowledgement: Acknowledgement): void {
    this.#known.set(JSON.stringify(key), { ...acknowledgement, keptAt: this.#now() });
  }
}
