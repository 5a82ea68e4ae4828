/**
 * Notifications in memory: per user the newest up to a number and an age, and of all users together a number beyond which
 * the inboxes that were quiet longest go.
 *
 * A stored notification is replaced, never changed.
 */
import { LinkedMap } from "../../linked_map.ts";
import type { Notification } from "../../message.ts";
import type { Inbox, InboxPage, Synchronous } from "../../stores.ts";

const MAX_NOTIFICATIONS = 500_000;

export interface InboxOptions {
  /** Per user. */
  size: number;
  ttlMs: number;
  now?: () => number;
}

interface Stored {
  notification: Notification;
  storedAt: number;
}

export class MemoryInbox implements Synchronous<Inbox> {
  /** Each user's own, oldest first. */
  readonly #users = new LinkedMap<string, Stored[]>();
  readonly #size: number;
  readonly #ttlMs: number;
  readonly #now: () => number;
  #count = 0;

  constructor({ size, ttlMs, now = () => performance.now() }: InboxOptions) {
    this.#size = size;
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  add(user: string, notification: Notification): number {
    const stored = this.#of(user);
    stored.push({ notification, storedAt: this.#now() });
    this.#count++;
    if (stored.length > this.#size) this.#count -= stored.splice(0, stored.length - this.#size).length;
    this.#users.set(user, stored);
    while (this.#count > MAX_NOTIFICATIONS && this.#users.size > 1) this.#forgetQuiet();
    return countUnread(stored);
  }

  list(user: string, { before, limit }: { before?: string; limit: number }): InboxPage {
    const stored = this.#of(user);
    const at = before === undefined ? -1 : stored.findIndex(({ notification }) => notification.id === before);
    const end = before === undefined ? stored.length : Math.max(0, at);
    const start = Math.max(0, end - limit);
    const notifications = stored.slice(start, end).reverse().map(({ notification }) => notification);
    return { notifications, unread: countUnread(stored), more: start > 0 };
  }

  markRead(user: string, notification?: string): number {
    const stored = this.#of(user);
    for (const each of stored) {
      if (each.notification.read || (notification !== undefined && each.notification.id !== notification)) continue;
      each.notification = { ...each.notification, read: true };
    }
    return countUnread(stored);
  }

  unread(user: string): number {
    return countUnread(this.#of(user));
  }

  sweep(): void {
    for (const { key: user } of this.#users) if (this.#of(user).length === 0) this.#users.delete(user);
  }

  /** What of the user's is not too old. */
  #of(user: string): Stored[] {
    const stored = this.#users.get(user);
    if (!stored) return [];
    const before = this.#now() - this.#ttlMs;
    const fresh = stored.findIndex(({ storedAt }) => storedAt > before);
    this.#count -= stored.splice(0, fresh < 0 ? stored.length : fresh).length;
    return stored;
  }

  #forgetQuiet(): void {
    const { key: user, value: stored } = this.#users.oldest!;
    this.#users.delete(user);
    this.#count -= stored.length;
  }
}

function countUnread(stored: Stored[]): number {
  let unread = 0;
  for (const { notification } of stored) if (!notification.read) unread++;
  return unread;
}
