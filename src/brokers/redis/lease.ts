/**
 * The lease under which this node's members stand. It is renewed every three seconds; nine seconds after the last renewal
 * any other node claims it and removes the members, so those of a dead node are gone within 15 s.
 *
 * A node that slept longer than that finds its lease gone. It takes a new one, so that a late reaper cannot touch the
 * members it enters again. Used by presence; what happens to members is not decided here.
 */
import { clearInterval, setInterval } from "node:timers";
import { randomId } from "../../id.ts";
import type { RedisEngine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import { BEAT } from "./presence_scripts.ts";

const BEAT_MS = 3_000;
const LEASE_MS = 9_000;
/** Long enough for a cluster that is switched off over a holiday to be seen as what it is when it comes back. */
const KEY_MS = 30 * 24 * 3_600_000;

export interface LeaseParts {
  engine: RedisEngine;
  keys: Keys;
  /** Head of the leases' names. */
  node: string;
  /** The members stand under a lease that is over, or Redis lost them. They have to be entered under the present one. */
  lost(why: { hasRedisForgotten: boolean }): Promise<void>;
  /** A lease of a dead node is ours to clear. */
  reap(lease: string): Promise<void>;
  /** What a beat threw. */
  failed(error: unknown): void;
}

export class Lease {
  readonly #parts: LeaseParts;
  #count = 1;
  #run: string | undefined;
  #renewedAt = -Infinity;
  #isBeating: Promise<void> | undefined;
  #isFailing = false;
  /** What `lost` has to be told, until it has succeeded. */
  #loss: { hasRedisForgotten: boolean } | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  get name(): string {
    return `${this.#parts.node}.${this.#count}`;
  }

  /** The last renewal succeeded. */
  get isHealthy(): boolean {
    return !this.#isFailing && this.#renewedAt > -Infinity;
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
    return this.#isBeating ??= this.#beat()
      .then(() => {
        this.#isFailing = false;
      }, (error) => {
        this.#isFailing = true;
        this.#parts.failed(error);
      })
      .finally(() => this.#isBeating = undefined);
  }

  /** Before a member is entered: a node that slept must not enter anybody under a lease that was claimed meanwhile. */
  async ensure(): Promise<void> {
    if (performance.now() - this.#renewedAt > LEASE_MS / 2) await this.beat();
  }

  async #beat(): Promise<void> {
    const dead = await this.#renew();
    if (this.#loss) {
      await this.#parts.lost(this.#loss);
      this.#loss = undefined;
    }
    for (const lease of dead) await this.#parts.reap(lease);
  }

  /** Returns the leases of the dead that were claimed. */
  async #renew(): Promise<string[]> {
    const { engine, keys } = this.#parts;
    const sentAt = performance.now();
    const answer = await engine.script(
      BEAT,
      keys.leases,
      keys.reaping,
      keys.run,
      this.name,
      LEASE_MS,
      randomId(12),
      KEY_MS,
    );
    const [had, run, ...dead] = answer as [number, string, ...string[]];
    const isFirst = this.#run === undefined;
    const hasRedisForgotten = !isFirst && run !== this.#run;
    this.#run = run;
    this.#renewedAt = sentAt;
    if (had === 1 || isFirst) return dead;
    this.#loss = { hasRedisForgotten: hasRedisForgotten || this.#loss?.hasRedisForgotten === true };
    this.#count++;
    return [...dead, ...await this.#renewNew()];
  }

  async #renewNew(): Promise<string[]> {
    const { engine, keys } = this.#parts;
    const answer = await engine.script(
      BEAT,
      keys.leases,
      keys.reaping,
      keys.run,
      this.name,
      LEASE_MS,
      randomId(12),
      KEY_MS,
    );
    return (answer as [number, string, ...string[]]).slice(2) as string[];
  }
}
