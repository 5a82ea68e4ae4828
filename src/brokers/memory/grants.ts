/**
 * Group changes and blocks in memory. Blocks end by themselves; of both the longest untouched go when there are too many.
 */
import { LinkedMap } from "../../linked_map.ts";
import type { Grants, Synchronous } from "../../stores.ts";

const MAX_USERS = 100_000;
const MAX_GROUPS_PER_USER = 1_000;

export class MemoryGrants implements Synchronous<Grants> {
  readonly #groups = new LinkedMap<string, LinkedMap<string, boolean>>();
  readonly #blocks = new LinkedMap<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  setGroup(user: string, group: string, joined: boolean): void {
    const groups = this.#groups.get(user) ?? new LinkedMap<string, boolean>();
    setBounded(groups, { key: group, value: joined, max: MAX_GROUPS_PER_USER });
    setBounded(this.#groups, { key: user, value: groups, max: MAX_USERS });
  }

  groups(user: string): Record<string, boolean> {
    return Object.fromEntries([...this.#groups.get(user) ?? []].map(({ key, value }) => [key, value]));
  }

  block(user: string, forMs: number): void {
    if (forMs > 0) setBounded(this.#blocks, { key: user, value: this.#now() + forMs, max: MAX_USERS });
    else this.#blocks.delete(user);
  }

  blockedFor(user: string): number {
    return Math.max(0, Math.ceil((this.#blocks.get(user) ?? 0) - this.#now()));
  }

  sweep(): void {
    const now = this.#now();
    for (const { key: user, value: untilMs } of this.#blocks) if (untilMs <= now) this.#blocks.delete(user);
  }
}

/** As the newest; beyond `max` the oldest goes. */
function setBounded<T>(map: LinkedMap<string, T>, { key, value, max }: { key: string; value: T; max: number }): void {
  map.set(key, value);
  if (map.size > max) map.delete(map.oldest!.key);
}
