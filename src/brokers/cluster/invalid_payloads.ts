/**
 * What stands in Parley's channels or keys and is not Parley's, or is of another version: counted by the node, logged now
 * and then, and otherwise ignored. Used wherever something is read from Redis.
 */
import type { LocalNode } from "../../broker.ts";
import { reasonOf } from "../../errors.ts";
import type { Log } from "../../log.ts";

const LOG_EVERY_MS = 10_000;

export class InvalidPayloads {
  readonly #log: Log;
  readonly #node: () => LocalNode;
  #soFar = 0;
  #saidAt = -Infinity;

  /** `node` is known once the broker was started. */
  constructor(log: Log, node: () => LocalNode) {
    this.#log = log;
    this.#node = node;
  }

  /** What `read` makes of each; those of which it throws are noted and left out. */
  readable<T, R>(where: string, values: readonly T[], read: (value: T) => R): R[] {
    return values.flatMap((value) => {
      try {
        return [read(value)];
      } catch (error) {
        this.note(where, error);
        return [];
      }
    });
  }

  note(where: string, error: unknown): void {
    this.#node().countInvalidPayload();
    this.#soFar++;
    const now = performance.now();
    if (now - this.#saidAt < LOG_EVERY_MS) return;
    this.#saidAt = now;
    const reason = reasonOf(error);
    this.#log.warn("ignored what came from Redis: it is not understood", { where, reason, soFar: this.#soFar });
  }
}
