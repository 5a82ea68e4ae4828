/**
 * How often a user's status is told: the first change at once, later ones at the end of the second, the last wins.
 *
 * Holds only users who changed their status within the last second.
 */
import type { Connection } from "./connection.ts";

const PACE_MS = 1000;

interface Paced {
  connection: Connection;
  /** When the next change may be told, on the clock of `performance.now()`. */
  atMs: number;
  /** A change waits for it. */
  waiting: boolean;
  /** What was told last. */
  told?: string;
}

export class StatusThrottle {
  readonly #users = new Map<string, Paced>();

  /** True: tell it now. False: it will be among what is taken when it is due. */
  allow(connection: Connection): boolean {
    const paced = this.#users.get(connection.user);
    if (paced) {
      paced.connection = connection;
      paced.waiting = true;
      return false;
    }
    this.#users.set(connection.user, { connection, atMs: performance.now() + PACE_MS, waiting: false });
    return true;
  }

  /** False: just this was told last, so there is nothing to tell. */
  changed(user: string, said: string): boolean {
    const paced = this.#users.get(user);
    if (paced?.told === said) return false;
    if (paced) paced.told = said;
    return true;
  }

  /** Connections whose users' latest status is due to be told. */
  takeDue(nowMs: number): Connection[] {
    const due: Connection[] = [];
    for (const [user, paced] of this.#users) {
      if (paced.atMs > nowMs) continue;
      if (paced.waiting) {
        due.push(paced.connection);
        paced.waiting = false;
        paced.atMs = nowMs + PACE_MS;
      } else this.#users.delete(user);
    }
    return due;
  }
}
