/**
 * A WebSocket client for tests, over the runtime's own WebSocket: it keeps every frame and lets a test wait for one.
 *
 * Used by contract and end-to-end tests through harness.ts. It must never drop a frame or wait without a deadline.
 */
import { PATIENCE_MS } from "./waiting.ts";

export interface Closed {
  code: number;
  reason: string;
}

interface Waiter<T> {
  matches(item: T): boolean;
  resolve(item: T): void;
  reject(error: Error): void;
}

/** What arrived and was not yet taken; taking waits. */
export class Inbox<T> {
  /** Everything that ever arrived, in order. */
  readonly all: T[] = [];
  #left: T[] = [];
  #waiters: Waiter<T>[] = [];
  #ended?: string;

  push(item: T): void {
    this.all.push(item);
    const waiter = this.#waiters.find((one) => one.matches(item));
    if (waiter) waiter.resolve(item);
    else this.#left.push(item);
  }

  /** No more will come: whoever waits fails with the reason. */
  end(reason: string): void {
    this.#ended = reason;
    for (const waiter of [...this.#waiters]) waiter.reject(new Error(`Cannot take a frame: ${reason}`));
  }

  /** The first item not yet taken that matches; the others stay. Rejects at the deadline, naming what is left. */
  take(matches: (item: T) => boolean = () => true, withinMs: number = PATIENCE_MS): Promise<T> {
    const index = this.#left.findIndex(matches);
    if (index >= 0) return Promise.resolve(this.#left.splice(index, 1)[0]);
    if (this.#ended) return Promise.reject(new Error(`Cannot take a frame: ${this.#ended}`));
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      };
      const waiter: Waiter<T> = {
        matches,
        resolve: (item) => (settle(), resolve(item)),
        reject: (error) => (settle(), reject(error)),
      };
      const timer = setTimeout(() => {
        waiter.reject(new Error(`No such frame within ${withinMs} ms: not taken are ${describe(this.#left)}`));
      }, withinMs);
      this.#waiters.push(waiter);
    });
  }
}

function describe(items: unknown[]): string {
  return items.length === 0 ? "none" : items.slice(-20).map((item) => String(item).slice(0, 200)).join(" | ");
}

export interface TestSocketOptions {
  protocols?: string[];
  headers?: Record<string, string>;
}

type OpenWebSocket = new (url: string, options?: TestSocketOptions) => WebSocket;

export class TestSocket {
  readonly inbox: Inbox<string | Uint8Array> = new Inbox();
  /** Rejects if the socket closes before it opens. */
  readonly opened: Promise<void>;
  /** Never rejects: a failed connection is closed with 1006. */
  readonly closed: Promise<Closed>;
  readonly #socket: WebSocket;

  constructor(url: string, options?: TestSocketOptions) {
    // Both runtimes take headers in a second argument that the DOM's type does not know.
    this.#socket = options ? new (WebSocket as unknown as OpenWebSocket)(url, options) : new WebSocket(url);
    const socket = this.#socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.inbox.push(typeof data === "string" ? data : new Uint8Array(data));
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        this.inbox.end(`the socket was closed with ${code} "${reason}"`);
        // Deno calls it 0 where no close frame came, the others 1006 as RFC 6455 §7.1.5 has it.
        resolve({ code: code || 1006, reason });
      };
    });
    this.opened = new Promise((resolve, reject) => {
      socket.onopen = () => resolve();
      this.closed.then(({ code }) => reject(new Error(`Cannot open "${url}": closed with ${code}`)));
    });
    // A test that only looks at `closed` must not fail for the rejection it does not look at.
    this.opened.catch(() => undefined);
  }

  /** A socket that is open. */
  static async open(url: string, options?: TestSocketOptions): Promise<TestSocket> {
    const socket = new TestSocket(url, options);
    await socket.opened;
    return socket;
  }

  /** Everything that arrived so far, in order, also what was taken. */
  get frames(): (string | Uint8Array)[] {
    return this.inbox.all;
  }

  /** The subprotocol the server confirmed, or "". */
  get protocol(): string {
    return this.#socket.protocol;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** The first frame not yet taken that matches. */
  next(matches?: (frame: string | Uint8Array) => boolean, withinMs?: number): Promise<string | Uint8Array> {
    return this.inbox.take(matches, withinMs);
  }

  /** The first text frame not yet taken whose JSON matches, parsed. */
  async nextJson<T = Record<string, unknown>>(matches: (value: T) => boolean = () => true): Promise<T> {
    const frame = await this.inbox.take((one) => typeof one === "string" && matches(JSON.parse(one)));
    return JSON.parse(String(frame));
  }

  /** A string or bytes go as they are; anything else goes as JSON. */
  send(frame: unknown): void {
    const raw = typeof frame === "string" || frame instanceof Uint8Array;
    this.#socket.send(raw ? frame as string : JSON.stringify(frame));
  }

  close(code: number = 1000, reason: string = ""): Promise<Closed> {
    this.#socket.close(code, reason);
    return this.closed;
  }
}
