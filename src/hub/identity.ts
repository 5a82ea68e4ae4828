/**
 * What an identity means for a connection: its personal room, its group rooms, its rights and its end.
 *
 * Rights follow from the identity alone, never from how a room sees its member.
 */
import type { Connection } from "./connection.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "./hub.ts";
import { run, type Steps, wait } from "../maybe.ts";
import type { Identity } from "../message.ts";
import * as membership from "./membership.ts";

/** An identity that was found not to be blocked when {@link Hub.kicks} stood at `kicks`; absent: that is still to be asked. */
export interface Admitted {
  readonly identity: Identity;
  readonly kicks?: number;
}

/** See {@link become}. Waits for what else is under way for the user, so that no change of groups gets lost in between. */
export function adopt(hub: Hub, connection: Connection, admitted: Admitted): Steps<void> {
  return wait(hub.perUser.run(admitted.identity.user, () => run(become(hub, connection, admitted))));
}

/**
 * A connection becomes its user. In rooms it is in as a guest, per-user dialects see the guest leave and the user join.
 * Throws `forbidden` if the user is blocked, `room_full` if it has too many connections, `unavailable`.
 */
function* become(hub: Hub, connection: Connection, { identity, kicks }: Admitted): Steps<void> {
  // A block comes before the kick that ends the user's connections, this one too once it is one of them.
  if (kicks !== hub.kicks) yield* checkBlock(hub, identity);
  const guest = connection.member;
  connection.identity = identity;
  connection.member = { connection: connection.id, user: identity.id, name: identity.name };
  try {
    const groups = yield* groupRooms(hub, identity);
    yield* membership.joinReserved(hub, connection, [`user:${identity.user}`, ...groups]);
  } catch (error) {
    connection.identity = undefined;
    connection.member = guest;
    throw isFull(error) ? tooMany(hub, identity) : error;
  }
  connection.deadline = undefined;
  yield* identifyInRooms(hub, connection);
}

/** The limit is that of the user's own room, which is not a room to those outside. */
function tooMany({ config }: Hub, { user }: Identity): ParleyError {
  const limit = config.websocketMaxConnectionsPerUser;
  return new ParleyError(
    "room_full",
    `Cannot connect as "${user}": the user has ${limit} connections, which is the limit`,
  );
}

function isFull(error: unknown): boolean {
  return error instanceof ParleyError && error.code === "room_full";
}

/** Presence is only eventually right: a broker that fails in the middle of it does not take the identity back. */
function* identifyInRooms(hub: Hub, connection: Connection): Steps<void> {
  for (const { name, kind } of [...connection.rooms]) {
    const room = hub.rooms.get(name);
    if (kind !== "custom" || !room) continue;
    if (!room.rename(connection)) continue;
    try {
      yield* wait(hub.broker.presence.identify(name, room.presented(connection)));
    } catch (error) {
      hub.log.warn("a room was not told who its guest is", { room: name, connection: connection.id, error });
    }
  }
}

/** A fresh token of the same user: new expiry, roles, groups and rooms; rooms no longer allowed are left. */
export function refresh(hub: Hub, connection: Connection, admitted: Admitted): Steps<void> {
  return wait(hub.perUser.run(admitted.identity.user, () => run(renew(hub, connection, admitted))));
}

function* renew(hub: Hub, connection: Connection, { identity, kicks }: Admitted): Steps<void> {
  if (kicks !== hub.kicks) yield* checkBlock(hub, identity);
  connection.identity = identity;
  const groups = yield* groupRooms(hub, identity);
  for (const room of [...connection.rooms]) {
    const stays = room.kind === "group"
      ? groups.includes(room.name)
      : room.kind !== "custom" || mayStay(hub, connection, room.name);
    if (!stays) yield* removeFromRoom(hub, connection, { room: room.name, reason: "forbidden" });
  }
  yield* membership.joinReserved(hub, connection, groups);
}

/** New rules count for members, too: a connection leaves the rooms that they do not let it join any more. */
export function* holdToRules(hub: Hub, connection: Connection): Steps<void> {
  connection.heldToRules = hub.rules.version;
  for (const { name, kind } of [...connection.rooms]) {
    if (kind !== "custom" || mayStay(hub, connection, name)) continue;
    hub.log.debug("removed from a room by its new rule", { room: name, connection: connection.id });
    yield* removeFromRoom(hub, connection, { room: name, reason: "forbidden" });
  }
}

/** Out of a room it did not ask to leave; told with the reason. */
export function* removeFromRoom(
  hub: Hub,
  connection: Connection,
  { room, reason }: { room: string; reason: string },
): Steps<void> {
  const self = yield* wait(membership.leave(hub, connection, room));
  if (self) hub.reply(connection, { kind: "left", room, reason, self });
}

/** The group rooms of a user: the token's claim, overruled by later decisions of the admin API. */
export function* groupRooms(hub: Hub, identity: Identity): Steps<string[]> {
  const decided = yield* wait(hub.broker.grants.groups(identity.user));
  const ids = new Set(identity.groups.map((group) => group.id));
  for (const [group, joined] of Object.entries(decided)) {
    if (joined) ids.add(group);
    else ids.delete(group);
  }
  return [...ids].map((id) => `group:${id}`);
}

/**
 * Whether the user itself is in the room, and shown there. Somebody else whom the room sees as this user is not enough,
 * nor may anybody find out by asking whom the room calls otherwise.
 */
export function* isMember({ broker, cluster }: Hub, user: string, room: string): Steps<boolean> {
  if (!(yield* wait(broker.presence.contains(room, { user })))) return false;
  return (yield* wait(cluster.connections({ user, room, limit: 0 }))).total > 0;
}

/** Throws `forbidden` while the user is blocked. */
export function* checkBlock(hub: Hub, identity: Identity): Steps<void> {
  const retryAfter = yield* wait(hub.broker.grants.blockedFor(identity.user));
  if (retryAfter <= 0) return;
  const message = `Cannot connect as "${identity.user}": blocked for ${Math.ceil(retryAfter / 1000)} s more`;
  throw new ParleyError("forbidden", message, { retryAfter, reason: "blocked" });
}

/** Only by the rules: what other policies let in they are not asked about again. */
function mayStay(hub: Hub, connection: Connection, room: string): boolean {
  return hub.rules.join(connection, room).allow;
}
