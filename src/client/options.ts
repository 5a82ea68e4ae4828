/**
 * What an application may set, with the default of every setting, and what is wrong with what it sets.
 */
import type { Backoff } from "./backoff.ts";
import type { ClientError } from "./client_error.ts";
import type { Platform } from "./platform.ts";
import type { Schemas } from "./schema.ts";
import { bearer, type TokenSource } from "./token.ts";

export interface ClientOptions {
  /** Default: none, for pages whose cookie says who they are. It is sent in a subprotocol, never in the URL. */
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

/** What counts where nothing is given, and what kind of value each option has. */
export const DEFAULTS = {
  token: "" as TokenSource,
  backoff: {},
  minMs: 1000,
  maxMs: 30_000,
  jitter: true,
  maxAttempts: Infinity,
  connectTimeoutMs: 15_000,
  slowConnectMs: 30_000,
  ackTimeoutMs: 10_000,
  queueSize: 256,
  heartbeatMs: 25_000,
  heartbeatTimeoutMs: 10_000,
  maxMessages: 500,
  schemas: {} as Schemas,
  onError(_error: ClientError): void {},
  onSlowConnect(): void {},
  debug: false,
  platform: {} as Partial<Platform>,
};

/** Every option with its value; those of `backoff` stand among the others. */
export type Settings = typeof DEFAULTS;

/** Throws TypeError for a name that is not an option, and for a value that it does not take; null and undefined are not given. */
export function settingsOf(options: ClientOptions): Settings {
  const settings: Settings & Record<string, unknown> = { ...DEFAULTS };
  for (const [name, value] of Object.entries({ ...options, ...options.backoff })) {
    if (value === undefined || value === null) continue;
    const kind = typeof value;
    const isOne = kind === typeof (DEFAULTS as Record<string, unknown>)[name] || name + kind === "tokenfunction";
    if (!isOne || Number(value) < 0 || Number.isNaN(value)) {
      throw new TypeError(`Cannot use the option ${name}: ${kind}`);
    }
    settings[name] = value;
  }
  if (typeof settings.token === "string") bearer(settings.token);
  return settings;
}
