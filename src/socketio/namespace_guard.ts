/**
 * Keeps the rooms of each Socket.IO namespace to those who speak in it: `/chat,lobby` may be named from inside `/chat`
 * only. From another namespace, another dialect and over HTTP it is forbidden, whatever the room's rule says.
 */
import { ALLOWED, type Asker, type Policy, roomAimedAt, type Verdict } from "../policy.ts";
import { namespaceOf } from "../room_name.ts";

const BY = "dialect";

/** `namespaces` beside `/`. */
export function namespaceGuard(namespaces: readonly string[]): Policy {
  const check = ({ dialect: { roomPrefix = "" } }: Asker, room: string): Verdict => {
    const name = room.startsWith(roomPrefix) ? room.slice(roomPrefix.length) : room;
    const namespace = namespaceOf(name, namespaces);
    if (namespace === undefined) return ALLOWED;
    const why = `names that begin with "${namespace}," belong to a namespace`;
    return { allow: false, code: "forbidden", message: `Cannot use room "${room}" here: ${why}`, by: BY };
  };
  return {
    name: BY,
    join: check,
    read: check,
    publish(who, target) {
      const room = roomAimedAt(target);
      return room === undefined ? ALLOWED : check(who, room);
    },
  };
}
