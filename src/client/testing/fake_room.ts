/**
 * One room of the fake server: who is in, and the messages it keeps.
 */
import type { HistoryReply, JoinReply, MessageFrame, Position, RoomMember, ServerFrame } from "../frames.ts";

/** A connection, as a room sees it. */
export interface Member {
  readonly id: string;
  asMember(): RoomMember;
  tell(frame: Unstamped): void;
}

/** What is said to one is stamped on its way; into a room goes one frame for all. */
export type Unstamped = Omit<ServerFrame, "id" | "timestamp"> & Partial<ServerFrame>;

export interface FakeRoomOptions {
  size: number;
  newId(): string;
  now(): number;
}

const PAGE = 50;
const LONGEST_PAGE = 100;

export class FakeRoom {
  readonly name: string;
  readonly members = new Set<Member>();
  readonly #options: FakeRoomOptions;
  #epoch: string;
  #offset = 0;
  #kept: MessageFrame[] = [];

  constructor(name: string, options: FakeRoomOptions) {
    this.name = name;
    this.#options = options;
    this.#epoch = options.newId();
  }

  get position(): Position {
    return { epoch: this.#epoch, offset: this.#offset };
  }

  /** A room of one user, or of those who follow one: it tells nobody who comes and goes, and keeps nothing. */
  get isReserved(): boolean {
    return /^(user|group|presence):/.test(this.name);
  }

  tell(frame: Unstamped, except?: Member): void {
    const { newId, now } = this.#options;
    const stamped = { id: newId(), timestamp: now(), ...frame, room: this.name };
    for (const member of this.members) if (member !== except) member.tell(stamped);
  }

  enter(member: Member): void {
    if (this.members.has(member)) return;
    this.members.add(member);
    this.#announce("member_joined", member);
  }

  /** Whether it was in. */
  leave(member: Member): boolean {
    const wasIn = this.members.delete(member);
    if (wasIn) this.#announce("member_left", member);
    return wasIn;
  }

  #announce(action: string, member: Member): void {
    if (this.isReserved) return;
    const { connection_id, user_id, name } = member.asMember();
    const data = { action, connection_id, user_id, name, total: this.members.size, announcing: true };
    this.tell({ type: "room_update", data }, member);
  }

  /** Gives the message its place, and keeps it. */
  append(message: MessageFrame): void {
    this.#offset++;
    message.position = this.position;
    this.#kept = [...this.#kept, message].slice(-this.#options.size);
  }

  /** Its messages are lost; who is in is told. */
  reset(): void {
    this.#epoch = this.#options.newId();
    this.#offset = 0;
    this.#kept = [];
    if (!this.isReserved) this.tell({ type: "room_update", data: { action: "reset", position: this.position } });
  }

  get messages(): readonly MessageFrame[] {
    return this.#kept;
  }

  roster() {
    if (this.isReserved) return { members: [], total: 0, announcing: false };
    const members = [...this.members].map((member) => member.asMember());
    return { members, total: members.length, announcing: true };
  }

  /** What a join is answered with. */
  welcome(since: Position | undefined): JoinReply & { room: string } {
    const { name: room, position } = this;
    if (this.isReserved) return { room, ...this.roster() };
    if (!since) return { room, ...this.roster(), position };
    const messages = this.#after(since);
    return {
      room,
      ...this.roster(),
      position,
      recovered: messages !== undefined,
      messages: messages ?? [...this.#kept],
    };
  }

  page({ before, since, limit = PAGE }: { before?: Position; since?: Position; limit?: number }): HistoryReply {
    const size = Math.min(limit, LONGEST_PAGE);
    const after = since && this.#after(since);
    if (after) return { messages: after.slice(0, size), recovered: true, more: after.length > size };
    const isOver = before !== undefined && before.epoch !== this.#epoch;
    const older = isOver ? [] : this.#kept.filter(({ position }) => !before || position!.offset < before.offset);
    return { messages: older.slice(-size), recovered: !since && !isOver, more: older.length > size };
  }

  /** None: what came after it is not known any more, or never was. */
  #after({ epoch, offset }: Position): MessageFrame[] | undefined {
    const isKnown = epoch === this.#epoch && offset <= this.#offset && offset >= this.#offset - this.#kept.length;
    return isKnown ? this.#kept.filter(({ position }) => position!.offset > offset) : undefined;
  }
}
