/**
 * How many bytes a frame has on the wire. Limits count bytes; a string's length counts something else.
 */
import { Buffer } from "node:buffer";
import type { Frame } from "../message.ts";

export function bytesOf(frame: Frame): number {
  return typeof frame === "string" ? Buffer.byteLength(frame) : frame.byteLength;
}
