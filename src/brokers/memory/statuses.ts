/**
 * What users last said of themselves: away, busy, a text. Kept in memory while they are connected and a minute longer, so
 * that a reconnect finds it again.
 *
 * Users who never said anything cost nothing here.
 */
import { LinkedMap } from "../../linked_map.ts";
import type { UserPresence } from "../../message.ts";
import type { StatusStore } from "../../stores.ts";

/** How long a status outlives the user's last connection. */
const GRACE_MS = 60_000;
/** How long that of a guest is kept, who has no personal room to show when it goes. */
const GUEST_MS = 3_600_000;
const MAX_STATUSES = 100_000;
/** What stands for having said nothing. */
const SILENT: Omit<UserPresence, "timestamp"> = { status: "online" };

interface Said {
  presence: UserPresence;
  expiresAt: number;
}

export class MemoryStatuses implements StatusStore {
  readonly #said = new LinkedMap<string, Said>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  of(user: string): UserPresence | undefined {
    const said = this.#said.get(user);
    return said && said.expiresAt > this.#now() ? said.presence : undefined;
  }

  set(user: string, presence: UserPresence, isConnected: boolean): boolean {
    const known = this.of(user) ?? SILENT;
    if (isSame(known, presence)) return false;
    if (isSame(SILENT, presence)) return this.#said.delete(user);
    this.#said.set(user, { presence, expiresAt: isConnected ? Infinity : this.#now() + GUEST_MS });
    if (this.#said.size > MAX_STATUSES) this.#said.delete(this.#said.oldest!.key);
    return true;
  }

  arrive(user: string): void {
    const said = this.#said.get(user);
    if (!said) return;
    if (said.expiresAt > this.#now()) said.expiresAt = Infinity;
    else this.#said.delete(user);
  }

  depart(user: string): void {
    const said = this.#said.get(user);
    if (said) said.expiresAt = this.#now() + GRACE_MS;
  }

  sweep(): void {
    const now = this.#now();
    for (const { key, value } of this.#said) if (value.expiresAt <= now) this.#said.delete(key);
  }
}

function isSame(one: Omit<UserPresence, "timestamp">, other: UserPresence): boolean {
  return one.status === other.status && JSON.stringify(one.metadata) === JSON.stringify(other.metadata);
}
