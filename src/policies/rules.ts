/**
 * Who may join, publish to and read which room: the rules of the configuration, first match first, the built-in rule of
 * reserved rooms before them, and the `rooms` claim of a token beside them. Rooms of a Socket.IO namespace are judged by
 * their name in it, and named from inside of it only.
 *
 * Pure decisions over names and identities; called by the commands and http/.
 */
import type { RoomRule } from "../config/config.ts";
import { ParleyError } from "../errors.ts";
import type { Identity } from "../message.ts";
import { namespaceOf, typeOfRoom } from "../room_name.ts";

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

/** Who asks for a room. */
export interface Asker {
  readonly identity?: Identity;
  /** What the names of rooms begin with where it stands: see {@link Dialect.roomPrefix}. */
  readonly roomPrefix?: string;
}

export class Permissions {
  #rules: readonly RoomRule[];
  #otherwise: RoomRule;
  /** Counts how often the rules were replaced. */
  version = 0;
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

  ruleOf(room: string): RoomRule {
    const kind = typeOfRoom(room);
    if (kind === "group") return GROUP;
    if (kind !== "custom") return RESERVED;
    const name = this.#bare(room);
    return this.#rules.find((rule) => matches(rule.match, name)) ?? this.#otherwise;
  }

  /** Throws `unauthorized` (a token could help) or `forbidden`. */
  checkJoin(room: string, { identity, roomPrefix }: Asker): void {
    this.#checkNamespace(room, roomPrefix);
    const { join } = this.ruleOf(room);
    if (join === "anyone" || (join === "authenticated" && identity)) return;
    const name = this.#bare(room);
    if (join !== "nobody" && identity?.rooms.some((pattern) => matches(pattern, name))) return;
    throw denied(`Cannot join room "${room}"`, room, identity ?? (join === "nobody" ? "nobody may" : undefined));
  }

  /** Throws `not_joined`, `unauthorized` or `forbidden`. */
  checkPublish(room: string, who: Asker & { joined: boolean }): void {
    this.#checkNamespace(room, who.roomPrefix);
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

  /** The name in its namespace. */
  #bare(room: string): string {
    const namespace = namespaceOf(room, this.#namespaces);
    return namespace === undefined ? room : room.slice(namespace.length + 1);
  }

  #checkNamespace(room: string, roomPrefix: string = ""): void {
    if (this.#namespaces.length === 0) return;
    const name = room.startsWith(roomPrefix) ? room.slice(roomPrefix.length) : room;
    const namespace = namespaceOf(name, this.#namespaces);
    if (namespace === undefined) return;
    const why = `names that begin with "${namespace}," belong to a namespace`;
    throw new ParleyError("forbidden", `Cannot use room "${room}" here: ${why}`, { room });
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
