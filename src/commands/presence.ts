/**
 * set_presence, follow: one's own status, and the status of others.
 */
import { type CommandOf, type Handler, userOf } from "./handler.ts";
import type { Connection } from "../hub/connection.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { after, isPromise, type MaybePromise, run, type Steps, wait } from "../maybe.ts";
import * as membership from "../hub/membership.ts";
import type { UserPresence, UserState } from "../message.ts";
import { announceStatus } from "../hub/status.ts";

/** How many users a connection may follow. */
const FOLLOW_LIMIT = 200;

export const setPresence: Handler<"set_presence"> = (hub, connection, command) =>
  run(changeStatus(hub, connection, command));

function* changeStatus(hub: Hub, connection: Connection, command: CommandOf<"set_presence">): Steps<void> {
  const { status, metadata } = command;
  connection.hasGuestStatus ||= connection.identity === undefined;
  const changed = yield* wait(
    hub.broker.presence.setStatus(connection.user, { status, metadata, timestamp: Date.now() }),
  );
  if (changed && hub.statusThrottle.allow(connection)) yield* announceStatus(hub, connection);
  hub.reply(connection, { kind: "ack", of: "set_presence" }, command.ref);
}

export const follow: Handler<"follow"> = (hub, connection, command) => run(followUser(hub, connection, command));

function* followUser(hub: Hub, connection: Connection, command: CommandOf<"follow">): Steps<void> {
  const { user, follow, ref } = command;
  userOf(connection, "follow a user");
  const users = typeof user === "string" ? [user] : user;
  const rooms = users.map((each) => `presence:${each}`);
  if (follow) {
    checkFollowLimit(connection, rooms);
    yield* membership.joinReserved(hub, connection, rooms);
  } else {
    for (const room of rooms) yield* wait(after(membership.leave(hub, connection, room), () => undefined));
  }
  const states = yield* wait(statesOf(hub, users));
  const answer = typeof user === "string" ? states[0]! : { states };
  hub.reply(connection, { kind: "presence", following: follow, ...answer }, ref);
}

/** Asked together: over a network each would otherwise wait for the one before. */
function statesOf(hub: Hub, users: string[]): MaybePromise<UserState[]> {
  const presences = users.map((user) => hub.broker.presence.status(user));
  const told = presences.some(isPromise) ? Promise.all(presences) : presences as UserPresence[];
  return after(told, (known) => users.map((user, at) => ({ user, presence: known[at]! })));
}

function checkFollowLimit(connection: Connection, wanted: string[]): void {
  const followed = new Set(wanted);
  for (const { kind, name } of connection.rooms) if (kind === "presence") followed.add(name);
  if (followed.size > FOLLOW_LIMIT) {
    throw new ParleyError("forbidden", `Cannot follow another user: a connection can follow at most ${FOLLOW_LIMIT}`);
  }
}
