/**
 * Contract between Engine.IO and whoever decides on its sessions: who may begin one, and what is counted of it.
 *
 * For each session the order is admit → enter → leave.
 */
import type { MaybePromise } from "../../maybe.ts";
import type { EngineRequest } from "./request.ts";

export interface SessionGrant {
  /**
   * What the host wants to remember of the client: the request is gone afterwards, and the session hands this back. It
   * lives as long as the session does, so it should be small.
   */
  client: unknown;
}

/** A session whose frames wait for its next poll. */
export interface BufferingSession {
  /** Ends it, and what waits is lost. */
  drop(): void;
}

export interface SessionHost {
  /**
   * Whether a new session may begin: a Response refuses it (origin, rate, limits, draining), in plain HTTP. It reserves
   * nothing, for the peer may be gone before the session begins. Must not reject.
   */
  admit(asked: EngineRequest): MaybePromise<Response | SessionGrant>;
  /**
   * Whether a session that has begun may get a WebSocket: a Response refuses it (origin, rate), in plain HTTP, and the
   * session goes on without. Must not throw.
   */
  admitUpgrade(asked: EngineRequest): Response | undefined;
  /** A session was asked for that another node began, as its id says; anybody can make such an id. */
  misrouted?(node: string): void;
  /** A session has begun. */
  enter(client: unknown): void;
  /** It has ended, and so has all that outlived it: exactly once per `enter`. */
  leave(client: unknown): void;
  /** So many bytes wait for the session's next poll, 0: none any more. It may be dropped right away. */
  buffered?(client: unknown, session: BufferingSession, bytes: number): void;
}
