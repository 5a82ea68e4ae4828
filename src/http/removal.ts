/**
 * Admin routes that send away: a connection, a user with all connections and for a while, a member out of a room.
 */
import * as v from "valibot";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { typeOfRoom } from "../room_name.ts";
import type { HttpParts } from "./parts.ts";
import { Count, Id, RoomName, Success, Time, User } from "./fields.ts";
import { type Route, route } from "./route.ts";

const KICKED = "kicked";
const BLOCKED = "blocked";
const BLOCK_RULE = "must be a number of seconds, at least 0 and at most a year";
const MAX_BLOCK_SECONDS = 366 * 86_400;

const Disconnected = v.object({ success: Success, disconnected_count: Count, blocked_until: v.optional(Time) });
const Removed = v.object({ success: Success, removed_count: Count });

const BlockSeconds = v.pipe(
  v.number(BLOCK_RULE),
  v.minValue(0, BLOCK_RULE),
  v.maxValue(MAX_BLOCK_SECONDS, BLOCK_RULE),
);

export function removalRoutes({ hub }: HttpParts): Route[] {
  return [kickRoute(hub), disconnectRoute(hub), putOutRoute(hub)];
}

function kickRoute({ audit, cluster }: Hub): Route {
  return route({
    method: "DELETE",
    path: "/websocket/connections/{id}",
    needs: "admin",
    about: "Closes a connection with 4403",
    params: v.object({ id: Id }),
    answer: Disconnected,
    errors: ["not_found"],
    serve: async ({ caller, params: { id } }) => {
      const count = await cluster.execute({ do: "kick", connection: id, reason: KICKED });
      if (count === 0) throw new ParleyError("not_found", `Cannot disconnect "${id}": it is not here`);
      audit.done("a connection was kicked", caller, { connection: id });
      return disconnected(count);
    },
  });
}

function disconnectRoute({ audit, cluster, broker: { grants } }: Hub): Route {
  return route({
    method: "POST",
    path: "/websocket/users/{id}/disconnect",
    needs: "admin",
    about: "Closes all connections of a user with 4403; with blockSeconds refuses the user for so long, 0 lifts it",
    params: v.object({ id: User }),
    body: v.object({ blockSeconds: v.optional(BlockSeconds) }, "must be an object {blockSeconds?}"),
    answer: Disconnected,
    serve: async ({ caller, params: { id }, body: { blockSeconds } }) => {
      const forMs = (blockSeconds ?? 0) * 1000;
      // First the block: who is closed may be back at once.
      if (blockSeconds !== undefined) {
        await grants.block(id, forMs);
        audit.done(forMs > 0 ? "a user was blocked" : "a block was lifted", caller, { user: id, blockSeconds });
      }
      // Said in the close frame: a client that may not come back soon can tell.
      const reason = forMs > 0 ? BLOCKED : KICKED;
      const count = await cluster.execute({ do: "kick", user: id, reason });
      audit.done("a user was kicked", caller, { user: id, connections: count });
      return disconnected(count, forMs > 0 ? new Date(Date.now() + forMs).toISOString() : undefined);
    },
  });
}

const RESERVED = "the server decides who is in a reserved room (groups: send a group_membership_change)";

function putOutRoute({ audit, cluster }: Hub): Route {
  return route({
    method: "DELETE",
    path: "/websocket/rooms/{id}/members/{member}",
    needs: "admin",
    about: "Puts a user or a connection out of a room",
    params: v.object({ id: RoomName, member: User }),
    answer: Removed,
    errors: ["not_found"],
    serve: async ({ caller, params: { id, member } }) => {
      if (typeOfRoom(id) !== "custom") {
        throw new ParleyError("forbidden", `Cannot put anybody out of "${id}": ${RESERVED}`);
      }
      const count = await cluster.execute({ do: "put_out", room: id, member, reason: KICKED });
      if (count === 0) throw new ParleyError("not_found", `Cannot put "${member}" out of "${id}": it is not in it`);
      audit.done("a member was put out of a room", caller, { room: id, member });
      return removed(count);
    },
  });
}

function disconnected(count: number, blockedUntil?: string): v.InferInput<typeof Disconnected> {
  return { success: true, disconnected_count: count, blocked_until: blockedUntil };
}

function removed(count: number): v.InferInput<typeof Removed> {
  return { success: true, removed_count: count };
}
