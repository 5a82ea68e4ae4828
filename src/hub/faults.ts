/**
 * The one place that turns an unknown exception into `internal` plus a log line.
 */
import { ParleyError } from "../errors.ts";
import type { Log } from "../log.ts";

/** A ParleyError as it is; anything else is a fault of ours: logged whole, told to nobody. */
export function toParleyError(error: unknown, log: Log, where: Record<string, unknown>): ParleyError {
  if (error instanceof ParleyError) return error;
  log.error("a fault of the server", { ...where, error });
  return new ParleyError("internal", "Cannot do it: the server has a fault, which was logged");
}
