/**
 * Names that no custom signal may have.
 *
 * A custom signal reaches other dialects as a frame type or an event of its own name, so with the name of a frame that
 * any of them has a client could forge a frame of the server. Each dialect declares its own names; all.ts joins them.
 */
import { ParleyError } from "../errors.ts";
import { quote } from "./frame.ts";

export type IsReserved = (name: string) => boolean;

/** Throws ParleyError `forbidden` for a name that belongs to the server. */
export function refuseReserved(name: string, isReserved: IsReserved): void {
  if (isReserved(name)) {
    throw new ParleyError("forbidden", `Cannot send the event: the name ${quote(name)} belongs to the server`);
  }
}

/** The `reserved` of a dialect whose names are these. */
export function reserving(...names: string[]): IsReserved {
  const reserved: ReadonlySet<string> = new Set(names);
  return (name) => reserved.has(name);
}
