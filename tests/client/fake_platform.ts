/**
 * A world for the client in which nothing happens by itself: sockets that a test opens and closes, a clock that a test
 * turns, chance that is always the same, and a page that goes on- and offline when told to.
 */
import type { Refusal } from "../../src/client/client_error.ts";
import type { ServerFrame } from "../../src/client/frames.ts";
import type { Platform, SocketLike } from "../../src/client/platform.ts";
import { Clock } from "../../src/client/testing/clock.ts";

export { settled } from "../../src/client/testing/clock.ts";

interface SentFrame {
  type: string;
  id: string;
  room?: string;
  data: Record<string, unknown>;
}

const BEARER = "parley.bearer.";

export class FakeSocket implements SocketLike {
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  readonly url: URL;
  readonly protocols: readonly string[];
  /** What the client wrote. */
  readonly sent: SentFrame[] = [];
  closedWith?: number;

  constructor(url: string, protocols: readonly string[] = []) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  /** The token that the client came with. */
  get token(): string | undefined {
    return this.protocols.find((name) => name.startsWith(BEARER))?.slice(BEARER.length);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.closedWith = code ?? 1005;
  }

  /** The server speaks. */
  say(frame: Partial<ServerFrame>): void {
    this.onmessage?.({ data: JSON.stringify({ id: "s", timestamp: 0, ...frame }) });
  }

  greet(connection_id = "c1", timestamp = 0, more: object = {}): void {
    const data = { connection_id, user_id: "u1", rooms: [], ...more };
    this.say({ type: "system_notification", data, timestamp });
  }

  /** The connection ends, by the server or by accident (1006). */
  drop(code = 1006, reason = ""): void {
    this.onclose?.({ code, reason });
  }

  /** The server lets the client in to tell it why not. */
  refuse(code: number, data: Refusal): void {
    this.say({ type: "error", data });
    this.drop(code);
  }

  /** The last frame of a type or, for `system`, of an action. */
  last(name: string): SentFrame {
    const found = this.sent.findLast((frame) => frame.type === name || frame.data?.action === name);
    if (!found) throw new Error(`no "${name}" among ${JSON.stringify(this.sent)}`);
    return found;
  }

  count(name: string): number {
    return this.sent.filter((frame) => frame.type === name || frame.data?.action === name).length;
  }

  /** Lets the client into a room it asked for. */
  admit(room: string, data: Record<string, unknown> = {}): void {
    this.say({ type: "room_joined", id: this.last("join").id, room, data: { room, members: [], total: 0, ...data } });
  }
}

export class FakePlatform implements Platform {
  readonly sockets: FakeSocket[] = [];
  readonly WebSocket: Platform["WebSocket"];
  readonly events = new EventTarget();
  online = true;
  chance = 0.5;
  readonly #clock = new Clock(0);

  constructor() {
    const { sockets } = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string, protocols: readonly string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    };
  }

  readonly now = this.#clock.now;
  readonly setTimeout = this.#clock.setTimeout;
  readonly clearTimeout = this.#clock.clearTimeout;
  readonly random = (): number => this.chance;
  readonly isOnline = (): boolean => this.online;

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("the client made no socket");
    return socket;
  }

  /** Waits that are pending. */
  get pending(): number {
    return this.#clock.pending;
  }

  /** Turns the clock, runs what falls due in order, and lets promises settle. */
  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  /** The machine sleeps: time passes, timers do not run until it wakes. */
  async sleep(ms: number): Promise<void> {
    this.#clock.sleep(ms);
    await this.advance(0);
  }

  /** `isHidden`: what the document says of itself. */
  page(event: "online" | "offline" | "visibilitychange", isHidden = false): void {
    if (event === "online" || event === "offline") this.online = event === "online";
    Object.assign(this.events, { hidden: isHidden });
    this.events.dispatchEvent(new Event(event));
  }
}
