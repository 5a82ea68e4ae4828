/**
 * Which of the two transports a request or a socket belongs to: plain WebSockets, or Engine.IO under its own path.
 *
 * Called by the adapter; it decides by path and by owner, and knows nothing else.
 */
import type { Peer, Socket, SocketHandler, UpgradeGrant } from "./adapter.ts";
import type { EngineServer } from "./engine_io/server.ts";
import type { MaybePromise } from "./maybe.ts";
import type { Frame } from "./message.ts";

export class Switchboard implements SocketHandler {
  readonly #plain: SocketHandler;
  readonly #engine: EngineServer;
  readonly #path: string;
  /** The same without its last slash. */
  readonly #bare: string;

  /** `path`: of Engine.IO, with its slash at the end. */
  constructor(plain: SocketHandler, engine: EngineServer, path: string) {
    this.#plain = plain;
    this.#engine = engine;
    this.#path = path;
    this.#bare = path.slice(0, -1);
  }

  fetch(request: Request, peer: Peer): MaybePromise<Response> {
    return this.#isEngines(request) ? this.#engine.fetch(request, peer) : this.#plain.fetch(request, peer);
  }

  upgrade(request: Request, peer: Peer): MaybePromise<Response | UpgradeGrant> {
    return this.#isEngines(request) ? this.#engine.upgrade(request, peer) : this.#plain.upgrade(request, peer);
  }

  open(socket: Socket): void {
    this.#ownerOf(socket).open(socket);
  }

  message(socket: Socket, frame: Frame): void {
    this.#ownerOf(socket).message(socket, frame);
  }

  close(socket: Socket, code: number, reason: string): void {
    this.#ownerOf(socket).close(socket, code, reason);
  }

  #ownerOf(socket: Socket): Pick<SocketHandler, "open" | "message" | "close"> {
    return this.#engine.owns(socket) ? this.#engine : this.#plain;
  }

  #isEngines({ url }: Request): boolean {
    // Most URLs are settled by a look at the text; only one that has the path somewhere in it is taken apart.
    if (!url.includes(this.#bare)) return false;
    const path = new URL(url).pathname;
    return path === this.#path || path === this.#bare;
  }
}
