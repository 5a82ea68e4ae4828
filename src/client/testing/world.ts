/**
 * What a connection of the fake server needs of it.
 */
import type { Clock } from "./clock.ts";
import type { FakeRoom, Unstamped } from "./fake_room.ts";
import type { Repeats } from "./repeats.ts";
import type { Session } from "./session.ts";
import type { Statuses } from "./statuses.ts";

export interface World {
  readonly clock: Clock;
  readonly limits: { readonly maxBytes: number };
  readonly statuses: Statuses;
  readonly repeats: Repeats;
  newId(): string;
  room(name: string): FakeRoom;
  mayJoin(user: string, room: string): boolean;
  /** To a connection or a user; throws `not_found`. */
  direct(to: string, frame: Unstamped, sender: Session): void;
  /** Into the rooms where the user is, and to followers. */
  announceStatus(session: Session): void;
  /** The connection is over. */
  gone(session: Session): void;
}
