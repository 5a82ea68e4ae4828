/**
 * The plain dialect: `join`, `room`, the room in the path; every frame is
 * `{type, room?, content?, user_id?, username?, timestamp, data?}` with the time in whole seconds.
 *
 * It knows users, not connections, and ids only as strings. A frame without a room means the room of the URL, which
 * only the connection knows. Typing, reactions, receipts and the application's own signals do not exist here.
 */
import type { DialectFamily } from "./family.ts";
import type { Dialect } from "../dialect.ts";
import { ParleyError } from "../errors.ts";
import type { Frame, Member, MessageEvent, Reply, RoomEvent, Roster, ServerEvent } from "../message.ts";
import { besides, compose, jsonDataOf, textOf } from "./content.ts";
import * as field from "./fields.ts";
import {
  decoder,
  type FrameReader,
  isObject,
  type JsonObject,
  on,
  readAuthenticate,
  refOf,
  shortString,
} from "./frame.ts";
import { reserving } from "./reserved.ts";
import { serverFrame, shownRoom, toJson, userKeyOf, usersOf } from "./shapes.ts";

// ---- decode ----

const room = field.OptionalRoomName;
const content = { content: field.OptionalText, clientMessageId: field.ClientId };

const FRAMES: Record<string, FrameReader> = {
  "join": on({ room, since: field.Position }, (fields) => ({ kind: "join", ...fields })),
  "leave": on({ room }, (fields) => ({ kind: "leave", ...fields })),
  "message": on(
    { room, to: field.OptionalPerson, ...content },
    ({ room, to, content, clientMessageId }, { data, echo }) => {
      if (content === undefined && data === undefined) {
        throw new ParleyError("bad_message", 'Cannot read the message frame: "content" is missing');
      }
      const target = { room, to };
      return {
        kind: "publish",
        target,
        data: compose(content, data),
        clientId: clientMessageId,
        echo: echo !== false,
      };
    },
  ),
  "user_list": on({ room }, (fields) => ({ kind: "members", ...fields })),
  "authenticate": readAuthenticate,
  "ping": () => ({ kind: "ping" }),
  "pong": () => undefined,
};

/** Types that no other dialect has. */
const OWN_TYPES: ReadonlySet<unknown> = new Set(["join", "leave", "user_list"]);

// ---- encode ----

function encodeReply(reply: Reply): Frame[] {
  switch (reply.kind) {
    case "joined": {
      const { room, roster, position, recovered } = reply;
      const messages = reply.messages?.map(messageFields);
      return [
        timed(reply, { type: "join", room, ...personFields(reply.self) }),
        timed(reply, { type: "user_list", room, ...rosterFields(roster), position, recovered, messages }),
      ];
    }
    case "left": {
      const { room, reason } = reply;
      return [timed(reply, { type: "leave", room, ...personFields(reply.self), reason })];
    }
    case "members":
      return [timed(reply, { type: "user_list", room: reply.room, ...rosterFields(reply.roster) })];
    case "ack": {
      const { clientId: clientMessageId, messageId: id, position, duplicate } = reply;
      if (reply.of !== "publish" || clientMessageId === undefined) return [];
      const room = refOf(reply).room ?? (reply.message && shownRoom(reply.message));
      return [timed(reply, { type: "ack", room, data: { clientMessageId, id, position, duplicate } })];
    }
    case "authenticated": {
      const { user, name } = reply.identity;
      return [timed(reply, { type: "authenticated", user_id: user, username: name })];
    }
    case "pong":
      return [timed(reply, { type: "pong" })];
    case "error": {
      const { code, retryAfter, reason, room, clientId: clientMessageId } = reply;
      const data = { code, retryAfter, reason, clientMessageId };
      return [timed(reply, { type: "error", room, content: errorText(reply), data })];
    }
    case "history":
    case "presence":
    case "notifications":
    case "unread":
    case "result":
      return [];
  }
}

/** What the document calls the kinds of failure; code that tells them apart reads the beginning of `content`. */
const ERROR_NAMES: Record<string, string> = {
  unauthorized: "Authentication Failed",
  token_expired: "Authentication Failed",
  forbidden: "Authentication Failed",
  room_full: "Room Full",
  rate_limited: "Too Many Messages",
  unavailable: "Server Error",
  internal: "Server Error",
};

function errorText({ code, message, timedOut }: Reply & { kind: "error" }): string {
  const name = timedOut ? "Connection Timeout" : ERROR_NAMES[code] ?? "Invalid Message";
  return `${name}: ${message}`;
}

function encodeEvent(event: RoomEvent): Frame[] {
  switch (event.kind) {
    case "message":
      return [toJson(messageFields(event))];
    case "join":
    case "leave": {
      if (!event.edge) return [];
      const { kind: type, room, users: total, announcing } = event;
      return [timed(event, { type, room, ...personFields(event.member), total, announcing })];
    }
    case "members": {
      const { data, total, announcing } = rosterFields(event.roster);
      return [
        timed(event, { type: "user_list", room: event.room, data: announcing ? data : undefined, total, announcing }),
      ];
    }
    case "server":
      return [serverEventFrame(event)];
    case "reset":
      return [timed(event, { type: "reset", room: event.room, data: { position: event.position } })];
    case "signal":
    case "presence":
    case "unread":
    case "notice":
    case "member_updated":
      return [];
  }
}

function messageFields(event: MessageEvent): JsonObject {
  const data = jsonDataOf(event);
  const text = textOf(data);
  return {
    type: "message",
    id: event.id,
    room: shownRoom(event),
    content: text,
    ...personFields(event.from),
    data: text === undefined ? data : besides(data, ["text"]),
    timestamp: seconds(event.timestamp),
    position: event.position,
  };
}

function serverEventFrame(event: ServerEvent): Frame {
  const data = event.fields.data ?? event.fields;
  const text = isObject(data) ? data.message ?? data.text : undefined;
  const known = { room: shownRoom(event), content: text ?? undefined, timestamp: seconds(event.timestamp) };
  return toJson(serverFrame(event, known));
}

function rosterFields(roster: Roster): JsonObject {
  return { data: usersOf(roster).map(({ name }) => name), total: roster.users, announcing: roster.announcing };
}

function personFields(member: Member): JsonObject {
  return { user_id: userKeyOf(member), username: member.name };
}

function timed({ timestamp }: { timestamp: number }, fields: JsonObject): Frame {
  return toJson({ ...fields, timestamp: seconds(timestamp) });
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

export const plain: Dialect = {
  name: "plain",
  decode: decoder(FRAMES, (fields, type) => {
    return { type, room: shortString(fields.room), clientId: shortString(fields.clientMessageId) };
  }),
  encodeReply,
  encodeEvent,
  isShownBy: ({ type, room }) => type === "message" ? typeof room === "string" : OWN_TYPES.has(type),
};

export const plainFamily = {
  name: plain.name,
  reserved: reserving("message", "ack", "error", "pong", "authenticated", "join", "leave", "user_list", "reset"),
  dialects: ({ config: { paths } }) => {
    const endpoints = [
      { path: `${paths.ws}/` },
      { path: `${paths.ws}/auth/`, needsToken: true },
      { path: `${paths.ws}/auth/{room}`, needsToken: true },
      { path: `${paths.ws}/{room}` },
    ];
    return [{ ...plain, endpoints }];
  },
} satisfies DialectFamily;
