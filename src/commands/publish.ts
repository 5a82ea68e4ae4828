/**
 * publish: a message into a room, to one user or connection, or to everybody.
 *
 * The hot path. With the memory broker nothing in here waits, and without a hook nothing is made that is not sent.
 */
import { createHash } from "node:crypto";
import { type CommandOf, type Handler, roomOf } from "./handler.ts";
import type { Connection } from "../hub/connection.ts";
import { ParleyError } from "../errors.ts";
import { bytesOf } from "../hub/frame_size.ts";
import { clientOf, type Hub } from "../hub/hub.ts";
import { countAttachments, inBase64, jsonValue, jsonValueWithBytes, MAX_ATTACHMENTS } from "../json.ts";
import { after, isPromise, type MaybePromise } from "../maybe.ts";
import { EVERYBODY, type MessageEvent } from "../message.ts";
import { stopTyping } from "../hub/membership.ts";
import { direct } from "./direct.ts";
import type { PublishOptions, RoutedEvent } from "../broker.ts";

/** A connection may broadcast once in this time. */
const BROADCAST_INTERVAL_MS = 1000;

export const publish: Handler<"publish"> = (hub, connection, command) => {
  if (command.binary) checkSize(hub, command.data);
  const { onMessage } = hub.hooks;
  if (!onMessage) return send(hub, connection, command);
  const { room, to, user } = command.target;
  // The program is asked about what may be sent, and about a message that waits for its join only once.
  if (to === undefined && user === undefined && command.target.broadcast === undefined) {
    checkMayPublish(hub, connection, roomOf(connection, command.target));
  }
  const verdict = onMessage(clientOf(connection), { room, to: to ?? user, data: command.data });
  return after(verdict, (answer) => {
    if (answer === false) throw new ParleyError("forbidden", "Cannot send the message: it was refused", { room });
    if (!answer || typeof answer !== "object") return send(hub, connection, command);
    return send(hub, connection, { ...command, data: dataLeft(answer.data, command) });
  });
};

/** What a hook has made of the data. */
function dataLeft(data: unknown, { binary }: CommandOf<"publish">): unknown {
  const attempt = "send the message as the hook left it";
  if (!binary) return jsonValue(data, attempt);
  const left = jsonValueWithBytes(data, attempt);
  if (countAttachments(left) <= MAX_ATTACHMENTS) return left;
  throw new ParleyError("bad_message", `Cannot ${attempt}: it has more than ${MAX_ATTACHMENTS} attachments`);
}

/** Bytes count as what most members and the history get of them: base64. */
function checkSize({ config }: Hub, data: unknown): void {
  const limit = config.websocketMaxMessageBytes;
  const bytes = bytesOf(JSON.stringify(inBase64(data)));
  if (bytes <= limit) return;
  const message = `Cannot take the message: with its attachments in base64 it has ${bytes} bytes, ${limit} are allowed`;
  throw new ParleyError("too_large", message);
}

function send(hub: Hub, connection: Connection, command: CommandOf<"publish">): MaybePromise<void> {
  const { target } = command;
  if (target.broadcast !== undefined) return broadcast(hub, connection, command);
  if (target.to !== undefined || target.user !== undefined) return sendDirect(hub, connection, command);
  return sendToRoom(hub, connection, command);
}

function checkMayPublish({ permissions }: Hub, connection: Connection, room: string): void {
  const { identity, roomPrefix } = connection;
  permissions.checkPublish(room, { identity, roomPrefix, joined: connection.isIn(room) });
}

function sendToRoom(hub: Hub, connection: Connection, command: CommandOf<"publish">): MaybePromise<void> {
  const room = roomOf(connection, command.target);
  const joined = connection.isIn(room);
  checkMayPublish(hub, connection, room);
  stopTyping(hub, connection, room);
  const event = messageOf(hub, connection, command);
  event.room = room;
  const routed: RoutedEvent = { room, event };
  if (command.echo === false) routed.except = connection.id;
  const options = optionsOf(connection, command, room);
  options.keep = hub.permissions.ruleOf(room).history;
  return finish(hub, connection, { command, routed, options, echoed: joined && command.echo !== false });
}

