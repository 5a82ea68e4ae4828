/**
 * The status of this user, and of users it follows outside of rooms; one book for each client.
 *
 * A status is said again after every reconnect, a follow is asked for once for any number of followers. Built on what any
 * client offers, so that a page without presence does not carry it.
 */
import type { ClientFrame, Presence, PresenceStatus, ServerFrame } from "./frames.ts";
import { CHANGED, Listeners } from "./listeners.ts";
import { onePer } from "./one_per.ts";

/** What the book needs of a client. */
export interface PresenceHost {
  readonly isOpen: boolean;
  request(frame: ClientFrame): Promise<ServerFrame>;
  command(action: string, fields: object): Promise<unknown>;
  on(name: "*" | "connect", listener: (data: unknown, frame: ServerFrame) => void): () => void;
  readonly failed: (error: unknown) => void;
}

export class PresenceBook {
  /** What this client says of itself; undefined until it says something. */
  mine?: Presence;
  readonly #host: PresenceHost;
  readonly #known = new Map<string, Presence>();
  readonly #followers = new Map<string, number>();
  readonly #listeners: Listeners;

  constructor(host: PresenceHost) {
    this.#host = host;
    this.#listeners = new Listeners(host.failed);
    host.on("connect", () => this.#opened());
    host.on("*", (_, frame) => this.#read(frame));
  }

  /** The last thing heard of a user; the object changes only with what it says. */
  of(user: string): Presence | undefined {
    return this.#known.get(user);
  }

  /** Resolves when the server has taken it; without a connection it is said on the next one. */
  async set(status: PresenceStatus, metadata?: unknown): Promise<void> {
    this.mine = { status, metadata };
    this.#listeners.call(CHANGED);
    if (this.#host.isOpen) await this.#host.request({ type: "presence", data: this.mine });
  }

  /** Called after every change of anything in the book. */
  readonly subscribe = (listener: () => void): () => void => this.#listeners.on(CHANGED, listener);

  /** Hears of the user in and out of rooms; returns how to stop, which is to be called once. */
  follow(user: string): () => void {
    const count = this.#followers.get(user) ?? 0;
    this.#followers.set(user, count + 1);
    if (!count) this.#ask("subscribe_presence", user);
    return () => {
      const left = this.#followers.get(user)! - 1;
      this.#followers.set(user, left);
      if (!left && this.#followers.delete(user)) this.#ask("unsubscribe_presence", user);
    };
  }

  #opened(): void {
    if (this.mine) this.set(this.mine.status, this.mine.metadata).catch(this.#host.failed);
    for (const user of this.#followers.keys()) this.#ask("subscribe_presence", user);
  }

  /** Events and answers about presence have the same data. */
  #read({ type, data }: ServerFrame): void {
    if (type !== "presence" && type !== "system") return;
    const { userId, status, metadata } = data as Partial<Presence> & { userId?: string };
    if (!userId || !status) return;
    this.#known.set(userId, { status, metadata });
    this.#listeners.call(CHANGED);
  }

  #ask(action: string, userId: string): void {
    if (this.#host.isOpen) this.#host.command(action, { userId }).catch(this.#host.failed);
  }
}

/** The book of a client; the same for the same client. */
export const presenceOf = onePer((client: PresenceHost) => new PresenceBook(client));
