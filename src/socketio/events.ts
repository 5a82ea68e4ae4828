/**
 * What a Socket.IO client may send: an event's name and its first argument into one command.
 *
 * Read by socketio.ts, which holds the other direction. Known names have a reader each; any other event that names a
 * conversation or a recipient is relayed under its own name, and what is left is the embedding program's.
 */
import * as v from "valibot";
import type { EventPacket, SocketioPacket } from "./codec.ts";
import { ParleyError } from "../errors.ts";
import { MAX_ATTACHMENTS, refuseDepth } from "../json.ts";
import type { Command, CommandBody, Signal, Target } from "../message.ts";
import { typeOfRoom } from "../room_name.ts";
import { CLAIMS } from "../dialects/claims.ts";
import { compose, without } from "../dialects/content.ts";
import * as field from "../dialects/fields.ts";
import { type FrameReader, isObject, type JsonObject, on, quote, shortString } from "../dialects/frame.ts";
import { type IsReserved, refuseReserved } from "../dialects/reserved.ts";

const MESSAGE_FIELDS = new Set(["conversationId", "to", "content", "clientMessageId", "echo", ...CLAIMS]);
const ADDRESS_FIELDS = new Set(["conversationId", "to", "userId"]);

const conversationId = field.RoomName;
const messageId = field.MessageId;
const address = { conversationId: field.OptionalRoomName, to: field.OptionalPerson };

const EVENTS: Record<string, FrameReader> = {
  joinConversation: on({ conversationId, since: field.Position }, ({ conversationId, since }) => {
    return { kind: "join", room: conversationId, since };
  }),
  leaveConversation: on({ conversationId }, (fields) => ({ kind: "leave", room: fields.conversationId })),
  sendMessage: on({ ...address, content: field.OptionalText, clientMessageId: field.ClientId }, publish),
  typing: on({ conversationId }, (fields) => into(fields, { type: "typing", active: true })),
  stopTyping: on({ conversationId }, (fields) => into(fields, { type: "typing", active: false })),
  markMessageRead: on({ conversationId, messageId }, (fields) => {
    return into(fields, { type: "read", messageId: fields.messageId });
  }),
  addReaction: reaction("added"),
  removeReaction: reaction("removed"),
  callSignal: on(
    { ...address, signal: v.unknown() },
    (fields) => into(fields, { type: "call", signal: fields.signal }),
  ),
  uploadProgress: on({ conversationId }, (fields, all) => {
    return into(fields, { type: "upload", data: without(all, ADDRESS_FIELDS) });
  }),
  setPresence: on({ status: field.StatusName, metadata: field.Metadata }, (fields) => {
    return { kind: "set_presence", ...fields };
  }),
  markNotificationRead: on({ notificationId: field.ClientId }, ({ notificationId }) => {
    return { kind: "mark_read", notification: notificationId };
  }),
  getUnreadCount: () => ({ kind: "unread" }),
};
/** Events whose argument may be left out. */
const BARE = new Set(["markNotificationRead", "getUnreadCount"]);
const readers = new Map(Object.entries(EVENTS));

/** Whether the event has a meaning that no program can give it. */
export function isDocumented(name: string): boolean {
  return readers.has(name);
}

export interface PacketContext {
  /** Goes before the names of rooms, which belong to the namespace. */
  readonly prefix: string;
  readonly isReserved: IsReserved;
}

/**
 * The `ref` of a command, and of the ParleyError that is thrown, is the number under which the client waits for its
 * answer.
 */
export function decodePacket(packet: SocketioPacket, { prefix, isReserved }: PacketContext): Command[] {
  if (packet.kind === "ack") return [];
  const ref = packet.ack;
  try {
    const command: Command = prefixed(commandOf(packet, isReserved), prefix);
    if (ref !== undefined) command.ref = ref;
    return [command];
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    throw new ParleyError(error.code, error.message, { ref, ...namedBy(packet, prefix) });
  }
}

