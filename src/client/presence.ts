/**
 * The status of this user, and of users it follows outside of rooms; one book for each client.
 *
 * A status is said again after every reconnect. A user is asked for once for any number of followers, and all those of one
 * turn in one frame. Built on what any client offers, so that a page without presence does not carry it.
 */
import type { ClientFrame, Presence, PresenceStatus, ServerFrame } from "./frames.ts";
import { CHANGED, Listeners } from "./listeners.ts";
import { once } from "./once.ts";
import { onePer } from "./one_per.ts";

/** What the book needs of a client. */
export interface PresenceHost {
  readonly isOpen: boolean;
  request(frame: ClientFrame, isPatient: boolean): Promise<ServerFrame>;
  command(action: string, fields: object, isPatient: boolean): Promise<unknown>;
  on(name: "*" | "connect" | "switch", listener: (data: unknown, frame: ServerFrame) => void): () => void;
  readonly failed: (error: unknown) => void;
}

/** How many users the server lets one connection follow, and one frame name. */
const MOST = 200;

type UserPresence = Presence & { userId?: string };

export class PresenceBook {
  /** What this client says of itself; undefined until it says something. */
  mine?: Presence;
  readonly #host: PresenceHost;
  readonly #known = new Map<string, Presence>();
  /** How many follow each user. */
  readonly #followers = new Map<string, number>();
  /** Whom the server tells this connection of. */
  readonly #asked = new Set<string>();
  #isDue = false;
  readonly #listeners: Listeners;

  constructor(host: PresenceHost) {
    this.#host = host;
    this.#listeners = new Listeners(host.failed);
    host.on("connect", () => this.#opened());
    host.on("switch", () => this.#forget());
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
    if (this.#host.isOpen) await this.#host.request({ type: "presence", data: this.mine }, true);
  }

  /** Called after every change of anything in the book. */
  readonly subscribe = (listener: () => void): () => void => this.#listeners.on(CHANGED, listener);

  /** Hears of the user in and out of rooms; returns how to stop. */
  follow(user: string): () => void {
    this.#count(user, 1);
    return once(() => this.#count(user, -1));
  }

  #count(user: string, more: number): void {
    const count = (this.#followers.get(user) ?? 0) + more;
    if (count) this.#followers.set(user, count);
    else this.#followers.delete(user);
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#ask();
    });
  }

  #opened(): void {
    if (this.mine) this.set(this.mine.status, this.mine.metadata).catch(this.#host.failed);
    this.#asked.clear();
    this.#ask();
  }

  #forget(): void {
    this.mine = undefined;
    this.#known.clear();
    this.#listeners.call(CHANGED);
  }

  /** Events and answers about presence have the same data; an answer may tell of many. */
  #read({ type, data }: ServerFrame): void {
    if (type !== "presence" && type !== "system") return;
    const { states = [data] } = data as { states?: unknown[] };
    const told = (states as UserPresence[]).filter(({ userId, status }) => userId && status);
    for (const { userId, status, metadata } of told) this.#known.set(userId!, { status, metadata });
    if (told.length) this.#listeners.call(CHANGED);
  }

  /** Brings the server's list in step with the followers. */
  #ask(): void {
    if (!this.#host.isOpen) return;
    const former = [...this.#asked].filter((user) => !this.#followers.has(user));
    for (const user of former) this.#asked.delete(user);
    this.#tell("unsubscribe_presence", former);
    const fresh = [...this.#followers.keys()].filter((user) => !this.#asked.has(user));
    const space = MOST - this.#asked.size;
    for (const user of fresh) this.#asked.add(user);
    this.#tell("subscribe_presence", fresh.slice(0, space));
    // Those that are too many are refused, in the server's words.
    this.#tell("subscribe_presence", fresh.slice(space, space + MOST));
  }

  #tell(action: string, userIds: string[]): void {
    if (!userIds.length) return;
    this.#host.command(action, { userIds }, true).catch((error) => {
      for (const user of userIds) this.#asked.delete(user);
      this.#host.failed(error);
    });
  }
}

/** The book of a client; the same for the same client. */
export const presenceOf = onePer((client: PresenceHost) => new PresenceBook(client));
