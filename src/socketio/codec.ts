/**
 * Socket.IO packets to frames and back: the one file that knows socket.io-parser.
 *
 * What is sent are frames of Engine.IO: text that begins with `4`, a message, or the bytes of an attachment. What came in
 * is decoded before anybody else sees it: whole, binary parts in place.
 */
import { Decoder, Encoder, isPacketValid, type Packet, PacketType } from "socket.io-parser";
import { MAX_ATTACHMENTS } from "../json.ts";
import { ParleyError } from "../errors.ts";
import type { Frame } from "../message.ts";
import { toWellFormedJson, wellFormedJson } from "../unicode.ts";

export { type Packet, PacketType };

/** Names with which a client's own library talks to itself; a packet that bears one makes it close the connection. */
export const LIBRARY_EVENTS: ReadonlySet<unknown> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

const encoder = new Encoder();

/** An event a peer sent into a namespace it has joined. */
export interface EventPacket {
  kind: "event";
  /** The event's name. Some peers number their events: `1`. */
  name: string | number;
  /** What followed the name. Binary parts are `Uint8Array`, at any depth. */
  args: unknown[];
  /** The peer waits for an acknowledgement that bears this id. */
  ack?: number;
  /** How many binary parts it has. */
  attachments: number;
  /** Its length on the wire in bytes (text: UTF-16 units), binary parts included. */
  size: number;
}

/** The peer acknowledged something; whoever asked has been told. Handed on only so that it counts as a message. */
export interface AckPacket {
  kind: "ack";
  size: number;
}

export type SocketioPacket = EventPacket | AckPacket;

/**
 * Reads Socket.IO packets of all sessions; what spans several frames is an {@link Assembly} of its own.
 */
export class PacketReader {
  readonly #decoder = new Decoder();
  #decoded?: Packet;

  constructor() {
    this.#decoder.on("decoded", (packet: Packet) => this.#decoded = packet);
  }

  /** A packet without attachments; throws if it is not one. */
  read(text: string): Packet {
    this.#decoder.add(text);
    return valid(this.#decoded!);
  }
}

/** The decoder lets a packet without any content pass for every type. */
function valid(packet: Packet): Packet {
  if (!isPacketValid(packet)) throw new Error("invalid packet");
  return packet;
}

/** Whether the text announces attachments. */
export function isBinaryHeader(text: string): boolean {
  const type = text.charCodeAt(0) - 48;
  return type === PacketType.BINARY_EVENT || type === PacketType.BINARY_ACK;
}

/** A packet whose attachments are still coming. */
export class Assembly {
  /** Of everything that has arrived for it. */
  size: number;
  attachments = 0;
  readonly #decoder: Decoder;
  #decoded?: Packet;

  /** Throws if the header is bad or announces too many. */
  constructor(header: string, maxAttachments: number) {
    this.size = header.length;
    this.#decoder = new Decoder({ maxAttachments });
    this.#decoder.on("decoded", (packet: Packet) => this.#decoded = packet);
    this.#decoder.add(header);
  }

  /** The packet, once it is whole; throws if its placeholders are wrong. */
  add(attachment: Uint8Array): Packet | undefined {
    this.attachments++;
    this.size += attachment.byteLength;
    this.#decoder.add(attachment);
    return this.#decoded && valid(this.#decoded);
  }
}

/** `name` and its arguments as frames; throws `bad_message` for what peers do not accept: the name, or too many attachments. */
export function encodeEvent(namespace: string, event: unknown[], ack?: number): Frame[] {
  if (LIBRARY_EVENTS.has(event[0])) {
    throw new ParleyError("bad_message", `Cannot send event "${event[0]}": the name belongs to the client's library`);
  }
  return encode({ type: PacketType.EVENT, nsp: namespace, data: event, id: ack }, `event "${event[0]}"`);
}

export function encodeAck(namespace: string, id: number, args: unknown[]): Frame[] {
  return encode({ type: PacketType.ACK, nsp: namespace, data: args, id }, "an acknowledgement");
}

/** The same without a search for attachments: the caller knows that there is none. */
export function encodeTextEvent(namespace: string, event: unknown[]): string {
  return `42${prefix(namespace)}${toWellFormedJson(event)}`;
}

export function encodeTextAck(namespace: string, id: number, args: unknown[]): string {
  return `43${prefix(namespace)}${id}${toWellFormedJson(args)}`;
}

export function encodeConnect(namespace: string, reply: Record<string, unknown>): string {
  return `40${prefix(namespace)}${toWellFormedJson(reply)}`;
}

export function encodeDisconnect(namespace: string): string {
  return `41${prefix(namespace)}`;
}

export function encodeConnectError(namespace: string, error: { message: string; data?: unknown }): string {
  return `44${prefix(namespace)}${toWellFormedJson(error)}`;
}

function prefix(namespace: string): string {
  return namespace === "/" ? "" : `${namespace},`;
}

function encode(packet: Packet, what: string): Frame[] {
  const [header, ...attachments] = encoder.encode(packet);
  if (attachments.length > MAX_ATTACHMENTS) {
    const reason = `it has ${attachments.length} attachments, and clients accept at most ${MAX_ATTACHMENTS}`;
    throw new ParleyError("bad_message", `Cannot send ${what}: ${reason}`);
  }
  return [`4${wellFormedJson(header as string)}`, ...attachments];
}
