/**
 * Names of rooms: which are valid, and which belong to the server.
 *
 * Every name that a stranger sends has to pass here, and every user id, since it becomes part of a room's name. Pure; knows
 * nothing of who is in a room.
 */
export const MAX_ROOM_NAME_LENGTH = 255;

/** What a name that {@link isRoomName} refuses is told. */
export const ROOM_NAME_RULE =
  `must be a room name: 1 to ${MAX_ROOM_NAME_LENGTH} characters, no control characters, not "*"`;

/**
 * Control characters, and halves of a surrogate pair: native topics and Redis keys are UTF-8, where every lone half
 * becomes the same replacement character, so two such names would be one room.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** 1 to 255 UTF-16 code units, no control characters, well-formed, and not `*`, the name of everybody. */
export function isRoomName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_ROOM_NAME_LENGTH && name !== "*" && !UNPRINTABLE.test(name);
}

/** The namespace of Socket.IO a room belongs to, as its name says: `/chat,lobby`. */
export function namespaceOf(name: string, namespaces: readonly string[]): string | undefined {
  if (name.charCodeAt(0) !== 0x2f) return undefined;
  return namespaces.find((namespace) => name.startsWith(namespace) && name[namespace.length] === ",");
}

/** `personal` user:{id}, `group` group:{id}, `presence` presence:{id}: joined by the server only. */
export type RoomKind = "personal" | "group" | "presence" | "custom";

/** Whether it is a room that people join and may be told who is in; everybody's room is not. */
export function hasMembers(name: string): boolean {
  return name !== "*" && typeOfRoom(name) === "custom";
}

export function typeOfRoom(name: string): RoomKind {
  if (name.startsWith("user:")) return "personal";
  if (name.startsWith("group:")) return "group";
  if (name.startsWith("presence:")) return "presence";
  return "custom";
}
