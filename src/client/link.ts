/**
 * One connection that comes back: the state machine between an application and a series of WebSockets.
 *
 *     idle → connecting → open ⇄ reconnecting → closed          close() leads to `closed` from everywhere
 *
 * It knows frames only as objects; the client above it knows what they mean. At any time it has at most one socket and at
 * most one timer that would make another.
 */
import { backoffMs } from "./backoff.ts";
import { clientError, type ClientErrorCode } from "./client_error.ts";
import { FINAL, GOING_AWAY, HEARTBEAT_TIMEOUT, TOKEN_EXPIRED } from "./close_codes.ts";
import { logger } from "./debug.ts";
import type { ServerFrame } from "./frames.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { ClientOptions } from "./options.ts";
import { type Platform, platformOf, type SocketLike } from "./platform.ts";
import { Timer } from "./timer.ts";
import { readToken, type TokenSource } from "./token.ts";

export type ConnectionState = "idle" | "connecting" | "open" | "reconnecting" | "closed";

export interface Status {
  readonly state: ConnectionState;
  /** Why the state is `closed`, or why the last connection or try ended. */
  readonly reason?: ClientErrorCode | "offline";
  /** Retries since the connection was lost. */
  readonly attempt: number;
  /** When the next try starts; absent while one is under way, and while offline. */
  readonly retryAt?: number;
  readonly connectionId?: string;
  readonly userId?: string;
}

const PAGE_EVENTS = ["online", "offline", "visibilitychange"];
/** A connection that lived this long was a good one: the next loss starts from the shortest wait. */
const STABLE_MS = 5000;

export abstract class Link {
  status: Status = { state: "idle", attempt: 0 };
  readonly options: ClientOptions;
  readonly platform: Platform;
  /** What the next connect will ask; `setToken` changes it. */
  token: TokenSource;
  readonly #url: URL;
  readonly #log: (...parts: unknown[]) => void;
  readonly #heartbeat: Heartbeat;
  /** Until the next try, or until the try under way has taken too long. */
  readonly #timer: Timer;
  readonly #slowTimer: Timer;
  #socket?: SocketLike;
  #serial = 0;
  #openedAt = 0;
  #isWaiting = false;

  /** Throws TypeError for a URL that is none. */
  constructor(url: string, options: ClientOptions) {
    this.#url = new URL(url, globalThis.location?.href ?? "http://localhost");
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#url.searchParams.set("dialect", "envelope");
    this.options = options;
    this.token = options.token;
    this.#log = logger(options.debug);
    const platform = this.platform = platformOf(options.platform);
    this.#timer = new Timer(platform);
    this.#slowTimer = new Timer(platform);
    this.#heartbeat = new Heartbeat(this, () => this.#lost(HEARTBEAT_TIMEOUT));
  }

  /** The server has greeted; `token` is what it was shown. */
  protected abstract opened(greeting: ServerFrame, token: string | null): void;
  /** May throw: it is told as a failure. */
  protected abstract received(frame: ServerFrame): void;
  /** The open connection is gone. */
  protected abstract lost(code: number): void;
  /** No connection will come by itself. */
  protected abstract ended(reason: ClientErrorCode): void;
  /** The status is another one. */
  protected abstract changed(): void;
  protected abstract failed(error: unknown): void;

  get isOpen(): boolean {
    return this.status.state === "open";
  }

  /** Now, whatever wait was under way. Without effect while a connection is open or being made. */
  connect(): void {
    const { state, attempt } = this.status;
    if (state === "idle" || state === "closed") {
      this.#watchPage("addEventListener");
      this.#watchSlowness();
      this.#change({ state: "connecting", attempt: 0 });
    } else if (this.#isWaiting) {
      this.#change({ state: "reconnecting", attempt });
    } else return;
    void this.#dial();
  }

  close(): void {
    if (this.status.state !== "closed") this.#lost(1000, "closed");
  }

  /** One frame on the open connection, as it is; `request` adds an id and waits for the answer. */
  write(text: string): void {
    this.#log("→", text);
    this.#socket?.send(text);
  }

  /** Makes sure that the other side is still there. */
  probe(): void {
    if (this.isOpen) this.#heartbeat.probe();
  }

