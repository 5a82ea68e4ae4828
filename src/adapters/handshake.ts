/**
 * Sockets between the grant of an upgrade and their opening. Deno says nothing of one whose client leaves in between, so
 * they are believed for a while only.
 */

/** A client that is still there has long been told by then. */
const PATIENCE_MS = 500;

export class Openings<S> {
  /** When each was granted, oldest first. */
  readonly #grantedAt: Map<S, number> = new Map();

  granted(socket: S): void {
    const nowMs = performance.now();
    this.#prune(nowMs);
    this.#grantedAt.set(socket, nowMs);
  }

  opened(socket: S): void {
    this.#grantedAt.delete(socket);
  }

  /** Nobody is on the way in. */
  get areOver(): boolean {
    this.#prune(performance.now());
    return this.#grantedAt.size === 0;
  }

  #prune(nowMs: number): void {
    for (const [socket, sinceMs] of this.#grantedAt) {
      if (nowMs - sinceMs < PATIENCE_MS) return;
      this.#grantedAt.delete(socket);
    }
  }
}
