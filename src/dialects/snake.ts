/**
 * The snake dialect: `join_room`, `roomId`, the token in the URL, times in milliseconds.
 *
 * It knows users, not connections: who joins or leaves is told once per user, and whoever joins is told about itself.
 * Messages are the rows of somebody's chat backend, so five of its columns stand at the top of a frame.
 */
import type { DialectFamily } from "./family.ts";
import type { Dialect, Greeting } from "../dialect.ts";
import { ParleyError } from "../errors.ts";
import type { CommandBody, Frame, MessageEvent, Reply, RoomEvent, Roster, SignalEvent, Target } from "../message.ts";
import { besides, compose, jsonDataOf, textOf } from "./content.ts";
import * as field from "./fields.ts";
import { decoder, type FrameReader, isObject, type JsonObject, on, refOf, shortString } from "./frame.ts";
import { reserving } from "./reserved.ts";
import { serverFrame, shownRoom, toJson, userIdOf, usersOf } from "./shapes.ts";

/** The fields that stand at the top of a message frame and canonically in its data. */
const LIFTED = ["attachments", "reactions", "reply_to", "edited", "messageType"] as const;
const LIFTED_AND_TEXT = ["text", ...LIFTED];

// ---- decode ----

const inRoom = { roomId: field.RoomName };
const content = { content: field.OptionalText, clientMessageId: field.ClientId };

const toRoom = on({ ...inRoom, ...content }, ({ roomId, clientMessageId }, all) => {
  return publish({ room: roomId }, clientMessageId, all);
});
const toOne = on({ to: field.Person, roomId: field.OptionalRoomName, ...content }, (fields, all) => {
  return publish({ to: fields.to, room: fields.roomId }, fields.clientMessageId, all);
});

const FRAMES: Record<string, FrameReader> = {
  "authenticate": on({ token: field.Token }, ({ token }) => ({ kind: "authenticate", token })),
  "join_room": on({ ...inRoom, since: field.Position }, ({ roomId, since }) => ({ kind: "join", room: roomId, since })),
  "leave_room": on(inRoom, ({ roomId }) => ({ kind: "leave", room: roomId })),
  "message": (fields, attempted) => ("to" in fields ? toOne : toRoom)(fields, attempted),
  "typing_start": on(inRoom, ({ roomId }) => typing(roomId, true)),
  "typing_stop": on(inRoom, ({ roomId }) => typing(roomId, false)),
  "reaction": on({ ...inRoom, messageId: field.MessageId, emoji: field.Id }, ({ roomId, messageId, emoji }) => ({
    kind: "signal",
    target: { room: roomId },
    signal: { type: "reaction", messageId, emoji, action: "added" },
  })),
  "ping": () => ({ kind: "ping" }),
  "pong": () => undefined,
};

function publish(target: Target, clientId: string | undefined, fields: JsonObject): CommandBody {
  const data = snakeData(fields);
  if (data === undefined) {
    throw new ParleyError("bad_message", 'Cannot read the message frame: "content" is missing');
  }
  return { kind: "publish", target, data, clientId, echo: fields.echo !== false };
}

/**
 * Canonical data of a message body as this dialect and its REST route send it, `content` being a string or absent;
 * undefined: there is no content at all.
 */
export function snakeData(fields: JsonObject): unknown {
  const text = fields.content as string | undefined;
  const names = LIFTED.filter((name) => fields[name] !== undefined);
  if (names.length === 0) return compose(text, fields.data);
  const beside = fields.data === undefined || isObject(fields.data) ? fields.data : { data: fields.data };
  return compose(text, { ...beside, ...Object.fromEntries(names.map((name) => [name, fields[name]])) });
}

function typing(room: string, active: boolean): CommandBody {
  return { kind: "signal", target: { room }, signal: { type: "typing", active } };
}

/** Types that no other dialect has. */
const OWN_TYPES: ReadonlySet<unknown> = new Set(["join_room", "leave_room", "typing_start", "typing_stop"]);

/** An empty token is one: its sender means to authenticate by the URL, and is told that it did not. */
function hasToken(query: URLSearchParams): boolean {
  return query.has("token") || query.has("access_token");
}

// ---- encode ----

function greet({ self, timestamp }: Greeting): Frame {
  return toJson({ type: "connected", userId: userIdOf(self), clientId: self.connection, timestamp });
}

