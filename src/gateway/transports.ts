/**
 * Which of the two transports a request or a socket belongs to: plain WebSockets, or Engine.IO under its own path.
 *
 * Decided by path, by the dialect that an upgrade names, and by owner. The URL is taken apart here, for Engine.IO too.
 */
import type { Peer, Socket, SocketHandler, UpgradeGrant } from "../adapter.ts";
import { namedDialect } from "./endpoint.ts";
import type { EngineServer } from "../socketio/engine/server.ts";
import { after, type MaybePromise } from "../maybe.ts";
import type { Frame } from "../message.ts";
import { offerOf } from "./subprotocols.ts";

export class Transports implements SocketHandler {
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
    const url = this.#engineUrl(request);
    return url ? this.#engine.fetch(request, peer, url) : this.#plain.fetch(request, peer);
  }

  upgrade(request: Request, peer: Peer): MaybePromise<Response | UpgradeGrant> {
    const url = this.#engineUrl(request);
    if (!url) return this.#plain.upgrade(request, peer);
    const offer = offerOf(request);
    // The name of a dialect goes before the path, here too; what cannot be served is refused where all of it is.
    const named = namedDialect(url, offer);
    const isPlain = named !== undefined && named !== "socketio";
    if (isPlain || offer.isUnanswerable) return this.#plain.upgrade(request, peer);
    const granted = this.#engine.upgrade(request, peer, url);
    const subprotocol = offer.echo;
    if (subprotocol === undefined) return granted;
    return after(granted, (grant) => grant instanceof Response ? grant : { ...grant, subprotocol });
  }

  open(socket: Socket): void {
    this.#transportOf(socket).open(socket);
  }

  message(socket: Socket, frame: Frame): void {
    this.#transportOf(socket).message(socket, frame);
  }

  close(socket: Socket, code: number, reason: string): void {
    this.#transportOf(socket).close(socket, code, reason);
  }

  held(socket: Socket, address: string): void {
    this.#plain.held?.(socket, address);
  }

  released(socket: Socket, address: string): void {
    this.#plain.released?.(socket, address);
  }

  #transportOf(socket: Socket): Pick<SocketHandler, "open" | "message" | "close"> {
    return this.#engine.owns(socket) ? this.#engine : this.#plain;
  }

  /** The request's URL if it is Engine.IO's. */
  #engineUrl(request: Request): URL | undefined {
    // Most URLs are settled by a look at the text; only one that has the path somewhere in it is taken apart.
    if (!request.url.includes(this.#bare)) return undefined;
    const url = new URL(request.url);
    return url.pathname === this.#path || url.pathname === this.#bare ? url : undefined;
  }
}
