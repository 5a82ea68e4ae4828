/**
 * Packets to frames and back: the one file that knows engine.io-parser and socket.io-parser.
 *
 * A frame is an Engine.IO packet: text that begins with its type (`4` is a message, and holds one Socket.IO packet), or
 * the bytes of an attachment. Used by the sessions, and by the socketio dialect for what it sends.
 */
import { decodePacket as decodeEngine, encodePacket as encodeEngine } from "engine.io-parser";
import { Decoder, Encoder, isPacketValid, type Packet, PacketType } from "socket.io-parser";
import { MAX_ATTACHMENTS } from "../json_value.ts";
import { ParleyError } from "../errors.ts";
import type { Frame } from "../message.ts";
import { toWellFormedJson, wellFormedJson } from "../unicode.ts";

export { type Packet, PacketType };

export const PING = "2";
export const NOOP = "6";
export const CLOSE_PACKET = "1";

/** Names with which a client's own library talks to itself; a packet that bears one makes it close the connection. */
export const LIBRARY_EVENTS: ReadonlySet<unknown> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

const SEPARATOR = "\x1e";
const encoder = new Encoder();
/** The same bytes go to every polling member of a room. */
const base64Forms = new WeakMap<Uint8Array, string>();

/** A frame as text, for polling and for peers that asked for it. */
export function asText(frame: Frame): string {
  if (typeof frame === "string") return frame;
  let text = base64Forms.get(frame);
  if (text === undefined) {
    encodeEngine({ type: "message", data: frame }, false, (encoded) => text = encoded);
    base64Forms.set(frame, text!);
  }
  return text!;
}

export function asPayload(frames: readonly Frame[]): string {
  return frames.map(asText).join(SEPARATOR);
}

/** Hands the packets of a POST to `take` one by one, until it returns false. Nothing after that is looked at. */
export function splitPayload(payload: string, take: (packet: string) => boolean): void {
  for (let start = 0;;) {
    const end = payload.indexOf(SEPARATOR, start);
    if (!take(end < 0 ? payload.slice(start) : payload.slice(start, end)) || end < 0) return;
    start = end + 1;
  }
}

/** The bytes of a `b…` packet. Copied, since a small buffer is a part of a large one, which would be kept with it. */
export function fromBase64(packet: string): Uint8Array {
  return new Uint8Array(decodeEngine(packet, "nodebuffer").data);
}

/**
 * Reads Socket.IO packets of all sessions; what spans several frames is an {@link Assembly} of its own.
 */
export class PacketReader {
  readonly #decoder = new Decoder();
  #decoded?: Packet;

  constructor() {
    this.#decoder.on("decoded", (packet: Packet) => this.#decoded = packet);
  }

  /** A packet without attachments; throws if it is none. */
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
