/** Inboxes and grants in Redis; each call is one command or one script. */
import type { Notification } from "../../message.ts";
import type { Grants, Inbox, InboxPage } from "../../stores.ts";
import type { RedisEngine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import { INBOX_ADD, INBOX_LIST, INBOX_READ } from "./store_scripts.ts";
import type { InvalidPayloads } from "../cluster/invalid_payloads.ts";

/** How long a group change wins over the claims of older tokens; counted from the last one. */
const GROUPS_MS = 400 * 24 * 3_600_000;

export interface StoreParts {
  engine: RedisEngine;
  keys: Keys;
  invalid: InvalidPayloads;
}

export class RedisInbox implements Inbox {
  readonly #parts: StoreParts;
  readonly #size: number;
  readonly #ttlMs: number;

  constructor(parts: StoreParts, { size, ttlMs }: { size: number; ttlMs: number }) {
    this.#parts = parts;
    this.#size = size;
    this.#ttlMs = ttlMs;
  }

  async add(user: string, notification: Notification): Promise<number> {
    const { engine, keys } = this.#parts;
    const { id, read } = notification;
    const json = JSON.stringify(notification);
    const unread = await engine.script(INBOX_ADD, ...keys.inbox(user), id, json, read ? 1 : 0, this.#size, this.#ttlMs);
    return Number(unread);
  }

  async list(user: string, { before = "", limit }: { before?: string; limit: number }): Promise<InboxPage> {
    const { engine, keys } = this.#parts;
    const answer = await engine.script(INBOX_LIST, ...keys.inbox(user), before, limit) as (number | string)[];
    const [unread, more, ...rest] = answer;
    const notes = Array.from({ length: rest.length / 2 }, (_, at): [number, string] => {
      return [Number(rest[2 * at]), String(rest[2 * at + 1])];
    });
    const notifications = this.#parts.invalid.readable("an inbox", notes, readNote);
    return { notifications, unread: Number(unread), more: more === 1 };
  }

  async markRead(user: string, notification = ""): Promise<number> {
    const { engine, keys } = this.#parts;
    return Number(await engine.script(INBOX_READ, ...keys.inbox(user), notification));
  }

  async unread(user: string): Promise<number> {
    const { unread } = await this.list(user, { limit: 0 });
    return unread;
  }
}

/** Throws an Error if it is not a notification. */
function readNote([isRead, note]: [isRead: number, note: string]): Notification {
  const value: Notification | null = JSON.parse(note.slice(note.indexOf(" ") + 1));
  if (typeof value?.id !== "string") throw new Error("it is not a notification");
  return { ...value, read: isRead === 1 };
}

export class RedisGrants implements Grants {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async setGroup(user: string, group: string, joined: boolean): Promise<void> {
    const { engine, keys } = this.#parts;
    await engine.call("hset", keys.groups(user), group, joined ? 1 : 0);
    await engine.call("pexpire", keys.groups(user), GROUPS_MS);
  }

  async groups(user: string): Promise<Record<string, boolean>> {
    const { engine, keys, invalid } = this.#parts;
    const groups = await engine.call("hgetall", keys.groups(user)) as Record<string, string>;
    return Object.fromEntries(invalid.readable("the groups of a user", Object.entries(groups), ([group, joined]) => {
      if (joined !== "0" && joined !== "1") throw new Error("it is neither in nor out");
      return [group, joined === "1"];
    }));
  }

  async block(user: string, forMs: number): Promise<void> {
    const { engine, keys } = this.#parts;
    if (forMs > 0) await engine.call("set", keys.block(user), 1, "PX", Math.ceil(forMs));
    else await engine.call("del", keys.block(user));
  }

  async blockedFor(user: string): Promise<number> {
    const { engine, keys } = this.#parts;
    return Math.max(0, Number(await engine.call("pttl", keys.block(user))));
  }
}
