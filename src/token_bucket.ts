/**
 * Token buckets: how often, or how much, something may be done. A bucket holds `burst` tokens and gets `perSecond` more.
 *
 * It is kept as one number, the time at which it will be full again: an idle bucket costs nothing else, and no timer
 * refills anything. Taking tokens moves that time on; more than there are overdraw the bucket. Where there are very many
 * of them, as four for each connection, the numbers are fields of their owner and the functions here change them; elsewhere
 * a TokenBucket is one, and TokenBuckets are one for each name.
 */
import { LinkedMap } from "./linked_map.ts";

export interface Rate {
  /** Tokens a second; 0: no limit. */
  perSecond: number;
  burst: number;
}

/** A clock that is not set, in ms. */
export interface Clock {
  now?: () => number;
}

/** Sums of fractions are off by less. */
const TOLERANCE_MS = 0.05;
const NAMES_KEPT = 10_000;

const sinceStart = () => performance.now();

/** When a bucket that is full at `fullAtMs`, which is not past, will be full once so many tokens are taken. */
export function spend({ perSecond }: Rate, tokens: number, fullAtMs: number): number {
  return perSecond === 0 ? fullAtMs : fullAtMs + tokens * 1000 / perSecond;
}

/** How long a bucket that is full in so many ms stays overdrawn, in ms, rounded up; 0: it is not. */
export function overdrawnMs({ perSecond, burst }: Rate, fullInMs: number): number {
  if (perSecond === 0) return 0;
  const over = fullInMs - burst * 1000 / perSecond;
  return over > TOLERANCE_MS ? Math.ceil(over) : 0;
}

/** What is larger than a bucket takes all of it, or it would have to wait for ever. */
export function atMost({ burst }: Rate, tokens: number): number {
  return Math.min(tokens, burst);
}

export class TokenBucket {
  readonly #rate: Rate;
  readonly #now: () => number;
  #fullAtMs = 0;

  constructor(rate: Rate, { now = sinceStart }: Clock = {}) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Takes a token if there is one: 0, or how long to wait for it. */
  take(): number {
    const now = this.#now();
    const fullAtMs = spend(this.#rate, 1, Math.max(this.#fullAtMs, now));
    const waitMs = overdrawnMs(this.#rate, fullAtMs - now);
    if (waitMs === 0) this.#fullAtMs = fullAtMs;
    return waitMs;
  }
}

/** Bounded: over the number of names kept, the one that was silent longest is forgotten. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #namesKept: number;
  readonly #fullAtMs = new LinkedMap<string, number>();

  constructor(rate: Rate, { now = sinceStart, namesKept = NAMES_KEPT }: Clock & { namesKept?: number } = {}) {
    this.#rate = rate;
    this.#now = now;
    this.#namesKept = namesKept;
  }

  get size(): number {
    return this.#fullAtMs.size;
  }

  /** Milliseconds until the name has so many tokens; 0: it has them. */
  waitMs(name: string, tokens = 1): number {
    const now = this.#now();
    return overdrawnMs(this.#rate, this.#spent(name, tokens, now) - now);
  }

  /** Takes the tokens if they are there: 0, or how long to wait for them. */
  take(name: string, tokens = 1): number {
    if (this.#rate.perSecond === 0) return 0;
    const now = this.#now();
    const fullAtMs = this.#spent(name, tokens, now);
    const waitMs = overdrawnMs(this.#rate, fullAtMs - now);
    if (waitMs > 0) return waitMs;
    this.#fullAtMs.set(name, fullAtMs);
    if (this.#fullAtMs.size > this.#namesKept) this.#fullAtMs.delete(this.#fullAtMs.oldest!.key);
    return 0;
  }

  /** When the name's bucket would be full if so many tokens were taken now. */
  #spent(name: string, tokens: number, now: number): number {
    return spend(this.#rate, atMost(this.#rate, tokens), Math.max(this.#fullAtMs.get(name) ?? 0, now));
  }
}
