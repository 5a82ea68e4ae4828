/**
 * call: an event of the embedding program's own, answered by the handler it registered.
 */
import type { Handler } from "../command.ts";
import { ParleyError } from "../errors.ts";
import { clientOf } from "../hub.ts";
import { after } from "../maybe.ts";

export const call: Handler<"call"> = (hub, connection, { name, data, ref }) => {
  const handler = hub.handlers.get(name);
  if (!handler) {
    throw new ParleyError("unsupported_type", `Cannot serve event "${name.slice(0, 64)}": nobody handles it`);
  }
  let answered = false;
  const answer = (result: unknown) => {
    if (answered) return;
    answered = true;
    hub.reply(connection, { kind: "result", result }, ref);
  };
  return after(handler(clientOf(connection), data, answer), (result) => {
    if (result !== undefined) answer(result);
    // One that does not take `answer` has said all it will: who waits is told that it was served.
    else if (handler.length < 3) answer({ ok: true });
  });
};
