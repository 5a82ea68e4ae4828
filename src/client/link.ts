/**
 * One connection that comes back: the state machine between an application and a series of WebSockets.
 *
 *     idle → connecting → open ⇄ reconnecting → closed          close() leads to `closed` from everywhere
 *
 * It knows frames only as objects; the client above it knows what they mean. At any time it has at most one socket and at
 * most one timer that would make another.
 */
import { backoffMs } from "./backoff.ts";
import { type ClientError, clientError, type Refusal } from "./client_error.ts";
import { errorOf, GOING_AWAY, isFinal, TOKEN_EXPIRED } from "./close_codes.ts";
import { logger } from "./debug.ts";
import type { ServerFrame } from "./frames.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type ClientOptions, type Settings, settingsOf } from "./options.ts";
import { type Platform, platformOf, type SocketLike, socketUrl } from "./platform.ts";
import { Timer } from "./timer.ts";
import { bearer, type MaybeToken, readToken, type TokenSource, userOf } from "./token.ts";

export type ConnectionState = "idle" | "connecting" | "open" | "reconnecting" | "closed";

export interface Status {
  readonly state: ConnectionState;
  /** Why the state is `closed`, or why the last connection or try ended. */
  readonly reason?: ClientError["code"] | "offline";
  /** The same with a sentence; while offline: of what was lost. */
  readonly error?: ClientError;
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
const NORMAL = 1000;
const NO_WEBSOCKET = "Cannot connect without a WebSocket: give the option platform: { WebSocket }";

export abstract class Link {
  status: Status = { state: "idle", attempt: 0 };
  readonly options: Settings;
  readonly platform: Platform;
  /** What the next connect will ask; `setToken` changes it. */
  token: TokenSource;
  /** The token that the server was shown last. */
  protected shown: MaybeToken;
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
  /** It has given up, and what was in its way may be gone. */
  #mayWake = false;
  /** The last token was refused: another one is asked for once. */
  protected isTokenRefused = false;
  /** Whose the connections were. */
  #user?: string;
  /** What the server has just said of the connection, if that was a refusal. */
  #refusal?: Refusal;

  /** Throws TypeError for a URL or an option that it does not know. */
  constructor(url: string, options: ClientOptions) {
    this.#url = socketUrl(url);
    const settings = this.options = settingsOf(options);
    this.token = options.token;
    this.#log = logger(settings.debug);
    this.platform = platformOf(settings.platform);
    this.#timer = new Timer(this.platform);
    this.#slowTimer = new Timer(this.platform);
    this.#heartbeat = new Heartbeat(this, () => this.#lost(this.#loss()));
  }

  /** It speaks for somebody else from now on; no connection is open. */
  protected abstract forget(): void;
  /** The server has greeted. */
  protected abstract opened(greeting: ServerFrame): void;
  /** May throw: it is told as a failure. */
  protected abstract received(frame: ServerFrame): void;
  /** The open connection is gone. */
  protected abstract lost(code: number, error: ClientError): void;
  /** No connection will come by itself. */
  protected abstract ended(error: ClientError): void;
  /** The status is another one. */
  protected abstract changed(): void;
  protected abstract failed(error: unknown): void;

  get isOpen(): boolean {
    return this.status.state === "open";
  }

  /** Now, whatever wait was under way. Without effect while a connection is open or being made. */
  connect(): void {
    if (!this.platform.WebSocket) throw new TypeError(NO_WEBSOCKET);
    const { state } = this.status;
    if (state === "idle" || state === "closed") {
      this.#begin();
    } else if (this.#isWaiting) {
      this.#change({ ...this.status, retryAt: undefined });
      void this.#dial();
    }
  }

  close(): void {
    this.#mayWake = false;
    this.#watchPage("removeEventListener");
    if (this.status.state !== "closed") this.#lost(clientError("closed", "connect"), NORMAL, true);
  }

