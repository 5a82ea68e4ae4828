/**
 * The heartbeat of one session: a ping an interval after its last pong, and the session's end if no pong comes in time.
 *
 * The time for the pong runs from when the ping was due, whether or not a poll has carried it.
 */
import type { Deadlines, Expiring } from "./deadlines.ts";
import { PING } from "./codec.ts";
import type { Frame } from "../../message.ts";

/** When pings and pongs of all sessions are due. */
export interface HeartbeatDeadlines {
  readonly pings: Deadlines;
  readonly pongs: Deadlines;
}

export interface Pinged {
  send(frame: Frame): boolean;
  pingTimedOut(): void;
}

export class Heartbeat implements Expiring {
  readonly #deadlines: HeartbeatDeadlines;
  readonly #session: Pinged;
  #awaitsPong = false;

  constructor(deadlines: HeartbeatDeadlines, session: Pinged) {
    this.#deadlines = deadlines;
    this.#session = session;
    deadlines.pings.set(this);
  }

  /** A ping is due, or a pong has not come. */
  expired(dueAt: number): void {
    if (this.#awaitsPong) return this.#session.pingTimedOut();
    this.#awaitsPong = true;
    this.#deadlines.pongs.set(this, dueAt);
    this.#session.send(PING);
  }

  /** False: no ping has asked for it, so it does not postpone the next one. */
  pong(): boolean {
    if (!this.#awaitsPong) return false;
    this.#awaitsPong = false;
    this.#deadlines.pongs.delete(this);
    this.#deadlines.pings.set(this);
    return true;
  }

  stop(): void {
    this.#deadlines.pings.delete(this);
    this.#deadlines.pongs.delete(this);
  }
}