  async #dial(): Promise<void> {
    const serial = ++this.#serial;
    this.#isWaiting = false;
    this.#timer.set(this.options.connectTimeoutMs ?? 15_000, () => this.#lost(0));
    try {
      const token = await readToken(this.token);
      if (serial === this.#serial) this.#open(token);
    } catch (error) {
      if (serial !== this.#serial) return;
      this.failed(clientError("connect_failed", "connect", error));
      this.#lost(0);
    }
  }

  #open(token: string | null | undefined): void {
    const { searchParams } = this.#url;
    if (token) searchParams.set("token", token);
    else searchParams.delete("token");
    const socket = this.#socket = new this.platform.WebSocket(this.#url.href);
    const current = () => socket === this.#socket;
    socket.onmessage = ({ data }) => current() && this.#receive(data);
    socket.onclose = ({ code }) => current() && this.#lost(code);
    socket.onerror = (event) => this.#log("error", event);
  }

  #receive(text: unknown): void {
    this.#log("←", text);
    this.#heartbeat.heard();
    try {
      const frame: ServerFrame = JSON.parse(text as string);
      if (!this.isOpen && frame.type === "system_notification") this.#greeted(frame);
      this.received(frame);
    } catch (error) {
      this.failed(error);
    }
  }

  #greeted(frame: ServerFrame): void {
    const { connection_id: connectionId, user_id: userId } = frame.data as { connection_id?: string; user_id?: string };
    if (!connectionId) return;
    this.#timer.clear();
    this.#slowTimer.clear();
    this.#openedAt = this.platform.now();
    this.#heartbeat.start();
    this.#change({ ...this.status, state: "open", reason: undefined, connectionId, userId });
    this.opened(frame, this.#url.searchParams.get("token"));
  }

  /** The connection, or the try for one (code 0), is over. `final`: and no other follows. */
  #lost(code: number, final = FINAL[code]): void {
    const wasOpen = this.isOpen;
    this.#drop();
    const attempt = this.#attemptsAfter(code, wasOpen);
    if (code === TOKEN_EXPIRED && typeof this.token === "function") final = undefined;
    else if (attempt >= (this.options.maxAttempts ?? Infinity)) final ??= "max_attempts";
    if (final) {
      this.#slowTimer.clear();
      this.#watchPage("removeEventListener");
      this.#change({ state: "closed", attempt, reason: final });
    } else {
      if (wasOpen) this.#watchSlowness();
      this.#retryAfter(attempt);
    }
    if (wasOpen) this.lost(code);
    if (final) this.ended(final);
    else this.failed(clientError("disconnected", "connect"));
  }

  #attemptsAfter(code: number, wasOpen: boolean): number {
    const wasStable = wasOpen && this.platform.now() - this.#openedAt >= STABLE_MS;
    return wasStable || code === GOING_AWAY || code === TOKEN_EXPIRED ? 0 : this.status.attempt;
  }

  #retryAfter(attempt: number): void {
    const { now, random, isOnline } = this.platform;
    this.#isWaiting = true;
    this.#timer.clear();
    if (!isOnline()) return this.#change({ state: "reconnecting", attempt, reason: "offline" });
    const waitMs = backoffMs(attempt, random(), this.options.backoff);
    this.#timer.set(waitMs, () => this.connect());
    this.#change({ state: "reconnecting", attempt: attempt + 1, reason: "disconnected", retryAt: now() + waitMs });
  }

  /** Online or offline, shown or hidden: a live connection is asked, a waiting one tries soon, or pauses. */
  readonly #pageChanged = (): void => {
    this.probe();
    if (this.#isWaiting) this.#retryAfter(0);
  };

  #watchPage(how: "addEventListener" | "removeEventListener"): void {
    for (const name of PAGE_EVENTS) this.platform.events?.[how]?.(name, this.#pageChanged);
  }

  #watchSlowness(): void {
    this.#slowTimer.set(this.options.slowConnectMs ?? 30_000, () => this.options.onSlowConnect?.());
  }

  /** Forgets the socket before closing it, so that its own `close` finds nobody. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#serial++;
    this.#isWaiting = false;
    this.#heartbeat.stop();
    this.#timer.clear();
    socket?.close(1000);
  }

  #change(status: Status): void {
    this.status = status;
    this.#log(status.state, status.reason);
    this.changed();
  }
}
