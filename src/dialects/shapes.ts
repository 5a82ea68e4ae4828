/**
 * Pieces of outgoing frames: the rules that several dialects share, each written once.
 *
 * A field of a user that a dialect marks optional is absent for guests; where it is always there, it holds their
 * connection id.
 */
import type { Frame, Member, Roster, ServerEvent, UserId } from "../message.ts";
import { typeOfRoom } from "../room_name.ts";
import { toWellFormedJson } from "../unicode.ts";
import type { JsonObject } from "./frame.ts";

/** Well-formed Unicode whatever it holds. Undefined fields vanish. */
export function toJson(fields: JsonObject): Frame {
  return toWellFormedJson(fields);
}

/** An event of the application with its fields at the top; what the server knows is written last. */
export function serverFrame(event: ServerEvent, known: JsonObject): JsonObject {
  const frame: JsonObject = { type: event.type, ...event.fields };
  frame.type = event.type;
  for (const [name, value] of Object.entries(known)) if (value !== undefined) frame[name] = value;
  return frame;
}

/** The user's id with its claim's own type; a guest's connection id. */
export function userIdOf(member: Member): UserId {
  return member.user ?? member.connection;
}

/** The same for dialects that know only strings. */
export function userKeyOf(member: Member): string {
  return String(userIdOf(member));
}

/** One member of each user, in the order of the list. */
export function usersOf(roster: Roster): Roster["list"] {
  const users = new Map<string, Roster["list"][number]>();
  for (const member of roster.list) {
    const key = userKeyOf(member);
    if (!users.has(key)) users.set(key, member);
  }
  return [...users.values()];
}

/** The room an event is shown in; a personal room is how an event travels to a user, not a room its client has joined. */
export function shownRoom(event: { room?: string }): string | undefined {
  return event.room !== undefined && typeOfRoom(event.room) === "personal" ? undefined : event.room;
}

let isoSecond = NaN;
let isoHead = "";

/**
 * ISO 8601 of whole milliseconds. Made once a second and completed by hand: on V8 a Date's own costs more than the rest
 * of a frame.
 */
export function isoTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== isoSecond) {
    isoHead = new Date(second * 1000).toISOString().slice(0, -4);
    isoSecond = second;
  }
  return `${isoHead}${String(ms - second * 1000).padStart(3, "0")}Z`;
}
