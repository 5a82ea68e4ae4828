/**
 * The envelope dialect, Parley's own: every frame is `{type, room?, from?, to?, data, timestamp, id}`.
 *
 * The client's `id` comes back exactly once: on the room's copy of its message if it gets one, otherwise on the reply or
 * the acknowledgement. Clients take whatever bears it for success, so an error names it in `data.request` and, like every
 * other frame, has an `id` of its own. What clients may send is in envelope_frames.ts; here is what they are told.
 */
import type { DialectFamily } from "./family.ts";
import type { Dialect, Greeting } from "../dialect.ts";
import type {
  Frame,
  Member,
  MessageEvent,
  PresenceEvent,
  Reply,
  RoomEvent,
  Roster,
  SignalEvent,
  UserState,
} from "../message.ts";
import { jsonDataOf } from "./content.ts";
import { envelopeDecoder } from "./envelope_frames.ts";
import { isObject, type JsonObject, refOf } from "./frame.ts";
import { type IsReserved, reserving } from "./reserved.ts";
import { toJson, userKeyOf } from "./shapes.ts";

function greet({ id, timestamp, self, rooms, limits }: Greeting): Frame {
  const data = {
    message: "Connected to WebSocket",
    connection_id: self.connection,
    user_id: userKeyOf(self),
    rooms,
    limits,
  };
  return toJson({ type: "system_notification", id, data, timestamp });
}

// ---- replies ----

function encodeReply(reply: Reply): Frame[] {
  switch (reply.kind) {
    case "joined": {
      const { room, position, recovered } = reply;
      const messages = reply.messages?.map(messageFields);
      const data = { room, ...rosterFields(reply.roster), position, recovered, messages };
      return answer(reply, { type: "room_joined", room, data });
    }
    case "left": {
      const { room, reason } = reply;
      return answer(reply, { type: "room_left", room, data: { room, reason } });
    }
    case "members": {
      const { room, roster } = reply;
      return answer(reply, { type: "system", room, data: { action: "members", room, ...rosterFields(roster) } });
    }
    case "ack":
      return acknowledge(reply);
    case "history": {
      const { room, position, recovered, more } = reply;
      const messages = reply.messages?.map(messageFields);
      const data = { action: "history", room, messages, position, recovered, more };
      return answer(reply, { type: "system", room, data });
    }
    case "presence": {
      const action = reply.following ? "subscribe_presence" : "unsubscribe_presence";
      if ("states" in reply) return system(reply, { action, states: reply.states.map(stateFields) });
      return system(reply, { action, ...stateFields(reply) });
    }
    case "notifications": {
      const { notifications, unread, more } = reply;
      return system(reply, { action: "notifications", notifications, unread, more });
    }
    case "authenticated": {
      const { user, name } = reply.identity;
      return system(reply, { action: "authenticate", user_id: user, username: name });
    }
    case "pong":
      return refOf(reply).type === "heartbeat"
        ? answer(reply, { type: "heartbeat", data: {} })
        : system(reply, { action: "pong" });
    case "error": {
      const { code, message, retryAfter, reason, room, id, timestamp } = reply;
      const data = { code, message, retryAfter, reason, request: refOf(reply).id };
      return [toJson({ type: "error", room, data, timestamp, id })];
    }
    case "unread":
    case "result":
      return [];
  }
}

function stateFields({ user, presence }: UserState): JsonObject {
  return { userId: user, user_id: user, ...presence };
}

/** The room's copy of a message bears the client's id and is the answer; a second one would break its promise. */
function acknowledge(reply: Reply & { kind: "ack" }): Frame[] {
  if (refOf(reply).id === undefined || (reply.echoed && !reply.duplicate)) return [];
  const { messageId: message_id, position, duplicate } = reply;
  return system(reply, { action: "ack", message_id, position, duplicate });
}

function system(reply: Reply, data: JsonObject): Frame[] {
  return answer(reply, { type: "system", data });
}

function answer(reply: Reply, fields: JsonObject): Frame[] {
  return [toJson({ ...fields, timestamp: reply.timestamp, id: refOf(reply).id ?? reply.id })];
}

function rosterFields({ list, members: total, announcing }: Roster): JsonObject {
  const members = list.map((member) => ({
    connection_id: member.connection,
    user_id: userKeyOf(member),
    name: member.name,
    status: member.status ?? "online",
    info: member.info,
  }));
  return { members, total, announcing };
}

