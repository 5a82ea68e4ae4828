/**
 * The lease under which this node's members stand. It is renewed every three seconds; nine seconds after the last renewal
 * any other node claims it and removes the members, so those of a dead node are gone within 15 s.
 *
 * A node that slept longer than that finds its lease gone. It takes a new one, so that a late reaper cannot touch the
 * members it enters again. What happens to members is not decided here, and never delays a renewal.
 */
import { clearInterval, setInterval } from "node:timers";
import { randomId } from "../../id.ts";
import type { RedisEngine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import { BEAT } from "./presence_scripts.ts";

const BEAT_MS = 3_000;
const LEASE_MS = 9_000;
/** If nobody was heard of for so long it was Redis that was away. */
const GRACE_MS = 5_000;
/** Long enough for a cluster that is switched off over a holiday to be seen as what it is when it comes back. */
const KEY_MS = 30 * 24 * 3_600_000;

export interface LeaseParts {
  engine: RedisEngine;
  keys: Keys;
  /** Head of the leases' names. */
  node: () => string;
  /** Renewed. `isLost`: the members stand under a lease that is over, or Redis forgot them, and have to be entered again. */
  renewed(news: LeaseRenewal): Promise<void>;
  /** A lease of a dead node is ours to clear. */
  reap(lease: string): Promise<void>;
  /** What one of them threw; it will be tried again. */
  failed(error: unknown): void;
}

export interface LeaseRenewal {
  isLost: boolean;
  hasRedisForgotten: boolean;
}

export class Lease {
  readonly #parts: LeaseParts;
  #count = 1;
  #run: string | undefined;
  #renewedAt = -Infinity;
  #isLost = false;
  #hasRedisForgotten = false;
  #isFailing = true;
  #beating: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #reaping: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  get name(): string {
    return `${this.#parts.node()}.${this.#count}`;
  }

  /** The last renewal succeeded, and all members stand under the lease. */
  get isHealthy(): boolean {
    return !this.#isFailing && !this.#isLost;
  }

  start(): void {
    this.#timer = setInterval(() => void this.beat(), BEAT_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Never rejects. Concurrent calls share one beat. */
  beat(): Promise<void> {
    return this.#beating ??= this.#renew()
      .then((dead) => {
        this.#isFailing = false;
        this.#follow();
        for (const lease of dead) this.#reapNext(lease);
      }, (error) => {
        this.#isFailing = true;
        this.#parts.failed(error);
      })
      .finally(() => this.#beating = undefined);
  }

  /** Before a member is entered: a node that slept must not enter anybody under a lease that was claimed meanwhile. */
  async ensure(): Promise<void> {
    if (performance.now() - this.#renewedAt > LEASE_MS / 2) await this.beat();
  }

  /** Whether the node was heard of within the time of a lease: it may be there, though it does not listen. */
  async isHeldBy(node: string): Promise<boolean> {
    const { engine, keys } = this.#parts;
    const leases = await engine.call("zrange", keys.leases, 0, -1) as string[];
    return leases.some((lease) => lease.startsWith(`${node}.`));
  }

  /** Returns the leases of the dead that were claimed. */
  async #renew(): Promise<string[]> {
    const sentAt = performance.now();
    const { had, run, dead } = await this.#ask();
    const isFirst = this.#run === undefined;
    if (!isFirst && run !== this.#run) this.#hasRedisForgotten = true;
    this.#run = run;
    this.#renewedAt = sentAt;
    if (had || isFirst) return dead;
    this.#isLost = true;
    this.#count++;
    return [...dead, ...(await this.#ask()).dead];
  }

  async #ask(): Promise<{ had: boolean; run: string; dead: string[] }> {
    const { engine, keys: { leases, reaping, run: runKey } } = this.#parts;
    const answer = await engine.script(
      BEAT,
      leases,
      reaping,
      runKey,
      this.name,
      LEASE_MS,
      randomId(12),
      KEY_MS,
      GRACE_MS,
    );
    const [had, run, ...dead] = answer as [number, string, ...string[]];
    return { had: had === 1, run, dead };
  }

  /** One at a time; what fails is done again after the next beat. */
  #follow(): void {
    const { name } = this;
    const news = { isLost: this.#isLost, hasRedisForgotten: this.#hasRedisForgotten };
    this.#following ??= this.#parts.renewed(news)
      .then(() => {
        // Lost once more meanwhile: that is the next beat's to tell.
        if (name === this.name) this.#isLost = this.#hasRedisForgotten = false;
      }, (error) => this.#parts.failed(error))
      .finally(() => this.#following = undefined);
  }

  #reapNext(lease: string): void {
    this.#reaping = this.#reaping.then(() => this.#parts.reap(lease)).catch((error) => this.#parts.failed(error));
  }
}
