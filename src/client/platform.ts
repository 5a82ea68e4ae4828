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

export function platformOf(parts?: Partial<Platform>): Platform {
  const world = globalThis;
  return {
    WebSocket: world.WebSocket as unknown as SocketConstructor | undefined,
    setTimeout: (run, ms) => world.setTimeout(run, ms),
    clearTimeout: (timer) => world.clearTimeout(timer as number),
    now: Date.now,
    random: Math.random,
    events: world,
    isOnline: () => world.navigator?.onLine !== false,
    ...parts,
  };
}
