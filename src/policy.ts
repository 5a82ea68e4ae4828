/**
 * Contract of who decides what a client may do: policies/*.ts and the guards of dialects.
 *
 * A policy is asked and answers with a verdict. It sends nothing, and nothing of the server changes by its answer but what
 * the verdict says. A question that it has no method for is not its business, and asking costs nothing then.
 * Every question may wait; a policy that answers at once is answered at once, without a promise.
 */
import { type ErrorCode, ParleyError } from "./errors.ts";
import type { MaybePromise } from "./maybe.ts";
import type { Identity, Member, PublishCommand, SignalCommand, StreamPosition, Target, UserId } from "./message.ts";

/** Yes, with what it grants beside; or no, and why. */
export type Verdict<Terms = object> = ({ readonly allow: true } & Terms) | Denial;

export interface Denial {
  readonly allow: false;
  readonly code: ErrorCode;
  /** For people. */
  readonly message: string;
  /** In milliseconds. */
  readonly retryAfter?: number;
  /** The policy that refused, for the log: `reserved`, `dialect`, `rule`, `program`. */
  readonly by: string;
}

export const ALLOWED: { readonly allow: true } = Object.freeze({ allow: true });

/** Who asks: a connection, one that is about to be, or whoever calls over HTTP. */
export interface Asker {
  /** Of the connection; `server` over HTTP. */
  readonly id: string;
  /** Absent for guests. */
  readonly identity?: Identity;
  readonly member: Member;
  readonly dialect: { readonly name: string; readonly roomPrefix?: string };
  readonly rooms: readonly { readonly name: string }[];
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  isIn(room: string): boolean;
}

/** What a client came with. */
export interface Arrival {
  /** Of the handshake, its query included. */
  readonly url: URL;
  readonly headers: Headers;
  /** The payload of Socket.IO's CONNECT; empty in other dialects. */
  readonly auth: Readonly<Record<string, unknown>>;
}

export interface ConnectTerms {
  /** Who it is, in place of what its token says. */
  readonly identity?: Identity;
}

export interface JoinTerms {
  /** How the room sees it, where that differs from its identity. It is not an identity: no right follows from it. */
  readonly member?: MemberTerms;
  /** False: it may listen only, until it joins anew. */
  readonly publish?: boolean;
}

export interface MemberTerms {
  readonly user?: UserId;
  readonly name?: string;
  /** What the others are shown of it beside. */
  readonly info?: unknown;
}

export interface PublishTerms {
  /** Goes out in place of the message's own. */
  readonly data?: unknown;
}

/** An event of the application's own, for which there is no meaning here. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  /** Present if the client asked for an acknowledgement: the first call counts. */
  readonly acknowledge?: (...values: unknown[]) => void;
}

/** How a connection has ended. */
export interface ConnectionEnd {
  readonly code: number;
  readonly reason: string;
}

export interface Policy {
  /** Stands as `by` in its refusals. */
  readonly name: string;
  /** Before the upgrade is granted, and at each CONNECT of Socket.IO; `who` has the identity of its token, if that was good. */
  connect?(who: Asker, arrival: Arrival): MaybePromise<Verdict<ConnectTerms>>;
  /** It was let in and greeted; its frames wait until this settles. */
  connected?(who: Asker, arrival: Arrival): MaybePromise<unknown>;
  /** One that it was told of with `connected` has closed; `who` is as it was then. */
  disconnect?(who: Asker, end: ConnectionEnd): MaybePromise<unknown>;
  join?(who: Asker, room: string, request: { since?: StreamPosition }): MaybePromise<Verdict<JoinTerms>>;
  /** Of a room that it is not in. */
  read?(who: Asker, room: string, what: "history" | "presence"): MaybePromise<Verdict>;
  /**
   * A message, or a signal that carries content of its sender's. With `to`, `user` or `broadcast` the target's room is
   * only context.
   */
  publish?(who: Asker, target: Target, message: PublishCommand | SignalCommand): MaybePromise<Verdict<PublishTerms>>;
  /** False: it does not know the event. */
  call?(who: Asker, call: Call): MaybePromise<boolean>;
}

/** What a verdict grants; throws the ParleyError that says its refusal. */
export function termsOf<Terms>(
  verdict: Verdict<Terms>,
  detail: { room?: string; reason?: string } = {},
): { readonly allow: true } & Terms {
  if (verdict.allow) return verdict;
  const { code, message, retryAfter, by } = verdict;
  throw new ParleyError(code, message, { ...detail, retryAfter, by });
}

/** The room that a message goes into; undefined: it goes to somebody, or to everybody. */
export function roomAimedAt({ room, to, user, broadcast }: Target): string | undefined {
  return to === undefined && user === undefined && broadcast === undefined ? room : undefined;
}
