/**
 * How people are told apart: by a key of their own, never by a name, which two may share.
 *
 * A user's key is its id. A guest has no id and is known by its connection.
 */
import { guestName } from "../../hub/guest_name.ts";

const HUES = 8;
const CONNECTION_ID = /^[\w-]{22}$/;

/** The class of a person's own colours. */
export function hueOf(key: string): string {
  let hash = 0;
  for (const letter of key) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x9e3779b1) >>> 0;
  return `hue-${(hash >>> 16) % HUES}`;
}

/** Two characters at most; of a guest, whose name begins like every guest's, two of its own. */
export function initialsOf(name: string): string {
  const [, own] = /^guest-(..)/.exec(name) ?? [];
  if (own) return own;
  return name.trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/** For somebody whose name was never told: what has the form of a connection's id is a guest. */
export function nameFrom(key: string): string {
  return CONNECTION_ID.test(key) ? guestName(key) : key;
}
