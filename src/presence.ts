/**
 * Telling a user's status: to the announcing rooms the user is in, and to those who follow the user.
 *
 * The store behind it is the broker's; what is told is what it holds at the moment of telling.
 */
import type { Connection } from "./connection.ts";
import type { Hub } from "./hub.ts";
import { type Steps, wait } from "./maybe.ts";
import type { Status } from "./message.ts";
import { typeOfRoom } from "./room_name.ts";

/** One event into each announcing room where any of the user's connections is, and one to the followers. */
export function* announceStatus(hub: Hub, connection: Connection): Steps<void> {
  const { user } = connection;
  const { status, metadata } = yield* wait(hub.broker.presence.status(user));
  if (!hub.pace.isNews(user, JSON.stringify([status, metadata]))) return;
  const rooms = connection.identity
    ? yield* wait(hub.broker.directory.roomsOf(user))
    : connection.rooms.map((room) => room.name);
  for (const room of rooms) {
    if (typeOfRoom(room) !== "custom" || !hub.permissions.ruleOf(room).presence) continue;
    if ((yield* wait(hub.broker.presence.count(room))) > hub.config.roomAnnounceMax) continue;
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
