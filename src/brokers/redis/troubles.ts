/**
 * What is said about a Redis that does not answer: a log line when it goes, another one for each new reason and at most
 * every ten seconds for the same, one when it is back. Used by the engine.
 */
import type { Log } from "../../log.ts";

const REPEAT_MS = 10_000;

export class Troubles {
  readonly where: string;
  readonly #log: Log;
  /** The newest, for people; undefined while all is well. */
  last: string | undefined;
  #saidAt = -Infinity;

  constructor(log: Log, where: string) {
    this.#log = log;
    this.where = where;
  }

  note(error: unknown): void {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    const isNew = reason !== this.last;
    this.last = reason;
    const now = performance.now();
    if (!isNew && now - this.#saidAt < REPEAT_MS) return;
    this.#saidAt = now;
    this.#log.warn("Redis does not answer, trying again", { redis: this.where, reason });
  }

  over(): void {
    if (this.last === undefined) return;
    this.last = undefined;
    this.#saidAt = -Infinity;
    this.#log.info("Redis answers again", { redis: this.where });
  }
}

/** Trying again cannot help: the credentials or the server are wrong. */
export function isFatal(error: Error): boolean {
  return error.name === "ParleyError" ||
    /^(WRONGPASS|NOAUTH|NOPERM|ERR (AUTH|invalid password|DB index))/i.test(error.message);
}
