/** Notifications in a JSON file: of each user the newest first. */
import type { Notification } from "../../src/message.ts";
import type { Inbox, InboxPage, Synchronous } from "../../src/stores.ts";
import type { JsonFile } from "./json_file.ts";

interface Kept {
  notification: Notification;
  keptAt: number;
}

export class JsonInbox implements Synchronous<Inbox> {
  readonly #file: JsonFile<Kept[]>;
  readonly #bounds: { size: number; ttlMs: number; now: () => number };

  constructor(file: JsonFile<Kept[]>, bounds: { size: number; ttlMs: number; now: () => number }) {
    this.#file = file;
    this.#bounds = bounds;
  }

  add(user: string, notification: Notification): number {
    const { size, now } = this.#bounds;
    this.#file.set(user, [{ notification, keptAt: now() }, ...this.#of(user)].slice(0, size));
    return this.unread(user);
  }

  list(user: string, { before, limit }: { before?: string; limit: number }): InboxPage {
    const all = this.#of(user);
    const at = all.findIndex(({ notification }) => notification.id === before);
    const older = before === undefined ? all : at < 0 ? [] : all.slice(at + 1);
    const notifications = older.slice(0, limit).map(({ notification }) => notification);
    return { notifications, unread: this.unread(user), more: older.length > limit };
  }

  markRead(user: string, id?: string): number {
    const read = ({ notification, keptAt }: Kept): Kept => {
      const isMeant = id === undefined || notification.id === id;
      return { keptAt, notification: { ...notification, read: notification.read || isMeant } };
    };
    this.#file.set(user, this.#of(user).map(read));
    return this.unread(user);
  }

  unread(user: string): number {
    return this.#of(user).filter(({ notification }) => !notification.read).length;
  }

  #of(user: string): Kept[] {
    const { ttlMs, now } = this.#bounds;
    return (this.#file.get(user) ?? []).filter(({ keptAt }) => keptAt > now() - ttlMs);
  }
}
