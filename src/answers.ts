/**
 * HTTP answers that the gateway and http/ share: an error as JSON with its code.
 */
import type { ParleyError } from "./errors.ts";

/** `{error, code, retryAfter?}` with the status of the code; a wait is also said in `Retry-After`, in seconds. */
export function errorResponse(error: ParleyError, headers: Record<string, string> = {}): Response {
  const { message, code, retryAfter, status } = error;
  const response = Response.json({ error: message, code, retryAfter }, { status, headers });
  if (retryAfter !== undefined) response.headers.set("retry-after", String(Math.ceil(retryAfter / 1000)));
  return response;
}
