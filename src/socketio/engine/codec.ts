/**
 * Engine.IO packets as text, and payloads of polls: the one file that knows engine.io-parser.
 *
 * A frame is one packet: text that begins with its type (`4` is a message), or the bytes of a binary message.
 */
import { decodePacket, encodePacket } from "engine.io-parser";
import type { Frame } from "../../message.ts";

export const PING = "2";
export const NOOP = "6";
export const CLOSE_PACKET = "1";

const SEPARATOR = "\x1e";
/** The same bytes go to every polling member of a room. */
const base64Forms = new WeakMap<Uint8Array, string>();

/** A frame as text, for polling and for peers that asked for it. */
export function asText(frame: Frame): string {
  if (typeof frame === "string") return frame;
  let text = base64Forms.get(frame);
  if (text === undefined) {
    encodePacket({ type: "message", data: frame }, false, (encoded) => text = encoded);
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
  return new Uint8Array(decodePacket(packet, "nodebuffer").data);
}
