/**
 * join, leave, members, history: what a connection does with a room as such.
 */
import { type Handler, roomOf } from "./handler.ts";
import type { Connection } from "../hub/connection.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { after, run, type Steps, wait } from "../maybe.ts";
import * as membership from "../hub/membership.ts";
import { fitRoster } from "../hub/frame_size.ts";
import { typeOfRoom } from "../room_name.ts";
import type { CommandOf } from "./handler.ts";

/** A roster that was asked for names at most so many. */
const ROSTER_LIMIT = 500;
const HISTORY_LIMIT = 100;
const HISTORY_DEFAULT = 50;

export const join: Handler<"join"> = (hub, connection, command) => {
  const room = roomOf(connection, command);
  return run(membership.join(hub, connection, { room, since: command.since, ref: command.ref }));
};

/** Leaving a room one is not in is answered as left; one's own reserved rooms are left only by the server. */
export const leave: Handler<"leave"> = (hub, connection, command) => {
  const room = roomOf(connection, command);
  const left = typeOfRoom(room) === "custom" ? membership.leave(hub, connection, room) : undefined;
  return after(left, (self = connection.member) => hub.reply(connection, { kind: "left", room, self }, command.ref));
};

export const members: Handler<"members"> = (hub, connection, command) => run(listMembers(hub, connection, command));

function* listMembers(hub: Hub, connection: Connection, command: CommandOf<"members">): Steps<void> {
  const room = roomOf(connection, command);
  yield* checkMayLook(hub, connection, { room, what: "presence" });
  const asked = hub.ruleOf(room).presence
    ? yield* wait(hub.broker.presence.roster(room, ROSTER_LIMIT))
    : { list: [], members: 0, users: 0, announcing: false };
  const roster = fitRoster(asked, connection.dialect, hub.maxBufferedBytes);
  hub.reply(connection, { kind: "members", room, roster }, command.ref);
}

export const history: Handler<"history"> = (hub, connection, command) => run(readHistory(hub, connection, command));

function* readHistory(hub: Hub, connection: Connection, command: CommandOf<"history">): Steps<void> {
  const room = roomOf(connection, command);
  yield* checkMayLook(hub, connection, { room, what: "history" });
  if (!hub.ruleOf(room).history) {
    return hub.reply(connection, { kind: "history", room, messages: [], recovered: false, more: false }, command.ref);
  }
  const limit = Math.min(command.limit ?? HISTORY_DEFAULT, HISTORY_LIMIT);
  const query = { limit, maxBytes: hub.replyBytes, after: command.since, before: command.before };
  const page = yield* wait(hub.broker.history.read(room, query));
  const { messages, position, recovered, more } = page;
  hub.reply(connection, { kind: "history", room, messages, position, recovered, more }, command.ref);
}

/** Members may look into their room; of others the policies are asked. */
function* checkMayLook(
  hub: Hub,
  connection: Connection,
  { room, what }: { room: string; what: "history" | "presence" },
): Steps<void> {
  hub.checkReading(connection, `look into room "${room}"`);
  if (connection.isIn(room)) return;
  const verdict = yield* wait(hub.policies.read(connection, room, what));
  if (verdict.allow) return;
  const { code, by } = verdict;
  throw new ParleyError(code, `Cannot look into room "${room}": it is not open to you`, { room, by });
}
