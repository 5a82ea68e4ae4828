/**
 * The socketio dialect: what the clients of Socket.IO are told. Engine.IO has made whole packets of what they sent, and
 * takes complete frames; what they may send is in events.ts.
 *
 * It knows users: who joins or leaves is told once per user. Binary content goes out as it came in, live and replayed,
 * its attachments behind the event. Each further namespace is a dialect of its own, for its name stands in every frame.
 */
import type { DialectFamily } from "../dialects/family.ts";
import { countAttachments, MAX_ATTACHMENTS } from "../json.ts";
import type { Dialect, Endpoint } from "../dialect.ts";
import {
  encodeAck,
  encodeEvent as encodeBinaryEvent,
  encodeTextAck,
  encodeTextEvent,
  LIBRARY_EVENTS,
} from "./codec.ts";
import type { SocketioPacket } from "./codec.ts";
import { namespaceGuard } from "./namespace_guard.ts";
import type { Frame, MessageEvent, Reply, RoomEvent, Roster, SignalEvent } from "../message.ts";
import { typeOfRoom } from "../room_name.ts";
import { CLAIMS, IDENTITY_CLAIMS } from "../dialects/claims.ts";
import { besides, textOf, without } from "../dialects/content.ts";
import { isObject, type JsonObject } from "../dialects/frame.ts";
import { type IsReserved, reserving } from "../dialects/reserved.ts";
import { isoTime, shownRoom, userIdOf, usersOf } from "../dialects/shapes.ts";
import { decodePacket, isDocumented } from "./events.ts";

export class SocketioDialect implements Dialect<SocketioPacket> {
  readonly name: string;
  readonly transport = "engine.io";
  readonly ownPathsOnly = true;
  readonly roomPrefix: string;
  readonly endpoints: readonly Endpoint[];
  readonly #namespace: string;
  readonly #isReserved: IsReserved;

  /** `path`: absent for further namespaces, which a client names inside of its connection. */
  constructor(namespace: string, { isReserved, path }: { isReserved: IsReserved; path?: string }) {
    this.#namespace = namespace;
    this.#isReserved = isReserved;
    this.endpoints = path === undefined ? [] : [{ path }];
    this.name = namespace === "/" ? "socketio" : `socketio${namespace}`;
    this.roomPrefix = namespace === "/" ? "" : `${namespace},`;
  }

