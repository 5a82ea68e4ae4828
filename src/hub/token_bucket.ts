/**
 * Token buckets by name: how often each of many invalid, or users, may do something.
 *
 * Bounded: over the number of names kept, the one that was silent longest is forgotten. Names whose bucket would be
 * full again cost nothing but their entry.
 */
import { LinkedMap } from "../linked_map.ts";

const NAMES_KEPT = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export interface Rate {
  /** Tokens a second; 0: no limit. */
  perSecond: number;
  burst: number;
}

export class Buckets {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #namesKept: number;
  readonly #buckets = new LinkedMap<string, Bucket>();

  /** `now`: a clock that is not set, in ms. */
  constructor(
    rate: Rate,
    { now = () => performance.now(), namesKept = NAMES_KEPT }: { now?: () => number; namesKept?: number } = {},
  ) {
    this.#rate = rate;
    this.#now = now;
    this.#namesKept = namesKept;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Milliseconds until the name has so many tokens; 0: it has them. */
  waitMs(name: string, tokens = 1): number {
    const bucket = this.#buckets.get(name);
    if (!bucket || this.#rate.perSecond === 0) return 0;
    this.#refill(bucket);
    return Math.max(0, Math.ceil((this.#atMost(tokens) - bucket.tokens) * 1000 / this.#rate.perSecond));
  }

  /** Takes the tokens if they are there: 0, or how long to wait for them. */
  take(name: string, tokens = 1): number {
    if (this.#rate.perSecond === 0) return 0;
    const waitMs = this.waitMs(name, tokens);
    if (waitMs > 0) return waitMs;
    const bucket = this.#buckets.get(name) ?? { tokens: this.#rate.burst, atMs: this.#now() };
    bucket.tokens -= this.#atMost(tokens);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > this.#namesKept) this.#buckets.delete(this.#buckets.oldest!.key);
    return 0;
  }

  /** What is larger than a bucket takes all of it, or it would have to wait for ever. */
  #atMost(tokens: number): number {
    return Math.min(tokens, this.#rate.burst);
  }

  #refill(bucket: Bucket): void {
    const now = this.#now();
    const { perSecond, burst } = this.#rate;
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.atMs) * perSecond / 1000);
    bucket.atMs = now;
  }
}
