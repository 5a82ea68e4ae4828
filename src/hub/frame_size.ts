/**
 * How many bytes frames have on the wire, and how much of a roster fits into them. Limits count bytes; a string's length
 * counts something else.
 *
 * A list may take an eighth of what a socket may have unsent, so that neither a join nor a room that is told who is in
 * makes anybody a slow consumer. A longer list leaves out what members show of themselves beside their names first, and
 * then all but its first members.
 */
import { Buffer } from "node:buffer";
import type { AnyDialect } from "../dialect.ts";
import type { Frame, Roster } from "../message.ts";

const SHARE = 1 / 8;
/** What a dialect writes around a member, and the most that a character of its name or id takes in JSON. */
const MEMBER_BYTES = 200;
const CHARACTER_BYTES = 6;

export function bytesOf(frame: Frame): number {
  return typeof frame === "string" ? Buffer.byteLength(frame) : frame.byteLength;
}

export function bytesOfAll(frames: readonly Frame[]): number {
  return frames.reduce((sum, frame) => sum + bytesOf(frame), 0);
}

export function fitRoster(roster: Roster, dialect: AnyDialect, maxBufferedBytes: number): Roster {
  const maxBytes = maxBufferedBytes * SHARE;
  let { list } = roster;
  const hasInfo = list.some(({ info }) => info !== undefined);
  if (!hasInfo && mostBytesOf(list) <= maxBytes) return roster;
  if (hasInfo && sizeOf(roster, dialect) <= maxBytes) return roster;
  if (hasInfo) list = list.map(({ info: _, ...member }) => member);
  for (;;) {
    const bytes = sizeOf({ ...roster, list }, dialect);
    if (bytes <= maxBytes || list.length === 0) return { ...roster, list };
    list = list.slice(0, Math.min(list.length - 1, Math.floor(list.length * maxBytes / bytes)));
  }
}

function mostBytesOf(list: Roster["list"]): number {
  let bytes = 0;
  for (const { user, name } of list) {
    bytes += MEMBER_BYTES + CHARACTER_BYTES * (name.length + String(user ?? "").length);
  }
  return bytes;
}

function sizeOf(roster: Roster, dialect: AnyDialect): number {
  // A list that was asked for names members of any room.
  const named = { ...roster, announcing: true };
  return bytesOfAll(dialect.encodeEvent({ kind: "members", id: "", timestamp: 0, room: "", roster: named }));
}
