/**
 * What is said about a Redis that does not answer: a log line when it goes, another every ten seconds while it is away, and
 * one when it has been back for a second; on a cluster connections come and go several times before that.
 *
 * Used by the engine.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { Log } from "../../log.ts";

const REPEAT_MS = 10_000;
const STEADY_MS = 1_000;

export class Troubles {
  readonly where: string;
  readonly #log: Log;
  /** The newest, for people; undefined while all is well. */
  last: string | undefined;
  #saidAt = -Infinity;
  #steady: ReturnType<typeof setTimeout> | undefined;

  constructor(log: Log, where: string) {
    this.#log = log;
    this.where = where;
  }

  note(error: unknown): void {
    this.last = error instanceof Error ? error.message || error.name : String(error);
    this.#cancel();
    const now = performance.now();
    if (now - this.#saidAt < REPEAT_MS) return;
    this.#saidAt = now;
    this.#log.warn("Redis does not answer, trying again", { redis: this.where, reason: this.last });
  }

  /** It answers, for now. */
  over(): void {
    if (this.last === undefined || this.#steady) return;
    this.#steady = setTimeout(() => {
      this.#steady = undefined;
      this.last = undefined;
      this.#saidAt = -Infinity;
      this.#log.info("Redis answers again", { redis: this.where });
    }, STEADY_MS);
    this.#steady.unref();
  }

  close(): void {
    this.#cancel();
  }

  #cancel(): void {
    clearTimeout(this.#steady);
    this.#steady = undefined;
  }
}

/** Trying again cannot help: the credentials or the server are wrong. */
export function isFatal(error: Error): boolean {
  return error.name === "ParleyError" ||
    /^(WRONGPASS|NOAUTH|NOPERM|ERR (AUTH|invalid password|DB index))/i.test(error.message);
}
