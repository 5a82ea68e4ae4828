/**
 * What the members of a room on this node have been shown of who is in.
 *
 * A list takes time to read, and events go on meanwhile: the broker may answer with a list from before or after them. So
 * they are noted, and the list is corrected by them.
 */
import type { Member, MembershipEvent, MemberUpdatedEvent, PresenceEvent, Roster, Status } from "../message.ts";

export class RoomView {
  /** Whether the room announces, by the newest that was heard; undefined before anything was. */
  announcing: boolean | undefined;
  /** When the list was told last, on the clock of `performance.now()`. */
  toldAtMs = -Infinity;
  reading: RosterReading | undefined;
}

/** What is heard of a room from the asking for its roster to the answer. It is newer, or in the answer too. */
export class RosterReading {
  /** Undefined stands for one who left. */
  readonly #moved = new Map<string, Member | undefined>();
  readonly #statuses = new Map<string, Status>();
  #last: MembershipEvent | undefined;

  hear(event: MembershipEvent | MemberUpdatedEvent | PresenceEvent): void {
    if (event.kind === "presence") {
      this.#statuses.set(userKeyOf(event.from), event.status);
      return;
    }
    if (event.kind === "member_updated") {
      this.#moved.set(event.member.connection, event.member);
      return;
    }
    if (event.kind === "join") this.#moved.set(event.member.connection, event.member);
    else if (!event.identityOnly) this.#moved.set(event.member.connection, undefined);
    this.#last = event;
  }

  /** The roster after all that was heard; what is heard next continues it. */
  complete(roster: Roster): Roster {
    const announcing = roster.announcing && this.#last?.announcing !== false;
    if (!announcing) return { ...roster, ...countsOf(this.#last ?? roster), list: [], announcing };
    if (!this.#last && this.#moved.size === 0 && this.#statuses.size === 0) return roster;
    const isWhole = roster.list.length === roster.members;
    const list = this.#corrected(roster.list);
    const counts = isWhole
      ? { members: list.length, users: new Set(list.map(userKeyOf)).size }
      : countsOf(this.#last ?? roster);
    return { list, ...counts, announcing };
  }

  #corrected(listed: Roster["list"]): Roster["list"] {
    const list: Roster["list"] = [];
    const known = new Map(listed.map((each) => [each.connection, each]));
    for (const [connection, member] of this.#moved) {
      if (member) known.set(connection, { ...known.get(connection), ...member });
      else known.delete(connection);
    }
    for (const member of known.values()) {
      const status = this.#statuses.get(userKeyOf(member));
      list.push(status === undefined ? member : { ...member, status });
    }
    return list;
  }
}

function countsOf({ members, users }: Pick<Roster, "members" | "users">): Pick<Roster, "members" | "users"> {
  return { members, users };
}

function userKeyOf({ user, connection }: Member): string {
  return String(user ?? connection);
}
