/**
 * The rules of the configuration, first match first: who may join, read and publish to which room. Beside them the `rooms`
 * claim of a token opens rooms that no rule opens, except those that nobody may join.
 *
 * Decides by names and identities alone, and at once. Rooms of a Socket.IO namespace are judged by their name in it.
 */
import type { RoomRule } from "../config/config.ts";
import type { Target } from "../message.ts";
import { ALLOWED, type Asker, type Denial, type Policy, roomAimedAt, type Verdict } from "../policy.ts";
import { namespaceOf, typeOfRoom } from "../room_name.ts";
import { notJoined, RESERVED_RULE } from "./reserved.ts";

const BY = "rule";

export class RoomRules implements Policy {
  readonly name = BY;
  /** Counts how often the rules were replaced. */
  version = 0;
  #rules: readonly RoomRule[];
  #otherwise: RoomRule;
  readonly #namespaces: readonly string[];

  /** `otherwise` is for rooms that no rule matches; `namespaces` are those of Socket.IO beside `/`. */
  constructor(rules: readonly RoomRule[], otherwise: RoomRule, namespaces: readonly string[] = []) {
    this.#rules = rules;
    this.#otherwise = otherwise;
    this.#namespaces = namespaces;
  }

  /** From now on other rules count. */
  renew(rules: readonly RoomRule[], otherwise: RoomRule): void {
    this.#rules = rules;
    this.#otherwise = otherwise;
    this.version++;
  }

  /** Searches the rules: of a room that is here its own `rule` says the same. */
  ruleOf(room: string): RoomRule {
    if (typeOfRoom(room) !== "custom") return RESERVED_RULE;
    const name = this.#bare(room);
    return this.#rules.find((rule) => matches(rule.match, name)) ?? this.#otherwise;
  }

  join({ identity }: Asker, room: string): Verdict {
    return this.#mayJoin(identity, room) ? ALLOWED : this.#denied(identity, room, "join");
  }

  /** Who could join may look. */
  read({ identity }: Asker, room: string): Verdict {
    return this.#mayJoin(identity, room) ? ALLOWED : this.#denied(identity, room, "read");
  }

  publish(who: Asker, target: Target): Verdict {
    const room = roomAimedAt(target);
    if (room === undefined || typeOfRoom(room) !== "custom") return ALLOWED;
    const { publish } = this.ruleOf(room);
    if (publish === "anyone" || (publish === "authenticated" && who.identity)) return ALLOWED;
    if (publish !== "member") return this.#denied(who.identity, room, "publish");
    return who.isIn(room) ? ALLOWED : notJoined(room, BY);
  }

  #mayJoin(identity: Asker["identity"], room: string): boolean {
    if (typeOfRoom(room) !== "custom") return true;
    const { join } = this.ruleOf(room);
    if (join === "anyone" || (join === "authenticated" && identity !== undefined)) return true;
    if (join === "nobody" || !identity) return false;
    const name = this.#bare(room);
    return identity.rooms.some((pattern) => matches(pattern, name));
  }

  /** `unauthorized` where a token could help. */
  #denied(identity: Asker["identity"], room: string, what: "join" | "read" | "publish"): Denial {
    const attempt = `Cannot ${what === "publish" ? "publish to" : what} room "${room}"`;
    const rule = this.ruleOf(room);
    if (identity || rule[what === "publish" ? "publish" : "join"] === "nobody") {
      return { allow: false, code: "forbidden", message: `${attempt}: it is not allowed to you`, by: BY };
    }
    return { allow: false, code: "unauthorized", message: `${attempt}: authenticate first`, by: BY };
  }

  /** The name in its namespace. */
  #bare(room: string): string {
    const namespace = namespaceOf(room, this.#namespaces);
    return namespace === undefined ? room : room.slice(namespace.length + 1);
  }
}

/** `pattern` is a room's name, or a prefix followed by `*`. */
export function matches(pattern: string, room: string): boolean {
  return pattern.endsWith("*") ? room.startsWith(pattern.slice(0, -1)) : room === pattern;
}
