/**
 * Who may join, publish to and read which room: the rules of the configuration, first match first, the built-in rule of
 * reserved rooms before them, and the `rooms` claim of a token beside them.
 *
 * Pure decisions over names and identities; called by the commands and http/.
 */
import type { RoomRule } from "./config.ts";
import { ParleyError } from "./errors.ts";
import type { Identity } from "./message.ts";
import { typeOfRoom } from "./room_name.ts";

/** Joined by the server only; nothing is kept and nobody is told who is in. */
const RESERVED: RoomRule = {
  match: "",
  join: "nobody",
  publish: "nobody",
  presence: false,
  history: undefined,
  maxMembers: 0,
};
const GROUP: RoomRule = { ...RESERVED, publish: "member" };

export class Permissions {
  readonly #rules: readonly RoomRule[];
  readonly #otherwise: RoomRule;

  /** `otherwise` is for rooms that no rule matches. */
  constructor(rules: readonly RoomRule[], otherwise: RoomRule) {
    this.#rules = rules;
    this.#otherwise = otherwise;
  }

  ruleOf(room: string): RoomRule {
    const kind = typeOfRoom(room);
    if (kind === "group") return GROUP;
    if (kind !== "custom") return RESERVED;
    return this.#rules.find((rule) => matches(rule.match, room)) ?? this.#otherwise;
  }

  /** Throws `unauthorized` (a token could help) or `forbidden`. */
  checkJoin(room: string, identity: Identity | undefined): void {
    const { join } = this.ruleOf(room);
    if (join === "anyone" || (join === "authenticated" && identity)) return;
    if (join !== "nobody" && identity?.rooms.some((pattern) => matches(pattern, room))) return;
    throw denied(`Cannot join room "${room}"`, room, identity ?? (join === "nobody" ? "nobody may" : undefined));
  }

  /** Throws `not_joined`, `unauthorized` or `forbidden`. */
  checkPublish(room: string, who: { identity?: Identity; joined: boolean }): void {
    const { publish } = this.ruleOf(room);
    if (publish === "anyone" || (publish === "authenticated" && who.identity)) return;
    if (publish === "member" && who.joined) return;
    if (publish === "member") {
      throw new ParleyError("not_joined", `Cannot publish to room "${room}": join it first`, { room });
    }
    throw denied(
      `Cannot publish to room "${room}"`,
      room,
      who.identity ?? (publish === "nobody" ? "nobody may" : undefined),
    );
  }
}

/** `pattern` is a room's name, or a prefix followed by `*`. */
export function matches(pattern: string, room: string): boolean {
  return pattern.endsWith("*") ? room.startsWith(pattern.slice(0, -1)) : room === pattern;
}

function denied(attempt: string, room: string, known: unknown): ParleyError {
  return known
    ? new ParleyError("forbidden", `${attempt}: it is not allowed to you`, { room })
    : new ParleyError("unauthorized", `${attempt}: authenticate first`, { room });
}
