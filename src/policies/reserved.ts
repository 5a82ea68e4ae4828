/**
 * Reserved rooms: personal rooms, group rooms and those of followers. Only the server puts anybody into them; a group's
 * members may speak in its room. Nothing is kept there, and nobody is told who is in.
 */
import type { RoomRule } from "../config/config.ts";
import { ALLOWED, type Denial, type Policy, roomAimedAt } from "../policy.ts";
import { typeOfRoom } from "../room_name.ts";

/** What stands for a rule in all of them. */
export const RESERVED_RULE: RoomRule = {
  match: "",
  join: "nobody",
  publish: "nobody",
  presence: false,
  history: undefined,
  maxMembers: 0,
};

const BY = "reserved";

export const reservedRooms: Policy = {
  name: BY,
  join: (_who, room) => typeOfRoom(room) === "custom" ? ALLOWED : forbidden(`Cannot join room "${room}"`),
  read: (_who, room) => typeOfRoom(room) === "custom" ? ALLOWED : forbidden(`Cannot read room "${room}"`),
  publish(who, target) {
    const room = roomAimedAt(target);
    const kind = room === undefined ? "custom" : typeOfRoom(room);
    if (room === undefined || kind === "custom") return ALLOWED;
    if (kind !== "group") return forbidden(`Cannot publish to room "${room}"`);
    return who.isIn(room) ? ALLOWED : notJoined(room, BY);
  },
};

export function notJoined(room: string, by: string): Denial {
  return { allow: false, code: "not_joined", message: `Cannot publish to room "${room}": join it first`, by };
}

function forbidden(attempt: string): Denial {
  return { allow: false, code: "forbidden", message: `${attempt}: it is not allowed to you`, by: BY };
}
