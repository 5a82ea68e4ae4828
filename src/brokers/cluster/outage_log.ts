/**
 * What is logged about an engine that does not answer: a line when it goes, another every half a minute while it is away,
 * and one when it has been back for a second; on a cluster connections come and go several times before that.
 */
import { clearTimeout, setTimeout } from "node:timers";
import { reasonOf } from "../../errors.ts";
import type { Log } from "../../log.ts";

const REPEAT_MS = 30_000;
const STEADY_MS = 1_000;

export interface Engine {
  /** As people call it: "Redis". */
  name: string;
  /** Host and port. */
  where: string;
}

export class OutageLog {
  readonly where: string;
  readonly #name: string;
  readonly #log: Log;
  readonly #now: () => number;
  /** The newest, for people; undefined while all is well. */
  last: string | undefined;
  #saidAt = -Infinity;
  #steady: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(log: Log, { name, where }: Engine, now = () => performance.now()) {
    this.#log = log;
    this.#name = name;
    this.where = where;
    this.#now = now;
  }

  note(error: unknown): void {
    this.last = reasonOf(error);
    this.#cancel();
    this.remind();
  }

  /** Something was asked of an engine that is away, or still is. */
  remind(): void {
    const now = this.#now();
    if (this.#isClosed || this.last === undefined || now - this.#saidAt < REPEAT_MS) return;
    this.#saidAt = now;
    this.#tell("warn", "does not answer, trying again", { reason: this.last });
  }

  /** It answers, for now. */
  over(): void {
    if (this.last === undefined || this.#steady) return;
    this.#steady = setTimeout(() => {
      this.#steady = undefined;
      this.last = undefined;
      this.#saidAt = -Infinity;
      this.#tell("info", "answers again");
    }, STEADY_MS);
    this.#steady.unref();
  }

  /** Nothing is said from here on. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #tell(level: "warn" | "info", what: string, fields?: { reason: string }): void {
    this.#log[level](`${this.#name} ${what}`, { [this.#name.toLowerCase()]: this.where, ...fields });
  }

  #cancel(): void {
    clearTimeout(this.#steady);
    this.#steady = undefined;
  }
}
