/**
 * What users last said of themselves: away, busy, a text. Kept in memory while they are connected and a minute longer, so
 * that a reconnect finds it again. Used by presence.ts.
 *
 * Users who never said anything cost nothing here.
 */
import type { UserPresence } from "../../message.ts";

/** How long a status outlives the user's last connection. */
const GRACE_MS = 60_000;
/** A guest has no personal room that would show when it goes. */
const GUEST_MS = 3_600_000;
const MAX_STATUSES = 100_000;

interface Said {
  presence: UserPresence;
  /** The last time the user was seen connected, or said something. */
  seenAt: number;
  graceMs: number;
}

export class Statuses {
  /** The oldest first. */
  readonly #said = new Map<string, Said>();
  readonly #isConnected: (user: string) => boolean;
  readonly #now: () => number;

  constructor(isConnected: (user: string) => boolean, now: () => number) {
    this.#isConnected = isConnected;
    this.#now = now;
  }

  of(user: string): UserPresence | undefined {
    const said = this.#said.get(user);
    if (!said || this.#now() - said.seenAt > said.graceMs && !this.#isConnected(user)) return undefined;
    return said.presence;
  }

  /** False: it was older than what is known, or said the same. */
  set(user: string, presence: UserPresence): boolean {
    const known = this.of(user);
    if (known && known.timestamp > presence.timestamp) return false;
    if (isSame(known ?? { status: "online", timestamp: 0 }, presence)) return false;
    this.#said.delete(user);
    const graceMs = this.#isConnected(user) ? GRACE_MS : GUEST_MS;
    this.#said.set(user, { presence, seenAt: this.#now(), graceMs });
    if (this.#said.size > MAX_STATUSES) { for (const oldest of this.#said.keys()) return this.#said.delete(oldest); }
    return true;
  }

  sweep(): void {
    const now = this.#now();
    for (const [user, said] of this.#said) {
      if (this.#isConnected(user)) said.seenAt = now;
      else if (now - said.seenAt > said.graceMs) this.#said.delete(user);
    }
  }
}

function isSame(one: UserPresence, other: UserPresence): boolean {
  return one.status === other.status && JSON.stringify(one.metadata) === JSON.stringify(other.metadata);
}
