/**
 * Contract of what is kept: the histories of rooms, publishes made once, notifications, statuses, decisions about users.
 *
 * The memory broker and the workers' sequencer are handed one of each and know nothing of where it keeps them, so another
 * storage is one small file per store: tests/json_stores shows the shortest. Redis has its own instead, in its scripts,
 * since there what is kept has to change in one step with what is published.
 */
import type { MaybePromise } from "./maybe.ts";
import type { MessageEvent, Notification, StreamPosition, UserPresence } from "./message.ts";

/** How many messages of a room are kept, and for how long. */
export interface Keep {
  size: number;
  ttlMs: number;
}

export interface HistoryQuery {
  /** How many at most; the answer is oldest first. */
  limit: number;
  /**
   * How large all of them together may be, as the broker measures what it keeps; what does not fit counts as over the
   * limit, but one message is answered whatever its size.
   */
  maxBytes?: number;
  /** All messages after this position: to go on from there. */
  since?: StreamPosition;
  /** The messages right after this position: to page forward. */
  after?: StreamPosition;
  /** Messages before this position; none if its epoch is over. */
  before?: StreamPosition;
}

export interface HistoryPage {
  /** Oldest first. */
  messages: MessageEvent[];
  /**
   * The room's present position. Asking creates it where somebody is in the room, so that a joiner always has one; of a
   * room where nothing was said and nobody is, a broker may answer one that it does not keep. A node that subscribes to a
   * room with history reads it next: lost messages are noticed from this position on.
   */
  position: StreamPosition;
  /**
   * The messages are those that were asked for. False: the epoch of the position is over, or the position lies ahead; or
   * messages right after it are gone, or with `since` over limit or bytes. They then are the newest; with `before` there
   * are none.
   */
  recovered: boolean;
  /** Recovered from `since` or `after`: newer messages are kept. Otherwise: older ones are. */
  more: boolean;
}

/**
 * Kept messages of a room are numbered 1, 2, 3… within an epoch. The numbers say what somebody missed; the epoch says
 * whether they can be compared at all.
 *
 * Example: a room is at `{ epoch: "a7", offset: 5 }`. Who comes back with `{ "a7", 3 }` gets messages 4 and 5, and
 * `recovered: true`. Then the store loses the room, and its next message is `{ epoch: "b2", offset: 1 }`: who comes back
 * with `{ "a7", 5 }` is answered `recovered: false`, though 5 is a larger number than 1, for nobody can say what is
 * missing in between. An epoch that is over never returns, and an offset never stands for two messages of one epoch.
 */
export interface History {
  read(room: string, query: HistoryQuery): MaybePromise<HistoryPage>;
}

/** Per-user notifications: bounded in number and age. */
export interface Inbox {
  /** Returns the unread count after it. */
  add(user: string, notification: Notification): MaybePromise<number>;
  /** Newest first, those before the notification with the id `before`. */
  list(user: string, query: { before?: string; limit: number }): MaybePromise<InboxPage>;
  /** One, or all; returns the unread count after it. Unknown ids change nothing. */
  markRead(user: string, notification?: string): MaybePromise<number>;
  unread(user: string): MaybePromise<number>;
}

export interface InboxPage {
  notifications: Notification[];
  unread: number;
  more: boolean;
}

/** Decisions about users that outlive their connections, and win over the claims of older tokens. */
export interface Grants {
  setGroup(user: string, group: string, joined: boolean): MaybePromise<void>;
  /** Group id → in or out. */
  groups(user: string): MaybePromise<Record<string, boolean>>;
  /** 0 lifts the block. */
  block(user: string, forMs: number): MaybePromise<void>;
  /** How long it is still blocked, in whole milliseconds; 0: it is not. */
  blockedFor(user: string): MaybePromise<number>;
}

/** Two publishes with the same sender and key are one. The key covers the client's id and all content. */
export interface OnceKey {
  sender: string;
  key: string;
}

/** By what a message is known that was published before. */
export type Original = Pick<MessageEvent, "id" | "timestamp">;

/** What a repeat is answered: the first message, and where it stands if it was kept. */
export interface Repeat {
  duplicateOf: Original;
  position: StreamPosition | undefined;
}

/**
 * Publishes that must not happen twice, for five minutes.
 *
 * Example: a client sends message 7, the link breaks before it is acknowledged, and it sends message 7 again. The first
 * one was `remember`ed under its key; `find` has it now, so nothing is published, and the client is told the id, the time
 * and the position of the first.
 */
export interface OnceStore {
  /** Undefined: it was not published before. */
  find(key: OnceKey): Repeat | undefined;
  /** Called when the event has its position, if it gets one. */
  remember(key: OnceKey, event: Original & Pick<MessageEvent, "position">): void;
}

/** What users last said of themselves: kept while they are connected and a minute longer, so that a reconnect finds it. */
export interface StatusStore {
  of(user: string): UserPresence | undefined;
  /** The last one to say something wins. False: it said the same, and to be online is what everybody says at first. */
  set(user: string, presence: UserPresence, isConnected: boolean): boolean;
  /** The user's first connection is there. */
  arrive(user: string): void;
  /** The user's last connection is gone. */
  depart(user: string): void;
}

/** The same methods, with their answers in the turn they are called in: brokers publish in the order of their calls. */
export type Synchronous<T> = {
  [Method in keyof T]: T[Method] extends (...given: infer Given) => infer Answer ? (...given: Given) => Awaited<Answer>
    : T[Method];
};

export interface HistoryStore extends Synchronous<History> {
  /** Keeps the message, and gives it the next position of its room. */
  append(room: string, event: MessageEvent, keep: Keep): void;
}

export interface Swept {
  /** Forgets what has expired; called every 15 seconds. */
  sweep?(): void;
}

export interface Stores {
  history: HistoryStore & Swept;
  once: OnceStore & Swept;
  inbox: Synchronous<Inbox> & Swept;
  grants: Synchronous<Grants> & Swept;
  statuses: StatusStore & Swept;
}
