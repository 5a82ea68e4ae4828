/**
 * Errors of the client: ordinary `Error`s with a stable `code`, so that an application can switch on it and word its own
 * toast, and with a sentence for those that do not. Codes of the server (`forbidden`, `room_full`, `rate_limited`, …) and
 * its sentences are passed on as they are.
 */

export type ClientErrorCode =
  /** The open connection was lost; a retry follows. */
  | "disconnected"
  /** Nothing that speaks to this client answers at the URL: a dead port and a wrong path look the same. A retry follows. */
  | "unreachable"
  /** The server goes away, or says that it has no place (`full`), too many attempts (`rate`), no broker. A retry follows. */
  | "draining"
  | "full"
  | "rate"
  | "broker"
  /** The application closed the client. */
  | "closed"
  /** The tries that `maxAttempts` allows have failed; the cause is the last failure. */
  | "max_attempts"
  /** The server does not take the token, and there is no other to ask for. */
  | "token_expired"
  | "unauthorized"
  /** The user may not connect for now (`retryAfter`), or was just sent away to stay away. */
  | "blocked"
  /** Pages of this origin may not connect. */
  | "origin"
  /** The server's policy is against this client. */
  | "refused"
  | "kicked"
  /** The token function threw, or this platform cannot open such a WebSocket; the cause says which. */
  | "connect_failed"
  /** It was said by a user whom the client does not speak for any more. */
  | "signed_out"
  /** No answer in time; the message may have arrived. */
  | "timeout"
  /** Too many messages wait for a connection. */
  | "queue_full"
  /** A frame was over the server's limit; it was not sent, and nothing else was hurt. */
  | "too_large"
  /** Data that its schema rejects; the issues are the cause. */
  | "invalid_data"
  /** A listener of the application threw, or a frame is not JSON; what was thrown is the cause. */
  | "unexpected";

export interface ClientError extends Error {
  code: ClientErrorCode | (string & Record<never, never>);
  /** Milliseconds after which a retry can succeed. */
  retryAfter?: number;
}

/** What an error frame of the server says. */
export interface Refusal {
  code: string;
  message: string;
  retryAfter?: number;
  /** Which of several causes it is: why a connection was not let in. */
  reason?: string;
  /** The id of the frame that is refused; without it the connection is meant. */
  request?: string;
}

/** `attempted` is what was tried; the message adds what stood in the way: what the cause says of it, else the code. */
export function clientError(code: string, attempted: string, cause?: unknown): ClientError {
  const { reason, message } = Object(cause);
  return withCode(`Cannot ${attempted}: ${reason || message || code.replace("_", " ")}`, cause, { code });
}

/** In the words of the server. */
export function refusalError(refusal: Refusal, code = refusal.code): ClientError {
  return withCode(refusal.message, refusal, { code, retryAfter: refusal.retryAfter });
}

function withCode(message: string, cause: unknown, fields: Pick<ClientError, "code" | "retryAfter">): ClientError {
  return Object.assign(new Error(message, { cause }), fields);
}
