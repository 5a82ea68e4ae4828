/**
 * How many rooms there are on this node and of what size, counted as members come and go: the public status page must not
 * walk over all of them. Rooms tell it of every change of their size; the node reads it for its figures.
 */
import type { RoomKind } from "../room_name.ts";
import { Histogram } from "./metrics.ts";

/** Upper bounds, in members on this node. */
const ROOM_SIZES = [1, 2, 5, 10, 25, 50, 100, 500, 1000, 5000, 10_000];

export class RoomCensus {
  /** Rooms with members here; those that follow a user's status are not shown to anybody outside. */
  rooms = 0;
  readonly #sizes = new Histogram(ROOM_SIZES);

  /** A room had `before` members and has `now`. */
  resized(kind: RoomKind, before: number, now: number): void {
    if (kind === "presence") return;
    this.rooms += Number(now > 0) - Number(before > 0);
    if (kind === "personal") return;
    if (before > 0) this.#sizes.withdraw(before);
    if (now > 0) this.#sizes.observe(now);
  }

  series(): Record<string, number> {
    return { parley_rooms: this.rooms, ...this.#sizes.series("parley_room_members") };
  }
}
