/**
 * The members of this node, as presence entered them: what has to be entered again when the engine lost it, and whom to
 * name when somebody leaves.
 */
import type { Member } from "../../message.ts";

export class LocalMembers {
  readonly #rooms = new Map<string, Map<string, Member>>();

  get(room: string, connection: string): Member | undefined {
    return this.#rooms.get(room)?.get(connection);
  }

  set(room: string, member: Member): void {
    const members = this.#rooms.get(room);
    if (members) members.set(member.connection, member);
    else this.#rooms.set(room, new Map([[member.connection, member]]));
  }

  /** The member that was there. */
  delete(room: string, connection: string): Member | undefined {
    const members = this.#rooms.get(room);
    const member = members?.get(connection);
    if (members?.delete(connection) && members.size === 0) this.#rooms.delete(room);
    return member;
  }

  has(room: string): boolean {
    return this.#rooms.has(room);
  }

  get rooms(): string[] {
    return [...this.#rooms.keys()];
  }

  of(room: string): Member[] {
    return [...this.#rooms.get(room)?.values() ?? []];
  }

  clear(): void {
    this.#rooms.clear();
  }
}
