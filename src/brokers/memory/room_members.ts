/**
 * The members of one room in memory, and how many connections of which user are among them.
 *
 * Most rooms are small (a personal room has one member), so a room is a plain list until it outgrows it.
 */
import type { Member } from "../../message.ts";

const SMALL = 8;

interface Index {
  byConnection: Map<string, Member>;
  /** Connections per user; guests are not in it. */
  byUser: Map<string, number>;
  guests: number;
}

/** The key under which a member's connections count as one; undefined: a guest, who counts alone. */
export function userOf(member: Member): string | undefined {
  return member.user === undefined ? undefined : String(member.user);
}

export class RoomMembers {
  /** Whether joins and leaves are told. */
  announcing = true;
  #list: Member[] = [];
  /** Instead of the list, once the room was large. */
  #index: Index | undefined;

  get size(): number {
    return this.#index ? this.#index.byConnection.size : this.#list.length;
  }

  /** How many users; each guest is one. */
  get users(): number {
    if (this.#index) return this.#index.byUser.size + this.#index.guests;
    let users = 0;
    for (const [at, member] of this.#list.entries()) {
      const user = userOf(member);
      if (user === undefined || this.#list.findIndex((other) => userOf(other) === user) === at) users++;
    }
    return users;
  }

  get(connection: string): Member | undefined {
    if (this.#index) return this.#index.byConnection.get(connection);
    return this.#list.find((member) => member.connection === connection);
  }

  hasUser(user: string): boolean {
    if (this.#index) return this.#index.byUser.has(user);
    return this.#list.some((member) => userOf(member) === user);
  }

  /** The connection must not be in yet. */
  add(member: Member): void {
    if (!this.#index && this.#list.length === SMALL) this.#outgrow();
    if (this.#index) enlist(this.#index, member);
    else this.#list.push(member);
  }

  /** The member that was in. */
  remove(connection: string): Member | undefined {
    const member = this.get(connection);
    if (!member) return undefined;
    if (this.#index) strike(this.#index, member);
    else this.#list.splice(this.#list.indexOf(member), 1);
    return member;
  }

  /** The same connection and user, otherwise as it is now. */
  replace(member: Member): void {
    if (this.#index) this.#index.byConnection.set(member.connection, member);
    else this.#list[this.#list.findIndex(({ connection }) => connection === member.connection)] = member;
  }

  /** In the order of entering. */
  [Symbol.iterator](): IterableIterator<Member> {
    return (this.#index?.byConnection ?? this.#list).values();
  }

  #outgrow(): void {
    this.#index = { byConnection: new Map(), byUser: new Map(), guests: 0 };
    for (const member of this.#list) enlist(this.#index, member);
    this.#list = [];
  }
}

function enlist(index: Index, member: Member): void {
  const user = userOf(member);
  index.byConnection.set(member.connection, member);
  if (user === undefined) index.guests++;
  else index.byUser.set(user, (index.byUser.get(user) ?? 0) + 1);
}

function strike(index: Index, member: Member): void {
  const user = userOf(member);
  index.byConnection.delete(member.connection);
  if (user === undefined) {
    index.guests--;
    return;
  }
  const left = index.byUser.get(user)! - 1;
  if (left === 0) index.byUser.delete(user);
  else index.byUser.set(user, left);
}
