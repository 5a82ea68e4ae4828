/**
 * set_presence, follow: one's own status, and the status of others.
 */
import { type CommandOf, type Handler, userOf } from "../command.ts";
import type { Connection } from "../connection.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub.ts";
import { after, run, type Steps, wait } from "../maybe.ts";
import * as membership from "../membership.ts";
import { announceStatus } from "../presence.ts";

/** How many users a connection may follow. */
const FOLLOW_LIMIT = 200;

export const setPresence: Handler<"set_presence"> = (hub, connection, command) =>
  run(changeStatus(hub, connection, command));

function* changeStatus(hub: Hub, connection: Connection, command: CommandOf<"set_presence">): Steps<void> {
  const { status, metadata } = command;
  const changed = yield* wait(
    hub.broker.presence.setStatus(connection.user, { status, metadata, timestamp: Date.now() }),
  );
  if (changed && hub.pace.mayTell(connection)) yield* announceStatus(hub, connection);
  hub.reply(connection, { kind: "ack", of: "set_presence" }, command.ref);
}

export const follow: Handler<"follow"> = (hub, connection, command) => run(followUser(hub, connection, command));

function* followUser(hub: Hub, connection: Connection, { user, follow, ref }: CommandOf<"follow">): Steps<void> {
  userOf(connection, "follow a user");
  const room = `presence:${user}`;
  if (follow) {
    if (!connection.isIn(room)) checkFollowLimit(connection);
    yield* membership.seat(hub, connection, [room]);
  } else {
    yield* wait(after(membership.leave(hub, connection, room), () => undefined));
  }
  const presence = yield* wait(hub.broker.presence.status(user));
  hub.reply(connection, { kind: "presence", user, following: follow, presence }, ref);
}

function checkFollowLimit(connection: Connection): void {
  const followed = connection.rooms.reduce((count, room) => count + (room.kind === "presence" ? 1 : 0), 0);
  if (followed >= FOLLOW_LIMIT) {
    throw new ParleyError("forbidden", `Cannot follow another user: a connection can follow at most ${FOLLOW_LIMIT}`);
  }
}
