/**
 * Telling a room as a whole who is in: when it begins or ceases to announce, while it does not announce and its total
 * changes, and when its members were lost and entered again.
 *
 * At most once in five seconds a room. Each node tells its own members, in the order of the events they hear, with one
 * encoding per dialect. This knows only when; the list itself is read when it is due.
 */
import type { MembershipEvent, MemberUpdatedEvent, PresenceEvent } from "../message.ts";
import type { Room } from "./room.ts";

const PACE_MS = 5_000;
/** Nodes that lost their members come back one after another; most of them within this time. */
const SETTLE_MS = 3_000;

export class Views {
  /** When each is to be told, on the clock of `performance.now()`. */
  readonly #due = new Map<Room, number>();

  /** An event of the room, before it is told. */
  note(room: Room, event: MembershipEvent | MemberUpdatedEvent | PresenceEvent): void {
    const { view } = room;
    view.reading?.hear(event);
    if (event.kind === "presence" || event.kind === "member_updated" || !room.announces) return;
    const { announcing } = event;
    const hasChanged = view.announcing !== undefined && view.announcing !== announcing;
    view.announcing = announcing;
    if (hasChanged || !announcing) this.#tellAfter(room, 0);
  }

  /** A connection here has become a member; its reply said whether the room announces. */
  joined(room: Room, announcing: boolean): void {
    const { view } = room;
    view.announcing ??= announcing;
    // What changed while it was on its way in is told to it too.
    if (view.announcing !== announcing || view.reading) this.#tellAfter(room, 0);
  }

  /** Its members were lost and entered again, or events of it were missed. */
  rebuilt(room: Room): void {
    this.#tellAfter(room, SETTLE_MS);
  }

  /** Takes out the rooms that are to be told by now. */
  takeDue(nowMs: number): Room[] {
    const rooms: Room[] = [];
    for (const [room, atMs] of this.#due) {
      if (atMs > nowMs) continue;
      this.#due.delete(room);
      rooms.push(room);
    }
    return rooms;
  }

  #tellAfter(room: Room, ms: number): void {
    if (!room.announces || this.#due.has(room)) return;
    this.#due.set(room, Math.max(performance.now() + ms, room.view.toldAtMs + PACE_MS));
  }
}