function encodeReply(reply: Reply): Frame[] {
  const { timestamp } = reply;
  const userId = userIdOf(reply.self);
  switch (reply.kind) {
    case "joined": {
      const { room: roomId, roster, position, recovered } = reply;
      const messages = reply.messages?.map(snakeMessage);
      const answer = { roomId, ...rosterFields(roster), position, recovered, messages };
      return [
        toJson({ type: "user_joined", roomId, userId, timestamp }),
        toJson({ type: "online_update", ...answer, timestamp }),
      ];
    }
    case "left":
      return [toJson({ type: "user_left", roomId: reply.room, userId, reason: reply.reason, timestamp })];
    case "ack":
      return ackFrames(reply);
    case "authenticated":
      return [toJson({ type: "authenticated", userId: reply.identity.id, email: reply.identity.email, timestamp })];
    case "pong":
      return [toJson({ type: "pong", timestamp })];
    case "error": {
      const { code, message, retryAfter, reason, room: roomId, clientId: clientMessageId } = reply;
      return [toJson({ type: "error", code, message, roomId, clientMessageId, retryAfter, reason })];
    }
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
  const { clientId: clientMessageId, messageId: id, position, duplicate, timestamp } = reply;
  if (reply.of !== "publish" || clientMessageId === undefined) return [];
  const roomId = refOf(reply).room;
  return [toJson({ type: "message_ack", clientMessageId, id, roomId, position, duplicate, timestamp })];
}

function encodeEvent(event: RoomEvent): Frame[] {
  const { timestamp } = event;
  switch (event.kind) {
    case "message":
      return [toJson(snakeMessage(event))];
    case "signal":
      return signalFrames(event);
    case "join":
    case "leave": {
      if (!event.edge) return [];
      const type = event.kind === "join" ? "user_joined" : "user_left";
      const { room: roomId, member, users: total, announcing } = event;
      return [toJson({ type, roomId, userId: userIdOf(member), total, announcing, timestamp })];
    }
    case "members": {
      const { online, total, announcing } = rosterFields(event.roster);
      const list = announcing ? online : undefined;
      return [toJson({ type: "online_update", roomId: event.room, online: list, total, announcing, timestamp })];
    }
    case "server":
      return [toJson(serverFrame(event, { roomId: shownRoom(event), timestamp }))];
    case "reset":
      return [toJson({ type: "room_reset", roomId: event.room, position: event.position, timestamp })];
    case "presence":
    case "unread":
    case "notice":
    case "member_updated":
      return [];
  }
}

function rosterFields(roster: Roster): JsonObject {
  return { online: usersOf(roster).map(userIdOf), total: roster.users, announcing: roster.announcing };
}

/** A message as this dialect and its REST route show it. */
export function snakeMessage(event: MessageEvent): JsonObject {
  const { id, from, timestamp, position } = event;
  const data = jsonDataOf(event);
  const text = textOf(data);
  const frame: JsonObject = { type: "new_message", id, roomId: shownRoom(event), content: text };
  if (isObject(data)) { for (const name of LIFTED) if (Object.hasOwn(data, name)) frame[name] = data[name]; }
  frame.data = besides(data, text === undefined ? LIFTED : LIFTED_AND_TEXT);
  frame.sender_client_id = from.connection;
  frame.sender_user_id = userIdOf(from);
  frame.sender_name = from.name;
  frame.timestamp = timestamp;
  frame.position = position;
  return frame;
}

function signalFrames(event: SignalEvent): Frame[] {
  const { signal, timestamp } = event;
  const roomId = shownRoom(event);
  const userId = userIdOf(event.from);
  switch (signal.type) {
    case "typing":
      return [toJson({ type: signal.active ? "typing_start" : "typing_stop", roomId, userId, timestamp })];
    case "reaction": {
      // Its client would show a removed reaction as an added one.
      if (signal.action === "removed") return [];
      const { messageId, emoji } = signal;
      return [toJson({ type: "reaction", roomId, messageId, emoji, userId, timestamp })];
    }
    case "read":
    case "call":
    case "upload":
    case "custom":
      return [];
  }
}

export const snake: Dialect = {
  name: "snake",
  needsToken: true,
  refusal: "closeForToken",
  greet,
  decode: decoder(FRAMES, (fields, type) => {
    return { type, room: shortString(fields.roomId), clientId: shortString(fields.clientMessageId) };
  }),
  encodeReply,
  encodeEvent,
  isShownBy: ({ type }) => OWN_TYPES.has(type),
};

export const snakeFamily = {
  name: snake.name,
  reserved: reserving(
    ...["message", "new_message", "message_ack", "error", "pong", "connected", "authenticated", "reaction"],
    ...["user_joined", "user_left", "online_update", "room_reset", "typing_start", "typing_stop"],
  ),
  dialects: ({ config }) => {
    const path = `${config.paths.ws}/`;
    return [{ ...snake, endpoints: [{ path, accepts: hasToken }, { path }] }];
  },
} satisfies DialectFamily;
