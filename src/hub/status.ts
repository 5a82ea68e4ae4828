/**
 * Telling a user's status, to the announcing rooms the user is in and to those who follow the user; and telling a room as a
 * whole who is in it.
 *
 * The store behind it is the broker's; what is told is what it holds at the moment of telling.
 */
import type { Connection } from "./connection.ts";
import type { Hub } from "./hub.ts";
import { type Steps, wait } from "../maybe.ts";
import type { Member, Status } from "../message.ts";
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
    if (typeOfRoom(room) !== "custom" || !hub.ruleOf(room).presence) continue;
    const from = yield* shownIn(hub, connection, room);
    if (!from || !(yield* wait(hub.broker.presence.roster(room, 0))).announcing) continue;
    yield* tell(hub, from, { room, status, metadata });
  }
  yield* tell(hub, connection.member, { room: `presence:${user}`, status, metadata });
}

/** As whom the room sees the user. None: it sees somebody else in all of its connections, who has no status of the user's. */
function* shownIn({ broker }: Hub, connection: Connection, room: string): Steps<Member | undefined> {
  const { user, member } = connection;
  const here = connection.joined(room)?.memberOf(connection);
  if (here && String(here.user ?? here.connection) === user) return here;
  return (yield* wait(broker.presence.contains(room, { user }))) ? member : undefined;
}

function* tell(
  hub: Hub,
  from: Member,
  told: { room: string; status: Status; metadata?: unknown },
): Steps<void> {
  yield* wait(hub.broker.publish({ room: told.room, event: { kind: "presence", ...hub.stamp(), from, ...told } }));
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
