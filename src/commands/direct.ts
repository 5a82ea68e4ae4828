/**
 * Messages and signals to one connection or one user, anywhere in the cluster.
 *
 * `to` is a connection id first, then a user id. Not echoed, never kept. A guest reaches only those it shares a room
 * with; "nobody there" and "not allowed to know" are the same answer, `not_found`.
 */
import type { PublishOptions } from "../broker.ts";
import type { Connection } from "../hub/connection.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { isMember } from "../hub/identity.ts";
import { looksLikeId } from "../id.ts";
import { type MaybePromise, run, type Steps, wait } from "../maybe.ts";
import type { MessageEvent, SignalEvent, Target } from "../message.ts";
import type { Original } from "../stores.ts";

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
    event.room = context;
    // Beside the key for the user, which is another way to whoever has this id.
    const once = options.once && { ...options.once, key: `connection ${options.once.key}` };
    const { reached, duplicateOf } = yield* wait(hub.cluster.send({ connection: to, event, once }));
    if (reached) return duplicateOf;
  }
  const room = `user:${to}`;
  if (!(yield* mayReach(hub, connection, { user: to })) || (yield* wait(hub.broker.presence.count(room))) === 0) {
    throw new ParleyError("not_found", `Cannot reach "${to}": no such user or connection is here`);
  }
  event.room = room;
  const result = yield* wait(hub.broker.publish({ room, event, except: connection.id }, options));
  return result.duplicateOf;
}

function* mayReach(hub: Hub, connection: Connection, who: { connection: string } | { user: string }): Steps<boolean> {
  if (connection.identity) return true;
  for (const { name } of connection.rooms) {
    const isThere = "user" in who
      ? yield* isMember(hub, who.user, name)
      : yield* wait(hub.broker.presence.contains(name, who));
    if (isThere) return true;
  }
  return false;
}
