/**
 * The status of this user, and of users it follows outside of rooms.
 *
 * A status is said again after every reconnect, a follow is asked for once for any number of followers.
 */
import type { ClientFrame, Presence, PresenceStatus, ServerFrame } from "./frames.ts";
import { Listeners } from "./listeners.ts";

export interface PresenceHost {
  readonly isOpen: boolean;
  request(frame: ClientFrame): Promise<ServerFrame>;
  failed(error: unknown): void;
}

const ONLINE: Presence = { status: "online" };

export class PresenceBook {
  /** What this client says of itself. */
  mine: Presence = ONLINE;
  readonly #host: PresenceHost;
  readonly #known = new Map<string, Presence>();
  readonly #followers = new Map<string, number>();
  readonly #listeners: Listeners;

  constructor(host: PresenceHost) {
    this.#host = host;
    this.#listeners = new Listeners(host.failed);
  }

  /** The last thing heard of a user; the object changes only with what it says. */
  of(user: string): Presence | undefined {
    return this.#known.get(user);
  }

  /** Resolves when the server has taken it; without a connection it is said on the next one. */
  async set(status: PresenceStatus, metadata?: unknown): Promise<void> {
    this.mine = { status, metadata };
    this.#listeners.call("mine");
    if (this.#host.isOpen) await this.#host.request({ type: "presence", data: this.mine });
  }

  /** Called after every change of `mine`. */
  onMine(listener: () => void): () => void {
    return this.#listeners.on("mine", listener);
  }

  /** Hears of the user in and out of rooms; returns how to stop. */
  follow(user: string, listener: () => void): () => void {
    const count = this.#followers.get(user) ?? 0;
    this.#followers.set(user, count + 1);
    if (!count) this.#ask(user, "subscribe_presence");
    const stop = this.#listeners.on("of " + user, listener);
    return () => {
      stop();
      const left = (this.#followers.get(user) ?? 1) - 1;
      if (left) this.#followers.set(user, left);
      else if (this.#followers.delete(user)) this.#ask(user, "unsubscribe_presence");
    };
  }

  opened(): void {
    if (this.mine !== ONLINE) this.set(this.mine.status, this.mine.metadata).catch(this.#host.failed);
    for (const user of this.#followers.keys()) this.#ask(user, "subscribe_presence");
  }

  /** Any frame: events and answers about presence have the same data. */
  receive({ data }: ServerFrame): void {
    const { userId, status, metadata } = (data ?? {}) as Partial<Presence> & { userId?: string };
    if (!userId || !status) return;
    this.#known.set(userId, { status, metadata });
    this.#listeners.call("of " + userId);
  }

  #ask(userId: string, action: string): void {
    if (!this.#host.isOpen) return;
    this.#host.request({ type: "system", data: { action, userId } }).catch(this.#host.failed);
  }
}
