/**
 * publish: a message into a room, to one user or connection, or to everybody.
 *
 * The hot path. With the memory broker nothing in here may wait, and only policies that judge messages are asked.
 */
import { createHash } from "node:crypto";
import { type CommandOf, type Handler, roomOf } from "./handler.ts";
import type { Connection } from "../hub/connection.ts";
import { ParleyError } from "../errors.ts";
import { bytesOf } from "../hub/frame_size.ts";
import type { Hub } from "../hub/hub.ts";
import { inBase64 } from "../json.ts";
import { after, isPromise, type MaybePromise } from "../maybe.ts";
import { EVERYBODY, type Member, type MessageEvent, type Target } from "../message.ts";
import { stopTyping } from "../hub/membership.ts";
import { direct } from "./direct.ts";
import type { PublishOptions, RoutedEvent } from "../broker.ts";
import { notJoined } from "../policies/reserved.ts";
import { type Denial, type PublishTerms, roomAimedAt, termsOf, type Verdict } from "../policy.ts";

/** A connection may broadcast once in this time. */
const BROADCAST_INTERVAL_MS = 1000;

export const publish: Handler<"publish"> = (hub, connection, command) => {
  if (command.binary) checkSize(hub, command.data);
  const target = resolved(connection, command.target);
  const verdict = mayPublish(hub, connection, { target, message: command });
  // The way of most messages: nothing is made for them that is not sent.
  if (!isPromise(verdict)) return send(hub, connection, approved({ target, command }, verdict));
  return verdict.then((settled) => send(hub, connection, approved({ target, command }, settled)));
};

/** With the room that is meant by a frame that names nothing. */
function resolved(connection: Connection, target: Target): Target {
  const { room, to, user, broadcast } = target;
  if (room !== undefined || to !== undefined || user !== undefined || broadcast !== undefined) return target;
  return { room: roomOf(connection, target) };
}

/** The message as its verdict lets it go out. A refusal names the room: a message may wait for the join of that. */
function approved(message: Approved, verdict: Verdict<PublishTerms>): Approved {
  const { target, command } = message;
  const terms = termsOf(verdict, { room: target.room });
  return "data" in terms ? { target, command: { ...command, data: terms.data } } : message;
}

/** The verdict about a message, or a signal with content; `target` names the room if one is meant. */
export function mayPublish(
  hub: Hub,
  connection: Connection,
  { target, message }: { target: Target; message: CommandOf<"publish" | "signal"> },
): MaybePromise<Verdict<PublishTerms>> {
  const room = roomAimedAt(target);
  const joined = room === undefined ? undefined : connection.joined(room);
  if (joined?.maySpeak(connection) === false) return listensOnly(joined.name);
  const verdict = hub.policies.publish(connection, target, message);
  if (!isPromise(verdict)) return verdict;
  return verdict.then((settled) => {
    if (!settled.allow) return settled;
    // Meanwhile it may have been removed from the room, and the rules may have been replaced.
    if (joined && !connection.isIn(joined.name)) return notJoined(joined.name, "member");
    const still = hub.rules.publish(connection, target);
    return still.allow ? settled : still;
  });
}

/** The verdict of its join lets it listen, and no more. */
export function listensOnly(room: string): Denial {
  const message = `Cannot publish to room "${room}": you may only listen there`;
  return { allow: false, code: "forbidden", message, by: "member" };
}

/** Bytes count as what most members and the history get of them: base64. */
function checkSize({ config }: Hub, data: unknown): void {
  const limit = config.websocketMaxMessageBytes;
  const bytes = bytesOf(JSON.stringify(inBase64(data)));
  if (bytes <= limit) return;
  const message = `Cannot take the message: with its attachments in base64 it has ${bytes} bytes, ${limit} are allowed`;
  throw new ParleyError("too_large", message);
}

/** A message that may go out. */
interface Approved {
  target: Target;
  command: CommandOf<"publish">;
}

function send(hub: Hub, connection: Connection, { target, command }: Approved): MaybePromise<void> {
  if (target.broadcast !== undefined) return broadcast(hub, connection, command);
  if (target.to !== undefined || target.user !== undefined) return sendDirect(hub, connection, command);
  return sendToRoom(hub, connection, { room: target.room!, command });
}

function sendToRoom(
  hub: Hub,
  connection: Connection,
  { room, command }: { room: string; command: CommandOf<"publish"> },
): MaybePromise<void> {
  const joined = connection.joined(room);
  stopTyping(hub, connection, room);
  const event = messageOf(hub, command, joined?.memberOf(connection) ?? connection.member);
  event.room = room;
  const routed: RoutedEvent = { room, event };
  if (command.echo === false) routed.except = connection.id;
  const options = optionsOf(connection, command, room);
  options.keep = hub.ruleOf(room).history;
  const echoed = joined !== undefined && command.echo !== false;
  return finish(hub, connection, { command, routed, options, echoed });
}

function broadcast(hub: Hub, connection: Connection, command: CommandOf<"publish">): MaybePromise<void> {
  checkBroadcast(hub, connection, command.target.broadcast!);
  if (command.target.broadcast === "all") hub.audit.done("a broadcast was sent", connection);
  const event = messageOf(hub, command, connection.member);
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
  const published = hub.broker.publish(routed, options);
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
  const event = messageOf(hub, command, connection.member);
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

function messageOf(hub: Hub, command: CommandOf<"publish">, from: Member): MessageEvent {
  const event: MessageEvent = {
    kind: "message",
    id: hub.ids.next(),
    timestamp: Date.now(),
    from,
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
