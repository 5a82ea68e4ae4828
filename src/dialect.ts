/**
 * Contract of a wire protocol spoken to clients: dialects/*.ts.
 *
 * A dialect is a stateless translator: a frame in, commands out; a reply or an event in, frames out. It touches no
 * socket, no hub and no clock, so a table of frames tests and documents the whole of it.
 */
import type { Command, Frame, Identity, Member, Reply, RoomEvent } from "./message.ts";

export const DIALECT_NAMES = ["envelope", "socketio", "kebab", "snake", "plain"] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** What a connection is told first. */
export interface Greeting {
  id: string;
  timestamp: number;
  self: Member;
  identity?: Identity;
  /** Personal and group rooms it is already in. */
  rooms: string[];
  limits: Limits;
}

/** What a connection may do; 0 is without a limit. */
export interface Limits {
  /** Frames a second, and at once. */
  rate: number;
  burst: number;
  bytesPerSecond: number;
  /** Of a message. */
  maxBytes: number;
  rooms: number;
  joinsPerSecond: number;
}

export interface Dialect<Input = Frame> {
  /** Also the head of its topics: `kebab:lobby`. */
  readonly name: string;
  /** Its clients bring their token with the URL: one that has none where one is required is turned away. */
  readonly needsToken?: boolean;
  /** What the names of its rooms begin with for the rest of Parley, where they are apart from the others: `/chat,`. */
  readonly roomPrefix?: string;
  /** The first frame of every connection. */
  greet?(greeting: Greeting): Frame;
  /** Throws ParleyError (`bad_message`, `unsupported_type`, `forbidden`), with `ref` if the frame could be read that far. */
  decode(input: Input): Command[];
  /** No frames: this dialect has no such reply. */
  encodeReply(reply: Reply): Frame[];
  /** No frames: this dialect has no such event. Called once per event, whatever the number of members. */
  encodeEvent(event: RoomEvent): Frame[];
  /** Only of a connection that is still undecided: the dialect its frame decides for, if it does. */
  decide?(input: Input): DialectName | undefined;
}

/** Any dialect, where it does not matter what it decodes: its own transport hands it the input. */
export type AnyDialect = Dialect<never>;

/** By name; `undecided` stands for a connection whose first frames will tell. */
export type Dialects = Readonly<Record<DialectName | "undecided", AnyDialect>>;
