/**
 * Telling a user's status, to the announcing rooms the user is in and to those who follow the user; and telling a room as a
 * whole who is in it.
 *
 * The store behind it is the broker's; what is told is what it holds at the moment of telling.
 */
import type { Connection } from "./connection.ts";
import type { Hub } from "./hub.ts";
import { type Steps, wait } from "../maybe.ts";
import type { Status } from "../message.ts";
import type { Room } from "./room.ts";
import { RosterReading } from "./room_view.ts";
import { typeOfRoom } from "../room_name.ts";

/** One event into each announcing room where any of the user's connections is, and one to the followers. */
export function* announceStatus(hub: Hub, connection: Connection): Steps<void> {
  const { user } = connection;
  const { status, metadata } = yield* wait(hub.broker.presence.status(user));
  if (!hub.statusThrottle.changed(user, JSON.stringify([status, metadata]))) return;
  const rooms = connection.identity
    ? yield* wait(hub.cluster.roomsOf(user))
    : connection.rooms.map((room) => room.name);
  for (const room of rooms) {
    if (typeOfRoom(room) !== "custom" || !hub.permissions.ruleOf(room).presence) continue;
    if (!(yield* wait(hub.broker.presence.roster(room, 0))).announcing) continue;
    yield* tell(hub, connection, { room, status, metadata });
  }
  yield* tell(hub, connection, { room: `presence:${user}`, status, metadata });
}

function* tell(
  hub: Hub,
  { member }: Connection,
  told: { room: string; status: Status; metadata?: unknown },
): Steps<void> {
  yield* wait(hub.publish({ room: told.room, event: { kind: "presence", ...hub.stamp(), from: member, ...told } }));
}

/** To the members on this node; if the broker is away it is tried again. */
export function* tellMembers(hub: Hub, room: Room): Steps<void> {
  const { name, view } = room;
  if (hub.rooms.get(name) !== room) return;
  const reading = view.reading = new RosterReading();
  view.toldAtMs = performance.now();
  try {
    const limit = view.announcing === false ? 0 : hub.config.roomAnnounceMax;
    const roster = reading.complete(yield* wait(hub.broker.presence.roster(name, limit)));
    hub.deliver({ room: name, event: { kind: "members", ...hub.stamp(), room: name, roster } });
  } catch (error) {
    hub.views.rebuilt(room);
    throw error;
  } finally {
    if (view.reading === reading) view.reading = undefined;
  }
}