// ---- events ----

function encodeEvent(event: RoomEvent): Frame[] {
  switch (event.kind) {
    case "message":
      return [toJson(messageFields(event))];
    case "signal":
      return event.binary ? [] : [toJson({ ...signalFields(event), timestamp: event.timestamp, id: event.id })];
    case "join":
    case "leave": {
      if (event.identityOnly) return [];
      const { member: { connection, name, info }, members: total, announcing } = event;
      const who = { connection_id: connection, user_id: userKeyOf(event.member), name };
      const move = event.kind === "join"
        ? { action: "member_joined", ...who, info }
        : { action: "member_left", ...who };
      return tell(event, "room_update", { ...move, total, announcing });
    }
    case "members": {
      const { members, total, announcing } = rosterFields(event.roster);
      return tell(event, "room_update", {
        action: "members",
        members: announcing ? members : undefined,
        total,
        announcing,
      });
    }
    case "presence":
      return [toJson(presenceFields(event))];
    case "server":
      return tell(event, event.type, event.fields.data ?? event.fields);
    case "unread":
      return tell(event, "custom_event", { event: "unread_count", count: event.count });
    case "reset":
      return tell(event, "room_update", { action: "reset", position: event.position });
    case "notice":
      return tell(event, "system_notification", { message: event.message, reconnect: event.reconnect });
    case "member_updated":
      return [];
  }
}

function tell({ room, timestamp, id }: RoomEvent, type: string, data: unknown): Frame[] {
  return [toJson({ type, room, data, timestamp, id })];
}

function messageFields(event: MessageEvent): JsonObject {
  return {
    type: "message",
    room: event.room,
    ...senderFields(event.from),
    to: event.to,
    data: jsonDataOf(event),
    timestamp: event.timestamp,
    id: event.frameId ?? event.id,
    message_id: event.id,
    position: event.position,
  };
}

function presenceFields(event: PresenceEvent): JsonObject {
  const { room, from, status, metadata, timestamp, id } = event;
  const user = userKeyOf(from);
  const data = { userId: user, user_id: user, status, metadata, timestamp };
  return { type: "presence", room, from: from.connection, data, timestamp, id };
}

function signalFields(event: SignalEvent): JsonObject {
  const data = signalData(event);
  return { type: "custom_event", room: event.room, ...senderFields(event.from), to: event.to, data };
}

/** `user_id` is written last: it is the server's word about the sender. */
function signalData({ signal, from, timestamp }: SignalEvent): JsonObject {
  const user_id = userKeyOf(from);
  switch (signal.type) {
    case "typing":
      return { event: signal.active ? "typing_start" : "typing_stop", user_id };
    case "reaction": {
      const { messageId: message_id, emoji, action } = signal;
      return { event: "reaction", message_id, emoji, action, user_id };
    }
    case "read":
      return { event: "message_read", message_id: signal.messageId, user_id, read_at: timestamp };
    case "call":
      return { event: "call_signal", signal: signal.signal, user_id };
    case "upload":
      return { ...signal.data, event: "upload_progress", user_id };
    case "custom": {
      const data = isObject(signal.data) ? signal.data : { data: signal.data };
      return { ...data, event: signal.name, user_id };
    }
  }
}

function senderFields({ connection, user, name }: Member): JsonObject {
  return { from: connection, user_id: user === undefined ? undefined : String(user), username: name };
}

export function createEnvelope(isReserved: IsReserved): Dialect {
  return { name: "envelope", needsToken: true, greet, decode: envelopeDecoder(isReserved), encodeReply, encodeEvent };
}

export const envelopeFamily = {
  name: "envelope",
  reserved: reserving(
    // Types.
    ...["message", "error", "notification", "presence", "system", "system_notification", "custom_event", "heartbeat"],
    ...["room_update", "room_joined", "room_left", "user_profile_update", "group_membership_change"],
    ...["backend_status", "critical_alert", "service_recovery"],
    // Events of custom_event.
    ...["typing_start", "typing_stop", "reaction", "message_read", "call_signal", "upload_progress", "unread_count"],
  ),
  dialects: ({ config, isReserved }) => {
    return [{ ...createEnvelope(isReserved), endpoints: [{ path: config.paths.envelope, needsToken: true }] }];
  },
} satisfies DialectFamily;
