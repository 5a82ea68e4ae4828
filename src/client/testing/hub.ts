/**
 * The inside of a fake server: who is connected, the rooms, and who gets in.
 */
import type { Clock } from "./clock.ts";
import { FakeRoom, type FakeRoomOptions, type Unstamped } from "./fake_room.ts";
import type { Acceptor, FakeSocket } from "./fake_socket.ts";
import { identityOf } from "./identity.ts";
import { refusalOf, type RefusalReason } from "./refusal.ts";
import { Refused } from "./refused.ts";
import { Repeats } from "./repeats.ts";
import { Session, type SessionHost } from "./session.ts";
import { Statuses } from "./statuses.ts";

export interface HubOptions {
  clock: Clock;
  latencyMs: number;
  historySize: number;
  mayJoin(user: string, room: string): boolean;
}

/** A refusal for everybody. */
export interface Closed {
  why: RefusalReason;
  retryAfter?: number;
}

/** As the server's settings are by default; of these the size alone is held. */
const LIMITS = { rate: 50, burst: 100, bytesPerSecond: 262_144, maxBytes: 65_536, rooms: 100, joinsPerSecond: 10 };

const BEARER = "parley.bearer.";

export class FakeHub implements SessionHost, Acceptor {
  readonly clock: Clock;
  readonly latencyMs: number;
  readonly limits = LIMITS;
  readonly statuses: Statuses;
  readonly repeats: Repeats;
  readonly mayJoin: SessionHost["mayJoin"];
  readonly sessions = new Map<Session, FakeSocket>();
  /** Until when, in milliseconds since 1970. */
  readonly blocked = new Map<string, number>();
  /** There is nobody at the port. */
  isDown = false;
  closed?: Closed;
  readonly #roomOptions: FakeRoomOptions;
  readonly #rooms = new Map<string, FakeRoom>();
  #serial = 0;

  constructor({ clock, latencyMs, historySize, mayJoin }: HubOptions) {
    this.clock = clock;
    this.latencyMs = latencyMs;
    this.mayJoin = mayJoin;
    this.#roomOptions = { size: historySize, newId: () => this.newId(), now: clock.now };
    this.statuses = new Statuses(clock.now, (user) => this.sessionsOf(user).length > 0);
    this.repeats = new Repeats(clock.now);
  }

  sessionsOf(user: string): Session[] {
    return [...this.sessions.keys()].filter((session) => session.user === user);
  }

  newId(): string {
    return `fake-${++this.#serial}`;
  }

  room(name: string): FakeRoom {
    let room = this.#rooms.get(name);
    if (!room) this.#rooms.set(name, room = new FakeRoom(name, this.#roomOptions));
    return room;
  }

  /** All messages are gone; the members of each room are told. */
  forget(): void {
    for (const room of this.#rooms.values()) room.reset();
  }

  accept(socket: FakeSocket, protocols: readonly string[]): void {
    if (this.isDown) return socket.end();
    const token = protocols.find((name) => name.startsWith(BEARER))?.slice(BEARER.length) ??
      socket.url.searchParams.get("token") ?? undefined;
    const identity = identityOf(token);
    const blockedUntil = identity && this.blocked.get(identity.user);
    const now = this.clock.now();
    if (this.closed) return this.#refuse(socket, protocols, this.closed);
    if (!identity) return this.#refuse(socket, protocols, { why: "unauthorized" });
    if (identity.expiresAt <= now) return this.#refuse(socket, protocols, { why: "token_expired" });
    if (blockedUntil !== undefined && blockedUntil > now) {
      return this.#refuse(socket, protocols, { why: "blocked", retryAfter: blockedUntil - now });
    }
    const session = new Session(this, socket, identity);
    const isFirst = this.sessionsOf(identity.user).length === 0;
    this.sessions.set(session, socket);
    socket.peer = session;
    socket.open();
    session.welcome();
    if (isFirst) this.#tellFollowers(session);
  }

  /** By frame and code if the client wants it so; another one only sees the try fail. */
  #refuse(socket: FakeSocket, protocols: readonly string[], { why, retryAfter }: Closed): void {
    if (!protocols.includes("parley.refusal")) return socket.end();
    const { data, closeCode, closeReason } = refusalOf(why, retryAfter);
    socket.open();
    socket.tell({ type: "error", id: this.newId(), data, timestamp: this.clock.now() });
    socket.closeWith(closeCode, closeReason);
  }

  direct(to: string, frame: Unstamped, sender: Session): void {
    const all = [...this.sessions.keys()];
    const one = all.find(({ id }) => id === to);
    const found = one ? [one] : all.filter(({ user }) => user === to);
    if (found.length === 0) throw new Refused("not_found", `Cannot reach "${to}": no such user or connection is here`);
    const room = one ? undefined : `user:${to}`;
    for (const session of found) if (session !== sender) session.tell({ ...frame, room });
  }

  announceStatus(session: Session): void {
    const rooms = new Set(this.sessionsOf(session.user).flatMap(({ rooms }) => rooms));
    for (const name of rooms) if (!this.room(name).isReserved) this.#tellStatus(this.room(name), session);
    this.#tellFollowers(session);
  }

  gone(session: Session): void {
    this.sessions.delete(session);
    if (this.sessionsOf(session.user).length > 0) return;
    this.statuses.forget(session.user);
    this.#tellFollowers(session);
  }

  #tellFollowers(session: Session): void {
    this.#tellStatus(this.room(`presence:${session.user}`), session);
  }

  #tellStatus(room: FakeRoom, { id, user }: Session): void {
    const { status, metadata } = this.statuses.of(user);
    const data = { userId: user, user_id: user, status, metadata, timestamp: this.clock.now() };
    room.tell({ type: "presence", from: id, data });
  }
}