/** What the packet's sender can match its refusal by, valid or not. */
function namedBy({ args: [argument] }: EventPacket, prefix: string): { room?: string; clientId?: string } {
  if (!isFields(argument)) return {};
  const room = inNamespace(shortString(argument.conversationId), prefix);
  return { room, clientId: shortString(argument.clientMessageId) };
}

function commandOf(packet: EventPacket, isReserved: IsReserved): CommandBody {
  const name = String(packet.name);
  const [argument] = packet.args;
  refuseDepth(packet.args, packet.size, "frame");
  const reader = readers.get(name);
  const command = reader
    ? read(reader, name, argument)
    : relay(name, argument, isReserved) ?? { kind: "call", name, args: packet.args };
  if (packet.attachments === 0 || (command.kind !== "publish" && command.kind !== "signal")) return command;
  if (packet.attachments <= MAX_ATTACHMENTS) return { ...command, binary: true };
  throw new ParleyError(
    "bad_message",
    `Cannot relay the event: it has ${packet.attachments} attachments, and clients accept at most ${MAX_ATTACHMENTS}`,
  );
}

function read(reader: FrameReader, name: string, argument: unknown): CommandBody {
  const fields = argument === undefined && BARE.has(name) ? {} : argument;
  const attempted = `read the event ${quote(name)}`;
  if (!isFields(fields)) throw new ParleyError("bad_message", `Cannot ${attempted}: its argument must be an object`);
  return reader(fields, attempted)!;
}

function publish(
  { conversationId: room, to, content, clientMessageId: clientId }: {
    conversationId?: string;
    to?: string;
    content?: string;
    clientMessageId?: string;
  },
  all: JsonObject,
): CommandBody {
  const target = targetOf({ conversationId: room, to });
  const beside = without(all, MESSAGE_FIELDS);
  const isBare = Object.keys(beside).length === 0;
  if (content === undefined && isBare) {
    throw new ParleyError("bad_message", 'Cannot read the event "sendMessage": "content" is missing');
  }
  const data = compose(content, isBare ? undefined : beside);
  return { kind: "publish", target, data, clientId, echo: all.echo !== false };
}

function reaction(action: "added" | "removed"): FrameReader {
  return on({ conversationId, messageId, emoji: field.Id }, (fields) => {
    return into(fields, { type: "reaction", messageId: fields.messageId, emoji: fields.emoji, action });
  });
}

const readAddress = on(address, targetOf);

/** Undefined: the event names neither a conversation nor a recipient. */
function relay(name: string, argument: unknown, isReserved: IsReserved): CommandBody | undefined {
  if (!isFields(argument) || (argument.conversationId === undefined && argument.to === undefined)) return undefined;
  refuseReserved(name, isReserved);
  if (name.length > 128) {
    throw new ParleyError("bad_message", `Cannot relay the event ${quote(name)}: its name is too long`);
  }
  const target = readAddress(argument, `relay the event ${quote(name)}`);
  const data = without(argument, ADDRESS_FIELDS);
  return { kind: "signal", target, signal: { type: "custom", name, data } };
}

function into(fields: { conversationId?: string; to?: string }, signal: Signal): CommandBody {
  return { kind: "signal", target: targetOf(fields), signal };
}

function targetOf({ conversationId: room, to }: { conversationId?: string; to?: string }): Target {
  if (room !== undefined || to !== undefined) return to === undefined ? { room } : { room, to };
  throw new ParleyError("bad_message", 'Cannot read the event: it has neither "conversationId" nor "to"');
}

function prefixed(command: CommandBody, prefix: string): CommandBody {
  if (prefix === "") return command;
  if (command.kind === "join" || command.kind === "leave") {
    return { ...command, room: inNamespace(command.room, prefix) };
  }
  if (command.kind !== "publish" && command.kind !== "signal") return command;
  return { ...command, target: { ...command.target, room: inNamespace(command.target.room, prefix) } };
}

/** Rooms of a user or a group are the same in every namespace. */
function inNamespace(room: string | undefined, prefix: string): string | undefined {
  return room === undefined || typeOfRoom(room) !== "custom" ? room : prefix + room;
}

function isFields(value: unknown): value is JsonObject {
  return isObject(value) && !ArrayBuffer.isView(value);
}
