/**
 * What came through Parley's channels and is not Parley's, or is of another version: counted, logged now and then, and
 * otherwise ignored. Used wherever something is read from Redis.
 */
import type { Log } from "../../log.ts";

const LOG_EVERY_MS = 10_000;

export class Strangers {
  /** Since the start. */
  count = 0;
  readonly #log: Log;
  #saidAt = -Infinity;

  constructor(log: Log) {
    this.#log = log;
  }

  note(where: string, error: unknown): void {
    this.count++;
    const now = performance.now();
    if (now - this.#saidAt < LOG_EVERY_MS) return;
    this.#saidAt = now;
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.warn("ignored what came from Redis: it is not understood", { where, reason, soFar: this.count });
  }
}
