/**
 * Admin routes that speak: events and messages of the application to everybody, a room, a user or a connection.
 */
import * as v from "valibot";
import type { Sent, ServerEventInput } from "../commands/server_api.ts";
import { ParleyError } from "../errors.ts";
import { run } from "../maybe.ts";
import type { HttpParts } from "./parts.ts";
import { Count, Id, Milliseconds, RoomName, Success, User } from "./fields.ts";
import { type Route, route } from "./route.ts";

const Body = v.object({ type: Id, data: v.optional(v.unknown()) }, "must be an object {type, data}");
const Answer = v.object({ success: Success, message_id: v.string(), recipients_count: Count, timestamp: Milliseconds });

const SHARED = { method: "POST", needs: "admin", body: Body, answer: Answer } as const;

export function announcementRoutes({ api, hub: { audit } }: HttpParts): Route[] {
  return [
    route({
      ...SHARED,
      path: "/websocket/broadcast",
      about: "To every connection",
      serve: async ({ caller, body }) => {
        const sent = await run(api.broadcast(inputOf(body)));
        audit.done("a broadcast was sent", caller, { type: body.type, recipients: sent.recipients });
        return receipt(sent);
      },
    }),
    route({
      ...SHARED,
      path: "/websocket/rooms/{id}/message",
      about: "To a room; type message is an ordinary message, kept where the room keeps history",
      params: v.object({ id: RoomName }),
      serve: async ({ params, body }) => receipt(await run(api.sendToRoom(params.id, inputOf(body)))),
    }),
    route({
      ...SHARED,
      path: "/websocket/users/{id}/message",
      about: "To all connections of a user; type notification is stored, group_membership_change moves them",
      params: v.object({ id: User }),
      serve: async ({ params, body }) => receipt(await run(api.sendToUser(params.id, inputOf(body)))),
    }),
    route({
      ...SHARED,
      path: "/websocket/connections/{id}/message",
      about: "To one connection",
      params: v.object({ id: Id }),
      errors: ["not_found"],
      serve: async ({ params, body }) => receipt(await run(api.sendToClient(params.id, inputOf(body)))),
    }),
  ];
}

function inputOf({ type, data }: v.InferOutput<typeof Body>): ServerEventInput {
  if (data === undefined && type === "message") {
    throw new ParleyError("bad_message", 'Cannot read the body: "data" is missing');
  }
  return { type, fields: data === undefined ? {} : { data } };
}

function receipt({ id, recipients, timestamp }: Sent): v.InferInput<typeof Answer> {
  return { success: true, message_id: id, recipients_count: recipients, timestamp };
}
