/**
 * What an application may set, with the default of every setting.
 */
import type { Backoff } from "./backoff.ts";
import type { ClientError } from "./client_error.ts";
import type { Platform } from "./platform.ts";
import type { Schemas } from "./schema.ts";
import type { TokenSource } from "./token.ts";

export interface ClientOptions {
  /** Default: none, for pages whose cookie says who they are. */
  token?: TokenSource;
  backoff?: Backoff;
  /** Retries after one loss before the client closes with `max_attempts`. Default: no end. */
  maxAttempts?: number;
  /** How long one try may take until the server's greeting. Default 15 000. */
  connectTimeoutMs?: number;
  /** Time without a connection, tries included, after which `onSlowConnect` is called. Default 30 000. */
  slowConnectMs?: number;
  /** How long an answer to a frame on the wire may take. Default 10 000. */
  ackTimeoutMs?: number;
  /** Messages kept while there is no connection; the next one is rejected with `queue_full`. Default 256. */
  queueSize?: number;
  /** Silence after which the server is asked for a sign of life. Default 25 000. */
  heartbeatMs?: number;
  /** How long that sign may take. Default 10 000. */
  heartbeatTimeoutMs?: number;
  /** Messages a room keeps for its renderers, beside those that `history` loaded. Default 500. */
  maxMessages?: number;
  /** Checks `data` of an event by its name before anyone sees it. */
  schemas?: Schemas;
  /** Every failure, also those that a promise rejects with nobody waiting for it. */
  onError?(error: ClientError): void;
  onSlowConnect?(): void;
  /** Logs every frame and state to the console. `window.socketDebug = true` turns it on at any time. */
  debug?: boolean;
  platform?: Partial<Platform>;
}
