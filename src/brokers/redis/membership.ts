/**
 * The changes of a room's members, as commands to Redis: who is told what is decided by the scripts, in one step with the
 * change. It keeps nothing itself.
 */
import type { Occupancy } from "../../broker.ts";
import type { IdSource } from "../../id.ts";
import type { Member } from "../../message.ts";
import { typeOfRoom } from "../../room_name.ts";
import { type AnnouncingBounds, announcingBounds } from "../cluster/announcing.ts";
import type { RedisEngine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import { ENTER, FIND, IDENTIFY, LEAVE, UPDATE } from "./presence_scripts.ts";
import type { InvalidPayloads } from "../cluster/invalid_payloads.ts";
import { readMember, WIRE_VERSION } from "../cluster/wire.ts";

/** How long a room's members are kept without any change; their nodes renew them sooner. */
export const MEMBERS_MS = 24 * 3_600_000;
/** Leaves in one script. */
const BATCH = 100;

export interface Gone {
  member: Member;
  last: boolean;
}

export interface MembershipParts {
  engine: RedisEngine;
  keys: Keys;
  ids: IdSource;
  /** Members up to which a room announces. */
  announceMax?: number;
  invalid: InvalidPayloads;
  /** The last member of a room where nothing was ever said has left: nothing of it is left in Redis. */
  forgotten(room: string): void;
}

export interface EnterOptions {
  lease: string;
  limit?: number;
  /** Tell nobody. */
  quietly?: boolean;
}

export class Membership {
  readonly #engine: RedisEngine;
  readonly #keys: Keys;
  readonly #ids: IdSource;
  readonly #invalid: InvalidPayloads;
  readonly #forgotten: (room: string) => void;
  readonly #bounds: AnnouncingBounds;

  constructor({ engine, keys, ids, invalid, forgotten, announceMax }: MembershipParts) {
    this.#engine = engine;
    this.#keys = keys;
    this.#ids = ids;
    this.#invalid = invalid;
    this.#forgotten = forgotten;
    this.#bounds = announcingBounds(announceMax);
  }

  /** Undefined: the room is full. */
  async enter(
    room: string,
    member: Member,
    { lease, limit = 0, quietly }: EnterOptions,
  ): Promise<Occupancy | undefined> {
    const { members, users, meta } = this.#keys.room(room);
    const [id, head] = this.#notice("join", room, member.connection);
    const answer = await this.#engine.script(
      ENTER,
      members,
      users,
      meta,
      member.connection,
      lease,
      userField(member),
      JSON.stringify(member),
      limit,
      MEMBERS_MS,
      ...this.#channel(room),
      id,
      quietly ? "" : head,
      this.#bounds.max,
      this.#bounds.resume,
    );
    const [first, count, userCount, announcing] = answer as [number, number, number, number];
    if (first < 0) return undefined;
    return { first: first === 1, members: count, users: userCount, announcing: announcing === 1 };
  }

  /** With a lease: only those that are still under it. Returns who was in. */
  async leave(room: string, connections: string[], lease = ""): Promise<Gone[]> {
    const { members, users, meta, log } = this.#keys.room(room);
    const gone: Gone[] = [];
    for (let at = 0; at < connections.length; at += BATCH) {
      const leaves = connections.slice(at, at + BATCH).flatMap((connection) => {
        return [connection, ...this.#notice("leave", room, connection)];
      });
      const answer = await this.#engine.script(
        LEAVE,
        members,
        users,
        meta,
        log,
        lease,
        ...this.#channel(room),
        this.#bounds.max,
        this.#bounds.resume,
        ...leaves,
      );
      const [wasForgotten, ...left] = answer as [number, ...[string, number, string][]];
      if (wasForgotten === 1) this.#forgotten(room);
      gone.push(...this.#invalid.readable(room, left, ([, last, member]) => {
        return { last: last === 1, member: readMember(member) };
      }));
    }
    return gone;
  }

  /** Everybody who is in the room under a lease. */
  async find(room: string, lease: string): Promise<string[]> {
    return await this.#engine.script(FIND, this.#keys.room(room).members, lease) as string[];
  }

  async identify(room: string, member: Member): Promise<void> {
    const { members, users, meta } = this.#keys.room(room);
    await this.#engine.script(
      IDENTIFY,
      members,
      users,
      meta,
      member.connection,
      userField(member),
      JSON.stringify(member),
      ...this.#channel(room),
      ...this.#notice("leave", room, member.connection, true),
      ...this.#notice("join", room, member.connection, true),
    );
  }

  /** False: it is not in. */
  async update(room: string, member: Member): Promise<boolean> {
    const { members, users, meta } = this.#keys.room(room);
    const updated = await this.#engine.script(
      UPDATE,
      members,
      users,
      meta,
      member.connection,
      JSON.stringify(member),
      ...this.#channel(room),
      ...this.#notice("member_updated", room, member.connection),
    );
    return updated === 1;
  }

  /** How the scripts publish into the room, and whose epoch stands there. */
  #channel(room: string): [command: string, channel: string, run: string] {
    return [this.#engine.publishCommand, this.#keys.room(room).events, this.#engine.run];
  }

  /** Id and JSON of an event up to the member, which the script knows; reserved rooms tell nobody. */
  #notice(
    kind: "join" | "leave" | "member_updated",
    room: string,
    connection: string,
    identityOnly?: true,
  ): [id: string, head: string] {
    const id = this.#ids.next();
    if (typeOfRoom(room) !== "custom") return [id, ""];
    const event = JSON.stringify({ kind, id, timestamp: Date.now(), room, identityOnly });
    const routed = JSON.stringify({ v: WIRE_VERSION, room, except: connection });
    return [id, `${routed.slice(0, -1)},"event":${event.slice(0, -1)},"member":`];
  }
}

/** Under which a member's connections count as one; empty for guests. Without spaces: it is a field of a line. */
export function userField({ user }: Member): string {
  return user === undefined ? "" : encodeURIComponent(String(user));
}
