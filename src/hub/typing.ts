/**
 * Who is typing where, so that typing stops by itself: when it is not renewed, and when the connection goes.
 *
 * It has no timer: somebody has to ask for what has run out. While nobody types it holds nothing.
 */
import type { Connection } from "./connection.ts";

/** Typing that is not renewed stops after this. */
const TYPING_MS = 6000;

/** Where somebody types, and with which event that is taken back. */
export interface Typing {
  connection: Connection;
  room: string;
  /** On the clock of `performance.now()`, as all times here. */
  expiresAtMs: number;
}

export class TypingClock {
  readonly #typing = new Map<string, Typing>();

  /** Started or renewed. */
  start(connection: Connection, room: string): void {
    this.#typing.set(keyOf(connection, room), { connection, room, expiresAtMs: performance.now() + TYPING_MS });
  }

  /** False: it was not typing there. */
  stop(connection: Connection, room: string): boolean {
    // Asked for every message: mostly nobody types.
    return this.#typing.size > 0 && this.#typing.delete(keyOf(connection, room));
  }

  /** Takes out what has run out by `nowMs`. */
  takeExpired(nowMs: number): Typing[] {
    const expired: Typing[] = [];
    // Renewing moves nothing in the map, so all of it is looked at; it holds only who types right now.
    for (const [key, typing] of this.#typing) {
      if (typing.expiresAtMs > nowMs) continue;
      this.#typing.delete(key);
      expired.push(typing);
    }
    return expired;
  }
}

function keyOf(connection: Connection, room: string): string {
  return `${connection.id} ${room}`;
}
