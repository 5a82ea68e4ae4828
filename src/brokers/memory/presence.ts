/**
 * Presence in memory: who is in which room, what users say of themselves, and the events that tell it. A member's node is
 * the head of its connection's id, so one store serves a node, or a sequencer of several.
 *
 * Events go out through `announce`, in the order of the calls.
 */
import type { Occupancy, PresenceStore, RoutedEvent } from "../../broker.ts";
import { ParleyError } from "../../errors.ts";
import { type IdSource, nodeOf } from "../../id.ts";
import type { Member, Roster, UserPresence } from "../../message.ts";
import { typeOfRoom } from "../../room_name.ts";
import type { StatusStore } from "../../stores.ts";
import { type AnnouncingBounds, announcingBounds, isAnnouncing } from "../cluster/announcing.ts";
import { RoomMembers, userOf } from "./room_members.ts";

export interface MemoryPresenceParts {
  ids: IdSource;
  announce(routed: RoutedEvent): void;
  /** Members up to which a room announces. */
  announceMax?: number;
  statuses: StatusStore;
}

export class MemoryPresence implements PresenceStore {
  readonly #rooms = new Map<string, RoomMembers>();
  readonly #statuses: StatusStore;
  readonly #ids: IdSource;
  readonly #announce: (routed: RoutedEvent) => void;
  readonly #bounds: AnnouncingBounds;

  constructor({ ids, announce, announceMax, statuses }: MemoryPresenceParts) {
    this.#ids = ids;
    this.#announce = announce;
    this.#bounds = announcingBounds(announceMax);
    this.#statuses = statuses;
  }

  enter(room: string, member: Member, limit = 0): Occupancy {
    const members = this.#rooms.get(room) ?? new RoomMembers();
    if (members.get(member.connection)) return occupancyOf(members, false);
    if (limit > 0 && members.size >= limit) {
      throw new ParleyError("room_full", `Cannot enter room "${room}": it has its ${limit} members`, { room });
    }
    const first = isEdge(members, member);
    members.add(member);
    members.announcing = isAnnouncing(members.announcing, members.size, this.#bounds);
    this.#rooms.set(room, members);
    if (first && isPersonal(room, member)) {
      this.#statuses.arrive(String(member.user));
      this.#tellFollowers(member);
    }
    this.#tell("join", { room, members, member, edge: first });
    return occupancyOf(members, first);
  }

  leave(room: string, connection: string): void {
    const members = this.#rooms.get(room);
    const member = members?.remove(connection);
    if (!members || !member) return;
    if (members.size === 0) this.#rooms.delete(room);
    members.announcing = isAnnouncing(members.announcing, members.size, this.#bounds);
    const last = isEdge(members, member);
    this.#tell("leave", { room, members, member, edge: last });
    if (last && isPersonal(room, member)) {
      this.#statuses.depart(String(member.user));
      this.#tellFollowers(member);
    }
  }

  /** All members of a node that is gone leave, in every room. */
  leaveAll(node: string): void {
    for (const [room, members] of [...this.#rooms]) {
      const gone = [...members].filter(({ connection }) => nodeOf(connection) === node);
      for (const { connection } of gone) this.leave(room, connection);
    }
  }

  identify(room: string, member: Member): void {
    const members = this.#rooms.get(room);
    const before = members?.remove(member.connection);
    if (!members || !before) return;
    if (isEdge(members, before)) this.#tell("leave", { room, members, member: before, edge: true, identityOnly: true });
    const first = isEdge(members, member);
    members.add(member);
    if (first) this.#tell("join", { room, members, member, edge: true, identityOnly: true });
  }

  update(room: string, connection: string, info: unknown): boolean {
    const members = this.#rooms.get(room);
    const before = members?.get(connection);
    if (!members || !before || JSON.stringify(before.info) === JSON.stringify(info)) return false;
    const member = { ...before, info };
    members.replace(member);
    if (members.size > 1 && members.announcing && typeOfRoom(room) === "custom") {
      const head = { id: this.#ids.next(), timestamp: Date.now() };
      this.#announce({ room, except: connection, event: { ...head, kind: "member_updated", room, member } });
    }
    return true;
  }

  roster(room: string, limit: number): Roster {
    const members = this.#rooms.get(room);
    const list: Roster["list"] = [];
    if (!members) return { list, members: 0, users: 0, announcing: true };
    for (const member of members) {
      if (list.length >= limit) break;
      list.push({ ...member, status: this.#statuses.of(userOf(member) ?? member.connection)?.status ?? "online" });
    }
    return { list, members: members.size, users: members.users, announcing: members.announcing };
  }

  count(room: string): number {
    return this.#rooms.get(room)?.size ?? 0;
  }

  contains(room: string, who: { connection: string } | { user: string }): boolean {
    const members = this.#rooms.get(room);
    if (!members) return false;
    return "user" in who ? members.hasUser(who.user) : members.get(who.connection) !== undefined;
  }

  setStatus(user: string, presence: UserPresence): boolean {
    return this.#statuses.set(user, presence, this.#isConnected(user));
  }

  status(user: string): UserPresence {
    if (!this.#isConnected(user)) return { status: "offline", timestamp: Date.now() };
    return this.#statuses.of(user) ?? { status: "online", timestamp: Date.now() };
  }

  /** Rooms with members. */
  countRooms(): number {
    return this.#rooms.size;
  }

  #isConnected(user: string): boolean {
    return this.#rooms.has(`user:${user}`);
  }

  #tell(kind: "join" | "leave", change: RoomChange): void {
    const { room, members, member, edge, identityOnly } = change;
    const others = members.size - (members.get(member.connection) ? 1 : 0);
    if (others === 0 || typeOfRoom(room) !== "custom") return;
    const id = this.#ids.next();
    const timestamp = Date.now();
    // While an identity changes the member is for a moment not in the list, but never out of the room.
    const count = identityOnly ? others + 1 : members.size;
    const { users, announcing } = members;
    this.#announce({
      room,
      except: member.connection,
      event: { id, timestamp, room, kind, member, edge, members: count, users, announcing, identityOnly },
    });
  }

  #tellFollowers(from: Member): void {
    const user = String(from.user);
    const { status, metadata } = this.status(user);
    const room = `presence:${user}`;
    const id = this.#ids.next();
    this.#announce({ room, event: { id, timestamp: Date.now(), room, kind: "presence", from, status, metadata } });
  }
}

interface RoomChange {
  room: string;
  members: RoomMembers;
  member: Member;
  edge: boolean;
  identityOnly?: boolean;
}

function occupancyOf({ size, users, announcing }: RoomMembers, first: boolean): Occupancy {
  return { first, members: size, users, announcing };
}

/** Whether nobody but this member, who is not in the list at this moment, stands for its user. */
function isEdge(members: RoomMembers, member: Member): boolean {
  const user = userOf(member);
  return user === undefined || !members.hasUser(user);
}

function isPersonal(room: string, member: Member): boolean {
  return member.user !== undefined && room === `user:${member.user}`;
}
