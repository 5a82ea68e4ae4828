/**
 * HTTP answers that the gateway and http/ share: an error as JSON with its code.
 */
import type { ParleyError } from "../errors.ts";
import { toWellFormedJson } from "../unicode.ts";

/** `{error, code, retryAfter?}` with the status of the code; a wait is also said in `Retry-After`, in seconds. */
export function errorResponse(error: ParleyError, headers: Record<string, string> = {}): Response {
  const { message, code, retryAfter, status } = error;
  const response = jsonResponse({ error: message, code, retryAfter }, { status, headers });
  if (retryAfter !== undefined) response.headers.set("retry-after", String(Math.ceil(retryAfter / 1000)));
  return response;
}

/** As Response.json, in well-formed Unicode. */
export function jsonResponse(value: unknown, init: { status: number; headers: Record<string, string> }): Response {
  const headers = { "content-type": "application/json", ...init.headers };
  return new Response(toWellFormedJson(value), { ...init, headers });
}
