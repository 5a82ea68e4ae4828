/**
 * What stands in Parley's channels or keys and is not Parley's, or is of another version: counted by the node, logged now
 * and then, and otherwise ignored.
 */
import type { LocalNode } from "../../broker.ts";
import { reasonOf } from "../../errors.ts";
import type { Log } from "../../log.ts";

const LOG_EVERY_MS = 10_000;

export interface InvalidPayloadsParts {
  log: Log;
  /** Where they come from, as people call it: "Redis". */
  engine: string;
  /** Known once the broker was started. */
  node: () => LocalNode;
}

export class InvalidPayloads {
  readonly #log: Log;
  readonly #engine: string;
  readonly #node: () => LocalNode;
  #soFar = 0;
  #saidAt = -Infinity;

  constructor({ log, engine, node }: InvalidPayloadsParts) {
    this.#log = log;
    this.#engine = engine;
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
    this.#log.warn(`ignored what came from ${this.#engine}: it is not understood`, {
      where,
      reason,
      soFar: this.#soFar,
    });
  }
}