function broadcast(hub: Hub, connection: Connection, command: CommandOf<"publish">): MaybePromise<void> {
  checkBroadcast(hub, connection, command.target.broadcast!);
  if (command.target.broadcast === "all") hub.audit.done("a broadcast was sent", connection);
  const event = messageOf(hub, connection, command);
  const routed: RoutedEvent = { room: EVERYBODY, event };
  if (command.target.broadcast !== "all") routed.only = command.target.broadcast;
  if (command.echo === false) routed.except = connection.id;
  const options = optionsOf(connection, command, EVERYBODY);
  return finish(hub, connection, { command, routed, options, echoed: command.echo !== false });
}

function checkBroadcast(hub: Hub, connection: Connection, to: string): void {
  const isAdmin = connection.identity?.roles.some((role) => hub.config.adminRoles.includes(role)) ?? false;
  const rule = to === "all" ? "admin" : hub.config.broadcast;
  const allowed = rule === "anyone" || (rule === "authenticated" && connection.identity) ||
    (rule === "admin" && isAdmin);
  if (!allowed && to === "all") {
    throw new ParleyError("bad_message", 'Cannot send the message: it has neither "room" nor "to"');
  }
  if (!allowed) {
    const code = connection.identity ? "forbidden" : "unauthorized";
    throw new ParleyError(code, "Cannot broadcast: it is not allowed to you");
  }
  const now = performance.now();
  const wait = Math.ceil(connection.lastBroadcastAtMs + BROADCAST_INTERVAL_MS - now);
  if (wait > 0) {
    throw new ParleyError("rate_limited", "Cannot broadcast: one a second is allowed", { retryAfter: wait });
  }
  connection.lastBroadcastAtMs = now;
}

interface Sending {
  command: CommandOf<"publish">;
  routed: RoutedEvent;
  options: PublishOptions;
  echoed: boolean;
}

function finish(hub: Hub, connection: Connection, { command, routed, options, echoed }: Sending): MaybePromise<void> {
  const event = routed.event as MessageEvent;
  const published = hub.publish(routed, options);
  // Nobody asked for an answer: nothing to make.
  if (command.ref === undefined && command.clientId === undefined && !isPromise(published)) return;
  return after(published, ({ position, duplicateOf, covered }) => {
    const message = { ...event, ...duplicateOf, position };
    const ack = {
      kind: "ack" as const,
      of: "publish" as const,
      clientId: command.clientId,
      messageId: message.id,
      position,
      message,
    };
    // Who gets no copy of its own message must hear of it otherwise.
    const answer = duplicateOf ? { ...ack, duplicate: true } : { ...ack, echoed: echoed && !covered };
    hub.reply(connection, answer, command.ref);
  });
}

function sendDirect(hub: Hub, connection: Connection, command: CommandOf<"publish">): MaybePromise<void> {
  const event = messageOf(hub, connection, command);
  const options = optionsOf(connection, command, command.target.to ?? command.target.user!);
  return after(direct(hub, connection, { target: command.target, event, options }), (duplicateOf) => {
    const message = { ...event, ...duplicateOf };
    const ack = {
      kind: "ack" as const,
      of: "publish" as const,
      clientId: command.clientId,
      messageId: message.id,
      message,
    };
    hub.reply(connection, duplicateOf ? { ...ack, duplicate: true } : ack, command.ref);
  });
}

function messageOf(hub: Hub, connection: Connection, command: CommandOf<"publish">): MessageEvent {
  const event: MessageEvent = {
    kind: "message",
    id: hub.ids.next(),
    timestamp: Date.now(),
    from: connection.member,
    data: command.data,
  };
  hub.stats.messages.add();
  if (command.stamp) event.frameId = command.clientId;
  if (command.binary) event.binary = true;
  return event;
}

function optionsOf(connection: Connection, command: CommandOf<"publish">, target: string): PublishOptions {
  if (command.clientId === undefined) return {};
  const { clientId, data, binary } = command;
  return { once: { sender: connection.user, key: publishKey({ target, clientId, data, binary }) } };
}

export interface Publication {
  target: string;
  clientId: string;
  data: unknown;
  binary?: boolean;
}

/** Covers target, the client's id and all content, so that other content is another message. */
export function publishKey({ target, clientId, data, binary }: Publication): string {
  const content = binary ? [target, clientId, inBase64(data), "binary"] : [target, clientId, data];
  return createHash("sha256").update(JSON.stringify(content)).digest("base64url");
}
