/**
 * Errors of the client: ordinary `Error`s with a stable `code`, so that an application can switch on it and word its own
 * toast. Codes of the server (`forbidden`, `room_full`, `rate_limited`, …) are passed on as they are.
 */

export type ClientErrorCode =
  /** The connection failed or was lost; a retry follows unless the state is `closed`. */
  | "disconnected"
  /** The application closed the client. */
  | "closed"
  | "max_attempts"
  /** There is no fresher token to ask for. */
  | "token_expired"
  /** The server's policy is against this client, most often a bad token. */
  | "refused"
  | "kicked"
  /** The token function threw, or the page may not open such a WebSocket; the cause says which. */
  | "connect_failed"
  /** No answer in time; the message may have arrived. */
  | "timeout"
  /** Too many messages wait for a connection. */
  | "queue_full"
  /** A frame on the wire was over the server's limit. */
  | "too_large"
  /** Data that its schema rejects; the issues are the cause. */
  | "invalid_data"
  /** A listener of the application threw, or a frame is no JSON; what was thrown is the cause. */
  | "unexpected";

export interface ClientError extends Error {
  code: ClientErrorCode | (string & Record<never, never>);
  /** Milliseconds after which a retry can succeed. */
  retryAfter?: number;
}

/** `attempted` is what was tried; the message adds what stood in the way. */
export function clientError(code: string, attempted: string, cause?: unknown): ClientError {
  return Object.assign(new Error(`${attempted}: ${code}`, { cause }), { code });
}
