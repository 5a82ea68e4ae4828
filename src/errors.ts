/**
 * The one error class, the table of its codes, how it is said over HTTP, and the table of close codes.
 *
 * Whatever refuses throws `ParleyError`: over a WebSocket it is answered in the speaker's dialect, over HTTP by `toHttp`.
 * Any other exception is a fault of ours, which `toParleyError` turns into `internal`, with a line in the log.
 */
import type { Log } from "./log.ts";
import { toWellFormedJson } from "./unicode.ts";

export const HTTP_STATUS = {
  bad_message: 400,
  unsupported_type: 400,
  unauthorized: 401,
  token_expired: 401,
  forbidden: 403,
  not_joined: 403,
  room_full: 403,
  not_found: 404,
  gone: 410,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
} as const;

export type ErrorCode = keyof typeof HTTP_STATUS;

export interface ErrorDetail {
  /** Milliseconds after which a retry can succeed. */
  retryAfter?: number;
  /** The room that the refused frame named. */
  room?: string;
  /** The id that the refused message had from its sender. */
  clientId?: string;
  /** Which of several causes it is, in one word: why a connection was not let in. */
  reason?: string;
  /** The policy that refused it, for the log. Clients learn it only as the `reason` of a connection that was not let in. */
  by?: string;
  /** What the dialect needs to address its answer, if the frame could be read that far. */
  ref?: unknown;
}

export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly code: ErrorCode;
  readonly retryAfter?: number;
  readonly room?: string;
  readonly clientId?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly ref?: unknown;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message);
    this.code = code;
    this.retryAfter = detail.retryAfter;
    this.room = detail.room;
    this.clientId = detail.clientId;
    this.reason = detail.reason;
    this.by = detail.by;
    this.ref = detail.ref;
  }

  /** The HTTP status that stands for the code. */
  get status(): number {
    return HTTP_STATUS[this.code];
  }
}

/** A ParleyError as it is; anything else is a fault of ours: logged whole, told to nobody. */
export function toParleyError(error: unknown, log: Log, where: Record<string, unknown>): ParleyError {
  if (error instanceof ParleyError) return error;
  log.error("a fault of the server", { ...where, error });
  return new ParleyError("internal", "Cannot do it: the server has a fault, which was logged");
}

/** What a message or a line of the log quotes of anything that was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

interface HttpExtras {
  /** Where HTTP has a more exact one than the code has. */
  status?: number;
  headers?: Record<string, string>;
}

/** `{error, code, retryAfter?}`; a wait is also said in `Retry-After`, in seconds. */
export function toHttp(error: ParleyError, { status = error.status, headers }: HttpExtras = {}): Response {
  const { message, code, retryAfter } = error;
  const response = new Response(toWellFormedJson({ error: message, code, retryAfter }), { status, headers });
  response.headers.set("content-type", "application/json");
  if (retryAfter !== undefined) response.headers.set("retry-after", String(Math.ceil(retryAfter / 1000)));
  // RFC 9110, section 15.5.2: a 401 names what it asks for.
  if (status === 401) response.headers.set("www-authenticate", "Bearer");
  return response;
}

/**
 * Why a connection ended. 4408 and 4409 are what logs, metrics and hooks say: such a peer does not read a close frame,
 * on the wire it sees 1006.
 */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  policy: 1008,
  tooLarge: 1009,
  internal: 1011,
  tryLater: 1013,
  tokenExpired: 4401,
  kicked: 4403,
  heartbeatTimeout: 4408,
  slowConsumer: 4409,
  tooManyMessages: 4429,
} as const;
