/**
 * A user's stored notifications, for the user and for admins.
 */
import * as v from "valibot";
import { ParleyError } from "../errors.ts";
import type { HttpParts } from "./parts.ts";
import { Count, Id, PageSize, User } from "./fields.ts";
import { type Route, route } from "./route.ts";

const Notifications = v.object({
  notifications: v.array(
    v.looseObject({ id: v.string(), read: v.boolean(), createdAt: v.string(), message: v.optional(v.unknown()) }),
  ),
  unread: Count,
  cursor: v.optional(v.string()),
});

export function notificationRoutes({ hub }: HttpParts): Route[] {
  return [
    route({
      method: "GET",
      path: "/websocket/users/{id}/notifications",
      needs: "user",
      about: "Newest first; the user's own, or with an admin's credential anybody's. The cursor is the next before",
      params: v.object({ id: User }),
      query: v.object({ before: v.optional(Id), cursor: v.optional(Id), limit: PageSize(50, 100) }),
      answer: Notifications,
      serve: async ({ caller, params: { id }, query }) => {
        if (!caller.isAdmin && caller.identity?.user !== id) {
          throw new ParleyError("forbidden", `Cannot list the notifications of "${id}": they are not yours`);
        }
        const before = query.before ?? query.cursor;
        const { notifications, unread, more } = await hub.broker.inbox.list(id, { before, limit: query.limit });
        return { notifications, unread, cursor: more ? notifications.at(-1)?.id : undefined };
      },
    }),
  ];
}
