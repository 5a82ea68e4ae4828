/**
 * What an embedding program can hang into the server. Every hook may be asynchronous; a hook that throws refuses with
 * the thrown ParleyError, or with `internal`.
 */
import type { MaybePromise } from "./maybe.ts";
import type { UserId } from "./message.ts";

/** A connection, as hooks and the library see it. */
export interface Client {
  readonly id: string;
  /** Absent for guests. */
  readonly userId?: UserId;
  readonly name: string;
  readonly dialect: string;
  readonly rooms: readonly string[];
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** What a client came with. */
export interface Arrival {
  /** The payload of Socket.IO's CONNECT, credentials included; empty in other dialects. */
  readonly auth: Readonly<Record<string, unknown>>;
}

export interface Hooks {
  /**
   * Whom a token of the program's own names, in the claims of a JWT: `{sub, name?, groups?, rooms?, roles?, exp?}`.
   * `undefined`: it is for the configured keys to judge. A thrown ParleyError `unauthorized` refuses it.
   */
  onToken?(token: string): MaybePromise<Readonly<Record<string, unknown>> | undefined>;
  onConnect?(client: Client, arrival: Arrival): MaybePromise<void>;
  /** `false` refuses with `forbidden`. */
  onJoin?(client: Client, room: string): MaybePromise<void | boolean>;
  /** Before a message from a client goes out: `false` refuses with `forbidden`, `{data}` replaces its data. */
  onMessage?(
    client: Client,
    message: { room?: string; to?: string; data: unknown },
  ): MaybePromise<void | boolean | { data: unknown }>;
  /** `code`: see the table of close codes. */
  onDisconnect?(client: Client, code: number, reason: string): MaybePromise<void>;
}

/** Acknowledges an event: the first call counts. */
export type Acknowledge = (...values: unknown[]) => void;

/**
 * Takes an event of the program's own: `(from, ...args)`, and `(from, ...args, ack)` if the client asked for an
 * acknowledgement. That is what `ack` is called with first, or else what the handler returns, unless it is `undefined`.
 * What an event carries is agreed between the program and its clients: `Args` is the program's word for it.
 */
export type EventHandler<Args extends unknown[] = never[]> = (from: Client, ...args: Args) => MaybePromise<unknown>;
