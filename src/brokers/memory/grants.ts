/**
 * Group changes and blocks in memory. Blocks end by themselves; of both the longest untouched go when there are too many.
 *
 * Used by the memory broker and by whoever sequences several nodes.
 */
import type { Grants } from "../../broker.ts";

const MAX_USERS = 100_000;
const MAX_GROUPS_PER_USER = 1_000;

export class MemoryGrants implements Grants {
  readonly #groups = new Map<string, Map<string, boolean>>();
  readonly #blocks = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  setGroup(user: string, group: string, joined: boolean): void {
    const groups = this.#groups.get(user) ?? new Map<string, boolean>();
    setNewest(groups, { key: group, value: joined, max: MAX_GROUPS_PER_USER });
    setNewest(this.#groups, { key: user, value: groups, max: MAX_USERS });
  }

  groups(user: string): Record<string, boolean> {
    return Object.fromEntries(this.#groups.get(user) ?? []);
  }

  block(user: string, forMs: number): void {
    if (forMs > 0) setNewest(this.#blocks, { key: user, value: this.#now() + forMs, max: MAX_USERS });
    else this.#blocks.delete(user);
  }

  blockedFor(user: string): number {
    return Math.max(0, Math.ceil((this.#blocks.get(user) ?? 0) - this.#now()));
  }

  sweep(): void {
    const now = this.#now();
    for (const [user, untilMs] of this.#blocks) if (untilMs <= now) this.#blocks.delete(user);
  }
}

/** Sets the entry as the newest, and drops the oldest beyond `max`. */
function setNewest<T>(map: Map<string, T>, { key, value, max }: { key: string; value: T; max: number }): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
