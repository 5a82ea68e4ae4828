/**
 * One client on this node: its socket, dialect, identity, rooms, and how much it has sent of late.
 *
 * There may be a hundred thousand of these: fields only, no closure, no timer and no collection that an idle connection
 * does not need.
 */
import type { Socket } from "../adapter.ts";
import type { AnyDialect } from "../dialect.ts";
import type { FrameQueue } from "./frame_queue.ts";
import { guestName } from "./guest_name.ts";
import type { Command, Frame, Identity, Member, Reply, RoomEvent } from "../message.ts";
import type { RoomKind } from "../room_name.ts";

/** Why a connection is not served yet: it has to authenticate first, by this time. */
export interface AuthenticationDeadline {
  byMs: number;
}

/** A room, as far as its member needs to know it. */
export interface JoinedRoom {
  readonly name: string;
  readonly kind: RoomKind;
  /**
   * How the room sees the connection: as itself, unless the verdict of its join said otherwise. Whatever is said into the
   * room is from this member. It is not an identity: no right follows from it.
   */
  memberOf(connection: Connection): Member;
  /** False: it may only listen here. */
  maySpeak(connection: Connection): boolean;
}

export interface ConnectionOptions {
  id: string;
  socket: Socket;
  dialect: AnyDialect;
  /** What the dialect keeps of it. */
  state?: unknown;
  address: string;
  /** The room of the URL: what a frame without a room means. */
  pathRoom?: string;
}

export class Connection {
  readonly id: string;
  readonly socket: Socket;
  readonly address: string;
  /** Milliseconds since 1970; every other time here is on the clock of `performance.now()`, which is never set back. */
  readonly createdAt = Date.now();
  readonly openedAtMs = performance.now();
  readonly pathRoom?: string;
  dialect: AnyDialect;
  /** What the dialect keeps of it, and nobody else looks at. */
  readonly state?: unknown;
  identity?: Identity;
  /** How receivers see it, and rooms that do not see it otherwise: {@link JoinedRoom.memberOf}. */
  member: Member;
  /** Reserved rooms included; few, so an array. */
  readonly rooms: JoinedRoom[] = [];
  /** False as soon as its end is known. */
  isOpen = true;
  /** The server's own code for its end, where its client was told another. */
  closedWith?: number;
  /** Whether it hears what is said to everybody. */
  hearsBroadcasts = false;
  /** It was let in and greeted: whoever heard of that hears of its end. */
  isGreeted = false;
  /** The version of the room rules that its rooms were last held to. */
  heldToRules = 0;
  deadline?: AuthenticationDeadline;
  /** When its frames were first served, on the clock of `performance.now()`; undefined: they wait for its welcome. */
  welcomedAtMs?: number;
  failedAuthentications = 0;
  /** A token of its is being checked: neither its deadline nor its old token's end counts meanwhile. */
  isAuthenticating = false;
  /** Frames that wait; undefined while there is nothing to wait for. */
  queue?: FrameQueue;
  /** Since when its buffer has not been empty; 0: it is empty. */
  stalledSince = 0;
  lastBroadcastAtMs = -Infinity;
  /** As a guest it has said how it is: that is forgotten with it, since no user will come back to it. */
  hasGuestStatus = false;
  /** When the bucket of its frames will be full again; this and the next ones by the clock of Rates, which sets them. */
  framesUntilMs = 0;
  bytesUntilMs = 0;
  /** Of its joins and leaves. */
  movesUntilMs = 0;
  /** Of what it reads of histories and lists: see ReadRate. */
  readsUntilMs = 0;
  toldOfDropsAtMs = -Infinity;
  #refusals = 0;
  #firstRefusalMs = -Infinity;

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.socket = options.socket;
    this.dialect = options.dialect;
    this.state = options.state;
    this.address = options.address;
    this.pathRoom = options.pathRoom;
    this.member = { connection: options.id, name: guestName(options.id) };
  }

  /** The key of its user; a guest stands for itself. */
  get user(): string {
    return this.identity?.user ?? this.id;
  }

  /** The room of this name, if it is in it. */
  joined(room: string): JoinedRoom | undefined {
    for (const joined of this.rooms) if (joined.name === room) return joined;
    return undefined;
  }

  isIn(room: string): boolean {
    return this.joined(room) !== undefined;
  }

  /** Who says what it says into the room. */
  memberIn(room: string): Member {
    return this.joined(room)?.memberOf(this) ?? this.member;
  }

  /** See {@link Dialect.decode}. */
  decode(input: unknown): Command[] {
    return this.dialect.decode(input as never, this.state as never);
  }

  /** See {@link Dialect.encodeReply}. */
  encodeReply(reply: Reply): Frame[] {
    return this.dialect.encodeReply(reply, this.state as never);
  }

  /** With the code that its dialect has for one of the server's own; what is counted and logged is the server's. */
  close(code: number, reason: string): void {
    const shown = this.dialect.closeCode?.(code, reason) ?? code;
    if (shown !== code) this.closedWith = code;
    this.socket.close(shown, reason);
  }

  /** Sends an event to this connection alone. */
  tell(event: RoomEvent): void {
    for (const frame of this.dialect.encodeEvent(event)) this.socket.send(frame);
  }

  /** Counts a refused frame; true when there were more than `limit` within ten seconds. */
  countViolation(nowMs: number, limit: number): boolean {
    if (nowMs - this.#firstRefusalMs > 10_000) {
      this.#firstRefusalMs = nowMs;
      this.#refusals = 0;
    }
    return ++this.#refusals > limit;
  }
}