  decode(packet: SocketioPacket): ReturnType<typeof decodePacket> {
    return decodePacket(packet, { prefix: this.roomPrefix, isReserved: this.#isReserved });
  }

  // ---- replies ----

  encodeReply(reply: Reply): Frame[] {
    switch (reply.kind) {
      case "joined":
        return this.#joined(reply);
      case "left": {
        const conversationId = this.#shown(reply.room);
        if (reply.reason === undefined) return this.#ack(reply, { ok: true, conversationId });
        return [this.#event("userLeft", { userId: userIdOf(reply.self), conversationId, reason: reply.reason })];
      }
      case "ack":
        return this.#published(reply);
      case "unread":
        return this.#ack(reply, { ok: true, count: reply.count });
      case "result": {
        const id = ackOf(reply);
        return id === undefined ? [] : encodeAck(this.#namespace, id, reply.values);
      }
      case "error": {
        const { code, message, retryAfter, room, clientId: clientMessageId } = reply;
        if (ackOf(reply) !== undefined) return this.#ack(reply, { ok: false, error: { code, message, retryAfter } });
        const about = { conversationId: this.#shown(room), clientMessageId };
        return [this.#event("exception", { status: "error", code, message, retryAfter, ...about })];
      }
      case "members":
      case "history":
      case "presence":
      case "notifications":
      case "authenticated":
      case "pong":
        return this.#ack(reply, { ok: true });
    }
  }

  /** What has no place among the attachments of one packet follows it, and the position is that of what is inside. */
  #joined(reply: Reply & { kind: "joined" }): Frame[] {
    const { room, roster, recovered, messages = [] } = reply;
    const inside = messages.slice(0, countFitting(messages));
    const behind = messages.slice(inside.length);
    const answer = {
      conversationId: this.#shown(room),
      ...rosterFields(roster),
      position: behind.length === 0 ? reply.position : inside.at(-1)?.position,
      recovered,
      messages: reply.messages && inside.map((message) => this.#message(message)),
    };
    const binary = inside.some((message) => message.binary);
    return [
      ...this.#maybeBinary(binary, "conversationUsers", answer),
      ...this.#ack(reply, { ok: true, ...answer }, binary),
      ...behind.flatMap((message) => this.encodeEvent(message)),
    ];
  }

  #published(reply: Reply & { kind: "ack" }): Frame[] {
    const { message, duplicate } = reply;
    if (!message) return this.#ack(reply, { ok: true });
    return this.#ack(reply, { ok: true, message: this.#message(message), duplicate }, message.binary);
  }

  #ack(reply: Reply, answer: JsonObject, binary?: boolean): Frame[] {
    const id = ackOf(reply);
    if (id === undefined) return [];
    return binary ? encodeAck(this.#namespace, id, [answer]) : [encodeTextAck(this.#namespace, id, [answer])];
  }

  // ---- events ----

  encodeEvent(event: RoomEvent): Frame[] {
    switch (event.kind) {
      case "message":
        return this.#maybeBinary(event.binary, "newMessage", this.#message(event));
      case "signal":
        return this.#signal(event);
      case "join":
      case "leave": {
        if (!event.edge) return [];
        const name = event.kind === "join" ? "userJoined" : "userLeft";
        const { member, users: total, announcing } = event;
        const conversationId = this.#shown(event.room);
        return [this.#event(name, { userId: userIdOf(member), conversationId, total, announcing })];
      }
      case "members": {
        const { users, total, announcing } = rosterFields(event.roster);
        const conversationId = this.#shown(event.room);
        const list = announcing ? users : undefined;
        return [this.#event("conversationUsers", { conversationId, users: list, total, announcing })];
      }
      case "presence": {
        const { from, status, metadata, room } = event;
        // Followers are told in a room of their own, which is not a room to them.
        const conversationId = typeOfRoom(room ?? "") === "custom" ? this.#shown(room) : undefined;
        return [this.#event("userPresence", { userId: userIdOf(from), status, metadata, conversationId })];
      }
      case "server":
        if (LIBRARY_EVENTS.has(event.type)) return [];
        return this.#maybeBinary(true, event.type, event.fields.data ?? event.fields);
      case "unread":
        return [this.#event("unreadCount", event.count)];
      case "reset":
        return [
          this.#event("conversationReset", { conversationId: this.#shown(event.room), position: event.position }),
        ];
      case "notice":
      case "member_updated":
        return [];
    }
  }

  /** An object is spread; what the server says comes last. */
  #message(event: MessageEvent): JsonObject {
    const { id, from, data, to, timestamp, position } = event;
    const text = textOf(data);
    const rest = text === undefined ? data : besides(data, ["text"]);
    const fields: JsonObject = isPlain(rest) ? without(rest, CLAIMS) : rest === undefined ? {} : { data: rest };
    if (text !== undefined) fields.content = text;
    fields.id = id;
    fields.conversationId = this.#shown(shownRoom(event));
    fields.to = to;
    fields.senderConnectionId = from.connection;
    fields.senderId = userIdOf(from);
    fields.senderName = from.name;
    fields.createdAt = isoTime(timestamp);
    fields.position = position;
    return fields;
  }

  #signal(event: SignalEvent): Frame[] {
    const { signal, timestamp } = event;
    const userId = userIdOf(event.from);
    const conversationId = this.#shown(shownRoom(event));
    switch (signal.type) {
      case "typing":
        return [this.#event(signal.active ? "userTyping" : "userStoppedTyping", { userId, conversationId })];
      case "reaction": {
        const { messageId, emoji, action } = signal;
        return [this.#event("messageReaction", { userId, conversationId, messageId, emoji, action })];
      }
      case "read": {
        const { messageId } = signal;
        return [this.#event("messageRead", { userId, conversationId, messageId, readAt: isoTime(timestamp) })];
      }
      case "call":
        return this.#maybeBinary(event.binary, "callSignal", { from: userId, signal: signal.signal, conversationId });
      case "upload":
        return this.#maybeBinary(event.binary, "uploadProgress", {
          ...without(signal.data, IDENTITY_CLAIMS),
          conversationId,
          userId,
        });
      case "custom": {
        const data = isPlain(signal.data) ? without(signal.data, IDENTITY_CLAIMS) : { data: signal.data };
        return this.#maybeBinary(event.binary, signal.name, { ...data, conversationId, userId });
      }
    }
  }

  #event(name: string, argument: unknown): Frame {
    return encodeTextEvent(this.#namespace, [name, argument]);
  }

  #maybeBinary(binary: boolean | undefined, name: string, argument: unknown): Frame[] {
    return binary ? encodeBinaryEvent(this.#namespace, [name, argument]) : [this.#event(name, argument)];
  }

  /** A room as the clients of this namespace name it. */
  #shown(room: string | undefined): string | undefined {
    return this.roomPrefix !== "" && room?.startsWith(this.roomPrefix) ? room.slice(this.roomPrefix.length) : room;
  }
}

export const socketioFamily = {
  name: "socketio",
  reserved: reserving(
    ...["newMessage", "userJoined", "userLeft", "conversationUsers", "conversationReset", "userTyping"],
    ...["userStoppedTyping", "messageReaction", "messageRead", "callSignal", "uploadProgress", "userPresence"],
    ...["unreadCount", "exception", ...[...LIBRARY_EVENTS].map(String)],
  ),
  handles: isDocumented,
  guard: ({ socketioNamespaces }) => socketioNamespaces.length > 0 ? namespaceGuard(socketioNamespaces) : undefined,
  dialects: ({ config, isReserved }) => [
    new SocketioDialect("/", { isReserved, path: config.paths.socketio }),
    ...config.socketioNamespaces.map((namespace) => new SocketioDialect(namespace, { isReserved })),
  ],
} satisfies DialectFamily;

/** How many of the messages, from the first one on, have few enough attachments for one packet. */
function countFitting(messages: MessageEvent[]): number {
  let attachments = 0;
  const over = messages.findIndex(({ data, binary }) => {
    if (binary) attachments += countAttachments(data);
    return attachments > MAX_ATTACHMENTS;
  });
  return over < 0 ? messages.length : over;
}

function rosterFields(roster: Roster): JsonObject {
  const users = usersOf(roster).map((member) => {
    return { userId: userIdOf(member), name: member.name, status: member.status ?? "online" };
  });
  return { users, total: roster.users, announcing: roster.announcing };
}

/** The number under which the client waits for an answer, if it does. */
function ackOf(reply: Reply): number | undefined {
  return typeof reply.ref === "number" ? reply.ref : undefined;
}

function isPlain(value: unknown): value is JsonObject {
  return isObject(value) && !ArrayBuffer.isView(value);
}