  /** Tries again where it has given up; where the server or the application has ended it, it stays so. */
  wake(): void {
    if (this.#mayWake) this.connect();
  }

  /** Ends what is there, forgets it, and begins anew; idle, or closed by the application, it does not connect. */
  protected restart(): void {
    const { state, reason } = this.status;
    this.#drop();
    if (state === "open") this.lost(NORMAL, clientError("signed_out", "stay connected"));
    this.#user = this.shown = undefined;
    this.isTokenRefused = false;
    this.forget();
    if (state !== "idle" && reason !== "closed") this.#begin();
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

  #begin(): void {
    this.#mayWake = false;
    this.#watchPage("addEventListener");
    this.#watchSlowness();
    this.#change({ state: "connecting", attempt: 0 });
    void this.#dial();
  }

  async #dial(): Promise<void> {
    const serial = ++this.#serial;
    this.#isWaiting = false;
    this.#timer.set(this.options.connectTimeoutMs, () => this.#lost(this.#loss()));
    let attempted = "get a token";
    try {
      const token = await readToken(this.token);
      if (serial !== this.#serial) return;
      attempted = "open a WebSocket";
      this.#open(token);
    } catch (error) {
      if (serial !== this.#serial) return;
      // What a platform does not open now it will not open later either.
      this.#lost(clientError("connect_failed", attempted, error), 0, attempted !== "get a token");
    }
  }

  #open(token: MaybeToken): void {
    const [before, now] = [this.shown, token].map(userOf);
    if (before && now && before !== now) this.forget();
    this.shown = token;
    const protocols = ["parley.envelope", "parley.refusal"];
    if (token) protocols.push(bearer(token));
    const socket = this.#socket = new this.platform.WebSocket!(this.#url.href, protocols);
    const current = () => socket === this.#socket;
    let cause: unknown;
    this.#refusal = undefined;
    socket.onmessage = ({ data }) => current() && this.#receive(data);
    socket.onclose = (end) =>
      current() && this.#lost(errorOf(end, this.#refusal) ?? this.#loss(cause ?? end), end.code);
    socket.onerror = (event) => this.#log("error", cause = event);
  }

  #receive(text: unknown): void {
    this.#log("←", text);
    this.#heartbeat.heard();
    try {
      const frame: ServerFrame = JSON.parse(text as string);
      if (!this.isOpen && frame.type === "system_notification") this.#greeted(frame);
      const refusal = frame.data as Refusal;
      this.#refusal = frame.type === "error" && !refusal.request ? refusal : undefined;
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
    this.isTokenRefused = false;
    this.#heartbeat.start();
    if (this.#user !== undefined && this.#user !== userId) this.forget();
    this.#user = userId;
    this.#change({ state: "open", attempt: this.status.attempt, connectionId, userId });
    this.opened(frame);
  }

  /** Lost for no reason that anybody has told. */
  #loss(cause?: unknown): ClientError {
    if (this.isOpen) return clientError("disconnected", "stay connected", cause);
    const { host, pathname } = this.#url;
    return clientError("unreachable", `reach ${host}, or ${pathname} there`, cause);
  }

  /** The connection, or the try for one (code 0), is over. `isEnd`: and no other follows. */
  #lost(error: ClientError, code = 0, isEnd = isFinal(code)): void {
    const wasOpen = this.isOpen;
    this.#drop();
    const attempt = this.#attemptsAfter(code, wasOpen);
    const isToken = code === TOKEN_EXPIRED;
    // Unless there is another one to try: a function's, or one that was given meanwhile.
    if (isToken) isEnd = typeof this.token === "function" ? this.isTokenRefused : this.token === this.shown;
    this.isTokenRefused ||= isToken;
    const isTired = !isEnd && attempt >= this.options.maxAttempts;
    if (isTired) error = clientError("max_attempts", "try again", error);
    isEnd ||= isTired;
    if (isEnd) {
      this.#slowTimer.clear();
      this.#mayWake = isTired || isToken && typeof this.token !== "string";
      this.#change({ state: "closed", attempt, reason: error.code, error });
    } else {
      if (wasOpen) this.#watchSlowness();
      this.#retryAfter(attempt, error);
    }
    if (wasOpen) this.lost(code, error);
    if (isEnd) this.ended(error);
    if (error.code !== "closed") this.failed(error);
  }

  #attemptsAfter(code: number, wasOpen: boolean): number {
    const wasStable = wasOpen && this.platform.now() - this.#openedAt >= STABLE_MS;
    return wasStable || code === GOING_AWAY || code === TOKEN_EXPIRED ? 0 : this.status.attempt;
  }

  #retryAfter(attempt: number, error = this.status.error): void {
    const { now, random, isOnline } = this.platform;
    this.#isWaiting = true;
    this.#timer.clear();
    if (!isOnline()) return this.#change({ state: "reconnecting", attempt, reason: "offline", error });
    const waitMs = backoffMs(attempt, random(), this.options) + (error?.retryAfter ?? 0);
    this.#timer.set(waitMs, () => this.connect());
    this.#change({ state: "reconnecting", attempt: attempt + 1, reason: error?.code, error, retryAt: now() + waitMs });
  }

  /** Online or offline, shown or hidden: a live connection is asked, a waiting one tries soon, or pauses. */
  readonly #pageChanged = ({ target }: Event): void => {
    this.probe();
    if (this.#isWaiting) this.#retryAfter(0);
    // Only a document can be hidden.
    if (this.platform.isOnline() && !(target as Document).hidden) this.wake();
  };

  #watchPage(how: "addEventListener" | "removeEventListener"): void {
    for (const name of PAGE_EVENTS) this.platform.events?.[how]?.(name, this.#pageChanged);
  }

  #watchSlowness(): void {
    this.#slowTimer.set(this.options.slowConnectMs, () => this.options.onSlowConnect());
  }

  /** Forgets the socket before closing it, so that its own `close` finds nobody. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#serial++;
    this.#isWaiting = false;
    this.#heartbeat.stop();
    this.#timer.clear();
    socket?.close(NORMAL);
  }

  #change(status: Status): void {
    this.status = status;
    this.#log(status.state, status.reason);
    this.changed();
  }
}
