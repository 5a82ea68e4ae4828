/**
 * What users last said of themselves, in Redis: a day while they are connected, a minute after their last connection is
 * gone. All of them share a slot, so that a roster's statuses are one command on a cluster too.
 */
import type { Status, UserPresence } from "../../message.ts";
import type { RedisEngine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import { SET_STATUS } from "./store_scripts.ts";
import type { InvalidPayloads } from "../cluster/invalid_payloads.ts";

const DAY_MS = 24 * 3_600_000;
const GRACE_MS = 60_000;
const STATUSES: ReadonlySet<unknown> = new Set<Status>(["online", "away", "busy", "offline"]);
/** What stands for having said nothing. */
const SILENT = encodePresence({ status: "online", timestamp: 0 });

export class RedisStatuses {
  readonly #engine: RedisEngine;
  readonly #keys: Keys;
  readonly #invalid: InvalidPayloads;

  constructor({ engine, keys, invalid }: { engine: RedisEngine; keys: Keys; invalid: InvalidPayloads }) {
    this.#engine = engine;
    this.#keys = keys;
    this.#invalid = invalid;
  }

  async set(user: string, presence: UserPresence): Promise<boolean> {
    const key = this.#keys.status(user);
    const text = encodePresence(presence);
    return await this.#engine.script(SET_STATUS, key, presence.timestamp, text, SILENT, DAY_MS) === 1;
  }

  async of(users: string[]): Promise<(UserPresence | undefined)[]> {
    if (users.length === 0) return [];
    const answer = await this.#engine.call("mget", ...users.map((user) => this.#keys.status(user)));
    return (answer as (string | null)[]).map((text) => {
      return text === null ? undefined : this.#invalid.readable("a status", [text], decodePresence)[0];
    });
  }

  /** The user's first connection is there; also to be called now and then while it is. */
  async arrive(user: string): Promise<void> {
    await this.#engine.call("pexpire", this.#keys.status(user), DAY_MS);
  }

  /** The user's last connection is gone. */
  async depart(user: string): Promise<void> {
    await this.#engine.call("pexpire", this.#keys.status(user), GRACE_MS);
  }
}

function encodePresence({ status, metadata }: UserPresence): string {
  return JSON.stringify({ status, metadata });
}

function decodePresence(text: string): UserPresence {
  const space = text.indexOf(" ");
  const { status, metadata }: { status: Status; metadata?: unknown } = JSON.parse(text.slice(space + 1)) ?? {};
  if (!STATUSES.has(status)) throw new Error("it is not a status");
  const presence: UserPresence = { status, timestamp: Number(text.slice(0, space)) };
  if (metadata !== undefined) presence.metadata = metadata;
  return presence;
}
