/**
 * Bytes inside the data of a message, which JSON does not know: shown to those who read JSON as `{"$base64": "…"}` in
 * their place. Only what the server has marked as binary is looked through, so an object of that form that a client
 * wrote itself stays an object.
 */
import { Buffer } from "node:buffer";

/** Official clients of Socket.IO close the connection at a packet with more. */
export const MAX_ATTACHMENTS = 10;

/** The data with its bytes in the form that JSON has for them. */
export function inBase64(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $base64: base64Of(value) };
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(inBase64);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inBase64(inner)]));
}

/** How many attachments the data holds. */
export function countAttachments(value: unknown): number {
  if (value instanceof Uint8Array) return 1;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((count, inner) => count + countAttachments(inner), 0);
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}
