/**
 * Whom the members here know to be in one room. Joins and leaves that were published while a connection was away are lost;
 * when it is back, what is known is compared with what the engine knows, and the difference is told. It also makes joins and
 * leaves idempotent: one that changes nothing is told to nobody.
 *
 * One for each subscribed room. It is complete once a roster was read, and follows nobody while the room is too large.
 */
import type { RoutedEvent } from "../../broker.ts";
import type { Member, MembershipEvent, MemberUpdatedEvent, Roster } from "../../message.ts";

/** Rooms of more members are not followed. */
export const MAX_KNOWN = 500;

/** What is different from what was known. */
type MemberChange =
  | Pick<MembershipEvent, "kind" | "member" | "edge" | "members" | "users" | "announcing">
  | Pick<MemberUpdatedEvent, "kind" | "member">;

export class KnownMembers {
  /** Before it is complete: what changed since the subscription; undefined stands for one who left. */
  #members: Map<string, Member | undefined> | undefined = new Map();
  #isComplete = false;
  /** Who was heard of while a comparison is under way. */
  #heard: Set<string> | undefined;

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** False: it changes nothing, nobody needs to be told. */
  apply(event: MembershipEvent | MemberUpdatedEvent): boolean {
    return event.kind === "member_updated" ? this.#update(event) : this.#move(event);
  }

  #update({ member }: MemberUpdatedEvent): boolean {
    const { connection } = member;
    this.#heard?.add(connection);
    const before = this.#members?.get(connection);
    if (before || !this.#isComplete) this.#members?.set(connection, member);
    return !before || !isShownAs(before, member);
  }

  #move({ kind, member, identityOnly, members }: MembershipEvent): boolean {
    if (members > MAX_KNOWN) {
      this.#giveUp();
      return true;
    }
    this.#members ??= new Map();
    const { connection } = member;
    this.#heard?.add(connection);
    if (identityOnly) {
      if (kind === "join") this.#members.set(connection, member);
      return true;
    }
    const isIn = this.#members.get(connection) !== undefined;
    if (kind === "join") {
      this.#members.set(connection, member);
      return !isIn;
    }
    if (!this.#isComplete) this.#members.set(connection, undefined);
    else this.#members.delete(connection);
    return isIn || !this.#isComplete;
  }

  /** The first roster that was read, of the time after the subscription. */
  complete({ list, members }: Roster): void {
    if (this.#isComplete || !this.#members) return;
    if (members > MAX_KNOWN) return this.#giveUp();
    if (list.length < members) return;
    const known = new Map<string, Member | undefined>(list.map((member) => [member.connection, plain(member)]));
    for (const [connection, member] of this.#members) {
      if (member) known.set(connection, member);
      else known.delete(connection);
    }
    this.#members = known;
    this.#isComplete = true;
  }

  /** Before a roster is read to be compared. */
  startComparing(): void {
    this.#heard = new Set();
  }

  /** What has to be told, leaves first; whoever was heard of since the start is known better than by the roster. */
  compare({ list, members, announcing }: Roster): MemberChange[] {
    const heard = this.#heard ?? new Set();
    this.#heard = undefined;
    const known = this.#members;
    if (!known || !this.#isComplete || list.length < members) return [];
    const present = new Map(list.map((member) => [member.connection, plain(member)]));
    const changes: MemberChange[] = [];
    for (const [connection, member] of known) {
      if (!member || present.has(connection) || heard.has(connection)) continue;
      known.delete(connection);
      changes.push({ kind: "leave", member, edge: !hasUser(known, member), ...counts(known), announcing });
    }
    for (const [connection, member] of present) {
      if (heard.has(connection)) continue;
      const before = known.get(connection);
      if (before && isShownAs(before, member)) continue;
      if (before) {
        known.set(connection, member);
        changes.push({ kind: "member_updated", member });
        continue;
      }
      const edge = !hasUser(known, member);
      known.set(connection, member);
      changes.push({ kind: "join", member, edge, ...counts(known), announcing });
    }
    return changes;
  }

  #giveUp(): void {
    this.#members = undefined;
    this.#isComplete = false;
  }
}

/** A change as the event that would have told it. */
export function changeEvent(room: string, change: MemberChange, head: { id: string; timestamp: number }): RoutedEvent {
  return { room, event: { room, ...change, ...head }, except: change.member.connection };
}

/** Without the status that a roster adds. */
function plain({ status: _status, ...member }: Roster["list"][number]): Member {
  return member;
}

function isShownAs({ info: one }: Member, { info: other }: Member): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function hasUser(known: Map<string, Member | undefined>, { user }: Member): boolean {
  if (user === undefined) return false;
  for (const member of known.values()) {
    if (member?.user !== undefined && String(member.user) === String(user)) return true;
  }
  return false;
}

function counts(known: Map<string, Member | undefined>): { members: number; users: number } {
  const users = new Set<string>();
  for (const [connection, member] of known) {
    users.add(member?.user === undefined ? ` ${connection}` : String(member.user));
  }
  return { members: known.size, users: users.size };
}
