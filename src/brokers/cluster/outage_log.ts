/**
 * What is said about a Redis that does not answer: a log line when it goes, another every half a minute while it is away, and
 * one when it has been back for a second; on a cluster connections come and go several times before that.
 *
 * Used by the engine.
 */
import { clearTimeout, setTimeout } from "node:timers";
import { reasonOf } from "../../errors.ts";
import type { Log } from "../../log.ts";

const REPEAT_MS = 30_000;
const STEADY_MS = 1_000;

export class OutageLog {
  readonly where: string;
  readonly #log: Log;
  readonly #now: () => number;
  /** The newest, for people; undefined while all is well. */
  last: string | undefined;
  #saidAt = -Infinity;
  #steady: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(log: Log, where: string, now = () => performance.now()) {
    this.#log = log;
    this.where = where;
    this.#now = now;
  }

  note(error: unknown): void {
    this.last = reasonOf(error);
    this.#cancel();
    this.remind();
  }

  /** Something was asked of a Redis that is away, or still is. */
  remind(): void {
    const now = this.#now();
    if (this.#isClosed || this.last === undefined || now - this.#saidAt < REPEAT_MS) return;
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

  /** Nothing is said from here on. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #cancel(): void {
    clearTimeout(this.#steady);
    this.#steady = undefined;
  }
}
