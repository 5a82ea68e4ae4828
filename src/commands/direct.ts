/**
 * Messages and signals to one connection or one user, anywhere in the cluster.
 *
 * `to` is a connection id first, then a user id. Not echoed, never kept. A guest reaches only those it shares a room
 * with; "nobody there" and "not allowed to know" are the same answer, `not_found`.
 */
import type { Original, PublishOptions } from "../broker.ts";
import type { Connection } from "../connection.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub.ts";
import { looksLikeId } from "../id.ts";
import { type MaybePromise, run, type Steps, wait } from "../maybe.ts";
import type { MessageEvent, SignalEvent, Target } from "../message.ts";

/** No name of a room: its control character keeps everybody out. */
const NOWHERE = "\u0000nowhere";

export interface DirectRequest {
  target: Target;
  event: MessageEvent | SignalEvent;
  options: PublishOptions;
}

/** Delivers; returns the first message if this was a repeat. Throws `not_found` or `unavailable`. */
export function direct(
  hub: Hub,
  connection: Connection,
  request: DirectRequest,
): MaybePromise<Original | undefined> {
  return run(route(hub, connection, request));
}

function* route(hub: Hub, connection: Connection, request: DirectRequest): Steps<Original | undefined> {
  const { target, event, options } = request;
  const to = target.to ?? target.user!;
  event.to = to;
  const context = target.room !== undefined && connection.isIn(target.room) ? target.room : undefined;
  if (target.to !== undefined && looksLikeId(to) && (yield* mayReach(hub, connection, { connection: to }))) {
    const first = yield* claim(hub, request);
    if (first) return first;
    event.room = context;
    if (yield* wait(hub.broker.control.give({ do: "send", connection: to, event }))) return undefined;
  }
  const room = `user:${to}`;
  if (!(yield* mayReach(hub, connection, { user: to })) || (yield* wait(hub.broker.presence.count(room))) === 0) {
    throw new ParleyError("not_found", `Cannot reach "${to}": no such user or connection is here`);
  }
  event.room = room;
  const result = yield* wait(hub.publish({ room, event, except: connection.id }, options));
  return result.duplicateOf;
}

/**
 * An order to a node is not idempotent by itself: publishing into a room that nobody can be in claims the key. Only for a
 * connection that is there: what was answered with `not_found` must not be a repeat when it is tried again.
 */
function* claim(hub: Hub, { event, options }: DirectRequest): Steps<Original | undefined> {
  if (!options.once) return undefined;
  const { total } = yield* wait(hub.broker.directory.connections({ id: event.to, limit: 1 }));
  if (total === 0) return undefined;
  const once = { ...options.once, key: `connection ${options.once.key}` };
  const claimed = yield* wait(hub.publish({ room: NOWHERE, event }, { once }));
  return claimed.duplicateOf;
}

function* mayReach(hub: Hub, connection: Connection, who: { connection: string } | { user: string }): Steps<boolean> {
  if (connection.identity) return true;
  for (const { name } of connection.rooms) {
    if (yield* wait(hub.broker.presence.contains(name, who))) return true;
  }
  return false;
}
