/**
 * A connection to `/ws` that has not shown yet which dialect it speaks.
 *
 * It is spoken to in kebab, whose name and topics it has, until a frame that only one dialect knows; the gateway asks
 * {@link Dialect.decide} before it decodes. Only `authenticate` and its answer serve all dialects at once.
 */
import type { Dialect, DialectName } from "../dialect.ts";
import type { Frame, Reply } from "../message.ts";
import { decoder, parseFrame } from "./frame.ts";
import { kebab, KEBAB_FRAMES, kebabRef } from "./kebab.ts";
import { readAuthenticate } from "./plain.ts";
import { toJson } from "./shapes.ts";

/** Types that one dialect alone knows. */
const TELLING = new Map<unknown, DialectName>([
  ...["join", "leave", "user_list"].map((type) => [type, "plain"] as const),
  ...["join_room", "leave_room", "typing_start", "typing_stop"].map((type) => [type, "snake"] as const),
  ...["join-room", "leave-room", "typing-start", "typing-stop"].map((type) => [type, "kebab"] as const),
]);

/** `enabled`: a frame of a dialect that is switched off decides nothing. */
export function undecided(enabled: readonly DialectName[]): Dialect {
  return {
    name: kebab.name,
    greet: kebab.greet,
    decode: decoder({ ...KEBAB_FRAMES, authenticate: readAuthenticate }, kebabRef),
    encodeReply,
    encodeEvent: kebab.encodeEvent,
    decide(frame) {
      const shown = shownBy(frame);
      return shown !== undefined && enabled.includes(shown) ? shown : undefined;
    },
  };
}

function shownBy(frame: Frame): DialectName | undefined {
  try {
    const { type, room } = parseFrame(frame);
    if (type !== "message") return TELLING.get(type);
    return typeof room === "string" ? "plain" : "kebab";
  } catch {
    // A frame that cannot be read shows nothing; decoding it next says what is wrong with it.
    return undefined;
  }
}

function encodeReply(reply: Reply): Frame[] {
  if (reply.kind !== "authenticated") return kebab.encodeReply(reply);
  const { id, user, name, email } = reply.identity;
  return [toJson({ type: "authenticated", userId: id, email, user_id: user, username: name })];
}
