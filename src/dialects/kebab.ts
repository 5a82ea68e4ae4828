/**
 * The kebab dialect: `join-room`, `roomId`, identity by an `authenticate` frame, times in ISO 8601.
 *
 * A client that knows no room names nobody: its message goes to every connection of this dialect. Joins and leaves are
 * told per connection; presence, receipts, calls and notifications do not exist here.
 */
import type { DialectFamily } from "./family.ts";
import type { Greeting } from "../dialect.ts";
import { ParleyError } from "../errors.ts";
import type {
  CommandBody,
  Frame,
  Member,
  MembershipEvent,
  MessageEvent,
  Reply,
  RoomEvent,
  Roster,
  SignalEvent,
  Target,
} from "../message.ts";
import { besides, compose, jsonDataOf, textOf } from "./content.ts";
import * as field from "./fields.ts";
import {
  decoder,
  type FrameReader,
  type JsonDialect,
  type JsonObject,
  on,
  type Ref,
  refOf,
  shortString,
} from "./frame.ts";
import { reserving } from "./reserved.ts";
import { isoTime, serverFrame, shownRoom, toJson } from "./shapes.ts";

// ---- decode ----

const inRoom = { roomId: field.RoomName };
const clientMessageId = field.ClientId;

const toRoom = on({ ...inRoom, clientMessageId }, (fields, all) => {
  return publish({ room: fields.roomId }, fields.clientMessageId, all);
});
const toOneOrAll = on({ to: field.OptionalPerson, userId: field.OptionalPerson, clientMessageId }, (fields, all) => {
  const { to, userId: user } = fields;
  const target = to !== undefined ? { to } : user !== undefined ? { user } : { broadcast: "kebab" };
  return publish(target, fields.clientMessageId, all);
});

const FRAMES: Record<string, FrameReader> = {
  "authenticate": on({ token: field.Token }, ({ token }) => ({ kind: "authenticate", token })),
  "join-room": on({ ...inRoom, since: field.Position }, ({ roomId, since }) => ({ kind: "join", room: roomId, since })),
  "leave-room": on(inRoom, ({ roomId }) => ({ kind: "leave", room: roomId })),
  // Beside a room the other two say nothing, not even when they are wrong.
  "message": (fields, attempted) => ("roomId" in fields ? toRoom : toOneOrAll)(fields, attempted),
  "typing-start": on(inRoom, ({ roomId }) => typing(roomId, true)),
  "typing-stop": on(inRoom, ({ roomId }) => typing(roomId, false)),
  "reaction": on({ ...inRoom, messageId: field.MessageId, emoji: field.Id }, ({ roomId, messageId, emoji }) => ({
    kind: "signal",
    target: { room: roomId },
    signal: { type: "reaction", messageId, emoji, action: "added" },
  })),
  "ping": () => ({ kind: "ping" }),
  "pong": () => undefined,
};

function publish(target: Target, clientId: string | undefined, { message, data, echo }: JsonObject): CommandBody {
  return { kind: "publish", target, data: contentOf(message, data), clientId, echo: echo !== false };
}

/** A `message` that is not a string is the data. */
function contentOf(message: unknown, data: unknown): unknown {
  if (typeof message === "string") return compose(message, data);
  if ((message === undefined) !== (data === undefined)) return message === undefined ? data : message;
  const fault = data === undefined ? '"message" is missing' : '"data" stands beside a "message" that is data itself';
  throw new ParleyError("bad_message", `Cannot read the message frame: ${fault}`);
}

function typing(room: string, active: boolean): CommandBody {
  return { kind: "signal", target: { room }, signal: { type: "typing", active } };
}

function readRef(fields: JsonObject, type: string): Ref {
  return { type, room: shortString(fields.roomId), clientId: shortString(fields.clientMessageId) };
}

/** Types that no other dialect has. */
const OWN_TYPES: ReadonlySet<unknown> = new Set(["join-room", "leave-room", "typing-start", "typing-stop"]);

// ---- encode ----

function greet({ self, timestamp }: Greeting): Frame {
  const { connection: clientId, user: userId } = self;
  const message = "Connected to WebSocket server";
  return toJson({ type: "connected", clientId, message, timestamp: isoTime(timestamp), userId });
}

