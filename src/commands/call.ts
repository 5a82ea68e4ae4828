/**
 * call: an event of the embedding program's own, answered by the handler it registered.
 */
import type { Handler } from "./handler.ts";
import { ParleyError } from "../errors.ts";
import type { Acknowledge } from "../policies/program.ts";
import { clientOf } from "../hub/hub.ts";
import { after } from "../maybe.ts";
import { cutText } from "../unicode.ts";

export const call: Handler<"call"> = (hub, connection, { name, args, ref }) => {
  const handler = hub.handlers.get(name);
  if (!handler) {
    throw new ParleyError("unsupported_type", `Cannot serve event "${cutText(name, 64)}": nobody handles it`);
  }
  const from = clientOf(connection);
  if (ref === undefined) return after(handler(from, ...args as never[]), () => undefined);
  let answered = false;
  const ack: Acknowledge = (...values) => {
    if (answered) return;
    answered = true;
    hub.reply(connection, { kind: "result", values }, ref);
  };
  return after(handler(from, ...[...args, ack] as never[]), (result) => {
    if (result !== undefined) ack(result);
  });
};
