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

export interface Hooks {
  onConnect?(client: Client): MaybePromise<void>;
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

/** Answers an event of the program's own; what it returns, or hands to `ack`, is the client's acknowledgement. */
export type EventHandler = (from: Client, data: unknown, ack: (answer: unknown) => void) => MaybePromise<unknown>;