function encodeReply(reply: Reply): Frame[] {
  switch (reply.kind) {
    case "joined": {
      const { room: roomId, roster, position, recovered } = reply;
      const messages = reply.messages?.map(messageFields);
      return [toJson({ type: "room-joined", roomId, ...rosterFields(roster), position, recovered, messages })];
    }
    case "left":
      return [toJson({ type: "room-left", roomId: reply.room, reason: reply.reason })];
    case "ack":
      return ackFrames(reply);
    case "authenticated":
      return [toJson({ type: "authenticated", userId: reply.identity.id, email: reply.identity.email })];
    case "pong":
      return [toJson({ type: "pong" })];
    case "error":
      return [errorFrame(reply)];
    case "members":
    case "history":
    case "presence":
    case "notifications":
    case "unread":
    case "result":
      return [];
  }
}

function ackFrames(reply: Reply & { kind: "ack" }): Frame[] {
  const { clientId: clientMessageId, messageId: id, position, duplicate } = reply;
  if (reply.of !== "publish" || clientMessageId === undefined) return [];
  const roomId = refOf(reply).room;
  return [toJson({ type: "message-ack", clientMessageId, id, roomId, position, duplicate })];
}

function errorFrame(reply: Reply & { kind: "error" }): Frame {
  const { code, message, retryAfter, reason, timedOut, room: roomId, clientId: clientMessageId } = reply;
  if (reply.of !== "authenticate" && refOf(reply).type !== "authenticate") {
    return toJson({ type: "error", code, message, roomId, clientMessageId, retryAfter, reason });
  }
  const isBadToken = !timedOut && (code === "unauthorized" || code === "token_expired");
  return toJson({ type: "auth-error", code, message: isBadToken ? "Invalid token" : message, retryAfter });
}

function encodeEvent(event: RoomEvent): Frame[] {
  switch (event.kind) {
    case "message":
      return [toJson(messageFields(event))];
    case "signal":
      return signalFrames(event);
    case "join":
    case "leave":
      return event.identityOnly ? [] : [moveFrame(event)];
    case "members": {
      const { members, total, announcing } = rosterFields(event.roster);
      const list = announcing ? members : undefined;
      return [toJson({ type: "room-members", roomId: event.room, members: list, total, announcing })];
    }
    case "server":
      return [toJson(serverFrame(event, { roomId: shownRoom(event), timestamp: isoTime(event.timestamp) }))];
    case "reset":
      return [toJson({ type: "room-reset", roomId: event.room, position: event.position })];
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
    from: event.from.connection,
    userId: event.from.user,
    username: event.from.name,
    roomId: shownRoom(event),
    message: text ?? data,
    data: text === undefined ? undefined : besides(data, ["text"]),
    timestamp: isoTime(event.timestamp),
    position: event.position,
  };
}

function signalFrames(event: SignalEvent): Frame[] {
  const { signal, from } = event;
  const where = { roomId: shownRoom(event), clientId: from.connection };
  if (event.binary) return [];
  switch (signal.type) {
    case "typing":
      return [toJson({ type: signal.active ? "typing-start" : "typing-stop", ...where, userId: from.user })];
    case "reaction": {
      if (signal.action === "removed") return [];
      const { messageId, emoji } = signal;
      return [toJson({ type: "reaction", ...where, messageId, emoji, userId: from.user })];
    }
    case "custom":
      return [toJson({ type: signal.name, ...where, data: signal.data })];
    case "read":
    case "call":
    case "upload":
      return [];
  }
}

function moveFrame({ kind, room: roomId, member, members: total, announcing }: MembershipEvent): Frame {
  const { connection: clientId, user: userId, info } = member;
  return kind === "join"
    ? toJson({ type: "user-joined", clientId, roomId, userId, info, total, announcing })
    : toJson({ type: "user-left", clientId, roomId, total, announcing });
}

function rosterFields({ list, members: total, announcing }: Roster): JsonObject {
  return { members: list.map(memberFields), total, announcing };
}

function memberFields({ connection, user, name, info }: Member): JsonObject {
  return { clientId: connection, userId: user, username: name, info };
}

export const kebab: JsonDialect = {
  name: "kebab",
  frames: FRAMES,
  refOf: readRef,
  greet,
  decode: decoder(FRAMES, readRef),
  encodeReply,
  encodeEvent,
  // A message that names its room so is plain's.
  isShownBy: ({ type, room }) => type === "message" ? typeof room !== "string" : OWN_TYPES.has(type),
};

export const kebabFamily = {
  name: kebab.name,
  reserved: reserving(
    ...["message", "error", "pong", "connected", "authenticated", "auth-error", "message-ack", "reaction"],
    ...["room-joined", "room-left", "room-reset", "room-members", "user-joined", "user-left"],
    ...["typing-start", "typing-stop"],
  ),
  dialects: ({ config }) => [{ ...kebab, endpoints: [{ path: `${config.paths.ws}/` }] }],
} satisfies DialectFamily;
