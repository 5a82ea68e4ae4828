/**
 * A connection to a path that several dialects share, which has not shown yet which of them it speaks.
 *
 * It is spoken to in one of them, whose name and topics it has, until a frame that only one dialect knows; the dispatcher
 * asks {@link Dialect.decide} before it decodes. Only `authenticate` and its answer serve all dialects at once.
 */
import type { AnyDialect, Dialect } from "../dialect.ts";
import type { Frame, Reply } from "../message.ts";
import { decoder, type JsonDialect, parseFrame, readAuthenticate } from "./frame.ts";
import { toJson } from "./shapes.ts";

/** `among`: the dialects that are spoken there; one that is switched off is shown by nothing. */
export function undecided(spoken: JsonDialect, among: readonly AnyDialect[]): Dialect {
  return {
    name: spoken.name,
    greet: spoken.greet,
    decode: decoder({ ...spoken.frames, authenticate: readAuthenticate }, spoken.refOf),
    encodeReply: (reply) => encodeReply(spoken, reply),
    encodeEvent: spoken.encodeEvent,
    decide(frame) {
      const fields = fieldsOf(frame);
      return fields && among.find((dialect) => dialect.isShownBy?.(fields));
    },
  };
}

/** None: a frame that cannot be read shows nothing; decoding it next says what is wrong with it. */
function fieldsOf(frame: Frame): Record<string, unknown> | undefined {
  try {
    return parseFrame(frame);
  } catch {
    return undefined;
  }
}

function encodeReply(spoken: Dialect, reply: Reply): Frame[] {
  if (reply.kind !== "authenticated") return spoken.encodeReply(reply);
  const { id, user, name, email } = reply.identity;
  return [toJson({ type: "authenticated", userId: id, email, user_id: user, username: name })];
}
