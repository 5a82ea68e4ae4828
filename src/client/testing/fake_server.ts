/**
 * A server for tests. Clients reach it through `platform`; nothing happens, in it or in them, but while `advance` turns the
 * clock, or because one of the methods here makes it happen.
 */
import type { MessageData, MessageFrame } from "../frames.ts";
import type { Platform } from "../platform.ts";
import { Clock } from "./clock.ts";
import { FakeSocket } from "./fake_socket.ts";
import { FakeHub } from "./hub.ts";
import { type TokenContent, unsignedToken } from "./identity.ts";
import type { RefusalReason } from "./refusal.ts";

export interface FakeServerOptions {
  /** Where its clock begins, in milliseconds since 1970. Default: the same in every run, at the start of the year 2030. */
  startAt?: number;
  /** How long a frame is under way, in either direction. Default 0. */
  latencyMs?: number;
  /** How many messages a room keeps. Default 100. */
  historySize?: number;
  /** Default: every room but those of other users. */
  mayJoin?(user: string, room: string): boolean;
}

/** A connection of a client. */
export interface FakeConnection {
  readonly id: string;
  readonly user: string;
  readonly rooms: readonly string[];
}

const START = Date.UTC(2030, 0);
const GOING_AWAY = 1001;
const KICKED = 4403;

export class FakeServer {
  /** For the option of that name of `createClient`. */
  readonly platform: Partial<Platform>;
  readonly #clock: Clock;
  readonly #hub: FakeHub;
  readonly #page = new EventTarget();
  #isOnline = true;
  #isStopped = false;

  constructor(options: FakeServerOptions = {}) {
    const { startAt = START, latencyMs = 0, historySize = 100, mayJoin = isOwnOrOpen } = options;
    const clock = this.#clock = new Clock(startAt);
    const hub = this.#hub = new FakeHub({ clock, latencyMs, historySize, mayJoin });
    this.platform = {
      WebSocket: class extends FakeSocket {
        constructor(url: string, protocols: readonly string[] = []) {
          super(url, protocols, hub);
        }
      },
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      now: clock.now,
      events: this.#page,
      isOnline: () => this.#isOnline,
    };
  }

  // ---- time ----

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#clock.now();
  }

  /** Turns the clock: timers run and frames arrive, in their order. 0: what is due by now, and all that follows of it. */
  advance(ms = 0): Promise<void> {
    return this.#clock.advance(ms);
  }

  /** Time passes and nothing happens, as for a laptop that is closed; it is opened when the clock is turned. */
  sleep(ms: number): void {
    this.#clock.sleep(ms);
  }

  /** A token that the server takes. `expiresInMs`: from now on. */
  tokenOf(user: string, { expiresInMs, ...content }: Omit<TokenContent, "expiresAt"> & { expiresInMs?: number } = {}) {
    return unsignedToken(user, {
      ...content,
      expiresAt: expiresInMs === undefined ? undefined : this.now + expiresInMs,
    });
  }

  // ---- what goes wrong ----

  /** Connections end without a farewell, and what is under way is lost; of one user, or all. */
  cut(user?: string): void {
    for (const socket of this.#socketsOf(user)) socket.end();
  }

  /** The machine of the clients has lost its network: they know, and every connection is cut. `false` brings it back. */
  setOffline(isOffline: boolean): void {
    this.#isOnline = !isOffline;
    this.#listen();
    if (isOffline) this.cut();
    this.#page.dispatchEvent(new Event(isOffline ? "offline" : "online"));
  }

  /** Goes away in good order; until `start` nobody answers. What rooms keep is there again afterwards. */
  stop(): void {
    this.#isStopped = true;
    this.#listen();
    const data = { message: "The server is going away", reconnect: true };
    for (const session of this.#hub.sessions.keys()) session.tell({ type: "system_notification", data });
    for (const socket of this.#hub.sessions.values()) socket.closeWith(GOING_AWAY, "Server going away");
  }

  start(): void {
    this.#isStopped = false;
    this.#listen();
  }

  /** All messages are lost, and the members of each room are told. */
  forget(): void {
    this.#hub.forget();
  }

  /** Turns everybody away who comes from now on, until `admit`. */
  refuse(why: RefusalReason, { retryAfterMs }: { retryAfterMs?: number } = {}): void {
    this.#hub.closed = { why, retryAfter: retryAfterMs };
  }

  admit(): void {
    this.#hub.closed = undefined;
  }

  /** Ends the connections of a user for good, and lets none of it in for so long. */
  kick(user: string, { blockedForMs = 0 }: { blockedForMs?: number } = {}): void {
    if (blockedForMs > 0) this.#hub.blocked.set(user, this.now + blockedForMs);
    for (const socket of this.#socketsOf(user)) socket.closeWith(KICKED, blockedForMs > 0 ? "blocked" : "kicked");
  }

  // ---- what the server says, and knows ----

  /** An ordinary message from the server itself. A string becomes `{text}`. Returns its id. */
  publish(room: string, data: unknown): string {
    const id = this.#hub.newId();
    const message: MessageFrame = {
      type: "message",
      id,
      message_id: id,
      from: "server",
      username: "server",
      room,
      timestamp: this.now,
      data: (typeof data === "string" ? { text: data } : data) as MessageData,
    };
    this.#hub.room(room).append(message);
    this.#hub.room(room).tell(message);
    return id;
  }

  /** An event of the application's own, to everybody in a room, or to the connections of a user. */
  tell(target: { room: string } | { user: string }, type: string, data: unknown): void {
    const room = "room" in target ? target.room : `user:${target.user}`;
    this.#hub.room(room).tell({ type, data });
  }

  /** The newest that the room keeps, oldest first. */
  messages(room: string): readonly MessageFrame[] {
    return this.#hub.room(room).messages;
  }

  get connections(): readonly FakeConnection[] {
    return [...this.#hub.sessions.keys()].map(({ id, user, rooms }) => ({ id, user, rooms }));
  }

  #listen(): void {
    this.#hub.isDown = this.#isStopped || !this.#isOnline;
  }

  #socketsOf(user: string | undefined): FakeSocket[] {
    const all = [...this.#hub.sessions];
    return all.filter(([session]) => user === undefined || session.user === user).map(([, socket]) => socket);
  }
}

function isOwnOrOpen(user: string, room: string): boolean {
  return !/^(user|group|presence):/.test(room) || room === `user:${user}`;
}
