/**
 * call: an event of the application's own. The policies are asked who knows it; the embedding program's handlers are there.
 */
import type { Handler } from "./handler.ts";
import { ParleyError } from "../errors.ts";
import { after } from "../maybe.ts";
import { cutText } from "../unicode.ts";

export const call: Handler<"call"> = (hub, connection, { name, args, ref }) => {
  let isAnswered = false;
  const acknowledge = (...values: unknown[]) => {
    if (isAnswered) return;
    isAnswered = true;
    hub.reply(connection, { kind: "result", values }, ref);
  };
  const known = hub.policies.call(connection, { name, args, acknowledge: ref === undefined ? undefined : acknowledge });
  return after(known, (isKnown) => {
    if (isKnown) return;
    throw new ParleyError("unsupported_type", `Cannot serve event "${cutText(name, 64)}": nobody handles it`);
  });
};
