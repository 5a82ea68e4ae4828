/**
 * What an error says about trying again: nothing at all will help, this store is not the one to ask, or this one call can
 * never succeed. Everything else is a store that is away, and answers later.
 */
import { ParleyError } from "../../errors.ts";

/** Trying again cannot help: the credentials or the server are wrong. */
export function isFatal(error: Error): boolean {
  return error.name === "ParleyError" ||
    /^(WRONGPASS|NOAUTH|NOPERM|ERR (AUTH|invalid password|DB index))/i.test(error.message);
}

/** It answers and cannot serve: it is a replica by now, or has not read its data yet. Before Redis 7 scripts wrap it. */
const NOT_SERVING = /(^|[\s-])(READONLY|LOADING|MASTERDOWN) /;
/** What a full or busy Redis says, too, begins like a fault of the call where a script wraps it. */
const PASSING = /(^|[\s-])(OOM|BUSY|MISCONF|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED|ASK) /;

/** It is not the store to ask any more: the client has to connect to the address again. */
export function isNotServing(error: unknown): boolean {
  return error instanceof Error && NOT_SERVING.test(error.message);
}

/** A key holds what no Parley put there. */
export function isForeignValue(error: unknown): boolean {
  return error instanceof Error && (error.message.includes("WRONGTYPE") || isForeignStream(error));
}

/** It is a stream that goes on behind every id of ours. */
export function isForeignStream(error: unknown): boolean {
  return error instanceof Error && error.message.includes("XADD is equal or smaller");
}

/** Redis understood the call and will never carry it out; a ParleyError is judged by its cause. */
export function canNeverSucceed(error: unknown): boolean {
  if (error instanceof ParleyError) return canNeverSucceed(error.cause);
  if (!(error instanceof Error) || isNotServing(error) || PASSING.test(error.message)) return false;
  return /^(ERR|WRONGTYPE) /.test(error.message);
}
