/**
 * notifications, mark_read, unread: a user's inbox. All connections of the user are told each new count.
 */
import { type CommandOf, type Handler, userOf } from "./handler.ts";
import type { Connection } from "../hub/connection.ts";
import type { Hub } from "../hub/hub.ts";
import { run, type Steps, wait } from "../maybe.ts";

const PAGE_LIMIT = 100;
const PAGE_DEFAULT = 50;

export const notifications: Handler<"notifications"> = (hub, connection, command) =>
  run(listNotifications(hub, connection, command));

function* listNotifications(hub: Hub, connection: Connection, command: CommandOf<"notifications">): Steps<void> {
  const user = userOf(connection, "list notifications");
  hub.checkReading(connection, "list notifications");
  const limit = Math.min(command.limit ?? PAGE_DEFAULT, PAGE_LIMIT);
  const page = yield* wait(hub.broker.inbox.list(user, { before: command.before, limit }));
  hub.reply(connection, { kind: "notifications", ...page }, command.ref);
}

export const markRead: Handler<"mark_read"> = (hub, connection, command) => run(mark(hub, connection, command));

function* mark(hub: Hub, connection: Connection, command: CommandOf<"mark_read">): Steps<void> {
  const user = userOf(connection, "mark notifications as read");
  const before = yield* wait(hub.broker.inbox.unread(user));
  const count = yield* wait(hub.broker.inbox.markRead(user, command.notification));
  if (count !== before) yield* tellUnread(hub, user, count);
  hub.reply(connection, { kind: "ack", of: "mark_read" }, command.ref);
}

export const unread: Handler<"unread"> = (hub, connection, command) => run(count(hub, connection, command));

/** All tabs of the user are told, as after a change: they show one count. */
function* count(hub: Hub, connection: Connection, { ref }: CommandOf<"unread">): Steps<void> {
  const user = userOf(connection, "count notifications");
  const count = yield* wait(hub.broker.inbox.unread(user));
  yield* tellUnread(hub, user, count);
  hub.reply(connection, { kind: "unread", count }, ref);
}

/** Tells a connection the count as soon as it has its user. A broker that is away only leaves it untold. */
export function* greetWithUnread(hub: Hub, connection: Connection): Steps<void> {
  const { user } = connection;
  try {
    const count = yield* wait(hub.broker.inbox.unread(user));
    if (connection.isOpen) connection.tell({ kind: "unread", ...hub.stamp(), room: `user:${user}`, count });
  } catch (error) {
    hub.log.warn("a user was not told how much is unread", { connection: connection.id, error });
  }
}

/** The unread count, to all connections of the user. */
export function* tellUnread(hub: Hub, user: string, count: number): Steps<void> {
  const room = `user:${user}`;
  yield* wait(hub.broker.publish({ room, event: { kind: "unread", ...hub.stamp(), room, count } }));
}
