/**
 * One client on this node: its socket, dialect, identity, rooms, and the bucket that limits its frames.
 *
 * Made by the gateway, changed only by the hub and the commands. There may be a hundred thousand of these: fields only,
 * no closure, no timer and no collection that an idle connection does not need.
 */
import type { Socket } from "./adapter.ts";
import type { AnyDialect } from "./dialect.ts";
import type { Identity, Member, RoomEvent } from "./message.ts";
import type { RoomKind } from "./room_name.ts";

/** Why a connection is not served yet: it has to authenticate first, by this time (ms since 1970). */
export interface AuthenticationDeadline {
  byMs: number;
}

/** A room, as far as its member needs to know it. */
export interface JoinedRoom {
  readonly name: string;
  readonly kind: RoomKind;
}

export interface WaitingFrames {
  /** Each with its size on the wire. */
  readonly frames: { input: unknown; bytes: number }[];
  bytes: number;
}

export interface ConnectionOptions {
  id: string;
  socket: Socket;
  dialect: AnyDialect;
  address: string;
  /** The room of the URL: what a frame without a room means. */
  pathRoom?: string;
  /** Frames the bucket holds at first. */
  burst: number;
}

export class Connection {
  readonly id: string;
  readonly socket: Socket;
  readonly address: string;
  readonly createdAt = Date.now();
  readonly pathRoom?: string;
  dialect: AnyDialect;
  identity?: Identity;
  /** How rooms and receivers see it. */
  member: Member;
  /** Reserved rooms included; few, so an array. */
  readonly rooms: JoinedRoom[] = [];
  /** False as soon as its end is known. */
  isOpen = true;
  /** Whether it hears what is said to everybody. */
  isAdmitted = false;
  /** Whether the embedding program was told of it. */
  isIntroduced = false;
  deadline?: AuthenticationDeadline;
  failedAuthentications = 0;
  /** A token of its is being checked: neither its deadline nor its old token's end counts meanwhile. */
  isAuthenticating = false;
  /** Frames that wait for an unfinished command; undefined while there is none. */
  waiting?: WaitingFrames;
  /** Since when its buffer has not been empty, in ms since 1970; 0: it is empty. */
  stalledSince = 0;
  lastBroadcastAt = 0;
  #tokens: number;
  #refilledAt = this.createdAt;
  #refusals = 0;
  #firstRefusalAt = 0;

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.socket = options.socket;
    this.dialect = options.dialect;
    this.address = options.address;
    this.pathRoom = options.pathRoom;
    this.#tokens = options.burst;
    this.member = { connection: options.id, name: guestName(options.id) };
  }

  /** The key of its user; a guest stands for itself. */
  get user(): string {
    return this.identity?.user ?? this.id;
  }

  isIn(room: string): boolean {
    for (const joined of this.rooms) if (joined.name === room) return true;
    return false;
  }

  /** Sends an event to this connection alone. */
  tell(event: RoomEvent): void {
    for (const frame of this.dialect.encodeEvent(event)) this.socket.send(frame);
  }

  /** Takes one frame out of the bucket: 0, or the milliseconds until the next one is allowed. */
  takeToken(rate: number, burst: number): number {
    if (rate === 0) return 0;
    const now = Date.now();
    // A clock may be set back.
    const passedMs = Math.max(0, now - this.#refilledAt);
    this.#tokens = Math.min(burst, this.#tokens + passedMs * rate / 1000);
    this.#refilledAt = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    return Math.ceil((1 - this.#tokens) * 1000 / rate);
  }

  /** Counts a refused frame; true when there were more than `limit` within ten seconds. */
  refuse(limit: number): boolean {
    const now = Date.now();
    if (now - this.#firstRefusalAt > 10_000) {
      this.#firstRefusalAt = now;
      this.#refusals = 0;
    }
    return ++this.#refusals > limit;
  }
}

/** `guest-` and six hex digits that belong to the connection. */
function guestName(id: string): string {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x9e3779b1) >>> 0;
  return `guest-${(hash >>> 8).toString(16).padStart(6, "0")}`;
}
