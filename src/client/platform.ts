/**
 * Everything the client takes from its surroundings: sockets, timers, chance, and the events of a page.
 *
 * Tests and runtimes without a global WebSocket pass their own parts. Looked up when a client is created, never on import,
 * so that importing has no effect on a server.
 */

/** The part of WebSocket that is used; Node's `ws` has it too. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

export interface Platform {
  /** Absent on runtimes without one, as Node 20, until the application gives it. */
  WebSocket?: SocketConstructor;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Where `online`, `offline` and `visibilitychange` are heard. */
  events?: Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">>;
  /** False only when the machine is certain to have no network. */
  isOnline(): boolean;
}

/** Relative to the page, if there is one; `http` means `ws`. Throws TypeError for what no WebSocket can be opened to. */
export function socketUrl(url: string): URL {
  const absolute = new URL(url, globalThis.location?.href ?? "ws://localhost");
  absolute.protocol = absolute.protocol.replace("http", "ws");
  if (url && /^wss?:/.test(absolute.href)) return absolute;
  throw new TypeError(`Cannot connect to ${url}`);
}

export function platformOf(parts?: Partial<Platform>): Platform {
  return {
    WebSocket: globalThis.WebSocket as unknown as SocketConstructor | undefined,
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer as number),
    now: Date.now,
    random: Math.random,
    events: globalThis,
    isOnline: () => globalThis.navigator?.onLine !== false,
    ...parts,
  };
}
