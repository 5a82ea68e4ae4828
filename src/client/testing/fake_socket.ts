/**
 * The client's end of a connection to the fake server, in the place of a WebSocket. What one end says reaches the other
 * when the clock is turned; what is under way when the connection is cut is lost.
 */
import type { SocketLike } from "../platform.ts";
import type { Clock } from "./clock.ts";

/** What the server does with a socket. */
export interface Acceptor {
  readonly clock: Clock;
  readonly latencyMs: number;
  accept(socket: FakeSocket, protocols: readonly string[]): void;
}

/** What one connection is to the server. */
export interface Peer {
  receive(text: string): void;
  /** The connection is over. */
  gone(): void;
}

export class FakeSocket implements SocketLike {
  onopen: ((event: unknown) => void) | null = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  readonly url: URL;
  /** Set by the server that lets it in. */
  peer?: Peer;
  readonly #acceptor: Acceptor;
  #isOver = false;

  constructor(url: string, protocols: readonly string[], acceptor: Acceptor) {
    this.url = new URL(url);
    this.#acceptor = acceptor;
    this.#later(() => acceptor.accept(this, protocols));
  }

  // ---- the client's ----

  send(text: string): void {
    this.#later(() => this.peer?.receive(text));
  }

  close(code = 1005, reason = ""): void {
    this.#later(() => this.end(code, reason));
  }

  // ---- the server's ----

  open(): void {
    this.#later(() => this.onopen?.({}));
  }

  tell(frame: object): void {
    const data = JSON.stringify(frame);
    this.#later(() => this.onmessage?.({ data }));
  }

  /** In good order, after what was told before. */
  closeWith(code: number, reason: string): void {
    this.#leave();
    this.#later(() => this.end(code, reason));
  }

  /** At once. */
  end(code = 1006, reason = ""): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    if (code === 1006) this.onerror?.({});
    this.onclose?.({ code, reason });
  }

  #leave(): void {
    const { peer } = this;
    this.peer = undefined;
    peer?.gone();
  }

  #later(run: () => void): void {
    const { clock, latencyMs } = this.#acceptor;
    clock.setTimeout(() => this.#isOver || run(), latencyMs);
  }
}
