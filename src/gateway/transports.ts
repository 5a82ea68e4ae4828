/**
 * Which transport a request or a socket belongs to: plain WebSockets, or one that a dialect has of its own, under a path
 * of its own.
 *
 * Decided by path, by the dialect that an upgrade names, and by owner. The URL is taken apart here, for the other
 * transport too.
 */
import type { Peer, Socket, SocketHandler, UpgradeGrant } from "../adapter.ts";
import { namedDialect } from "./endpoint.ts";
import { after, type MaybePromise } from "../maybe.ts";
import type { Frame } from "../message.ts";
import { offerOf } from "./subprotocols.ts";

/** What carries a dialect whose frames are not those of a plain WebSocket. `url` is the request's, taken apart. */
export interface Transport extends Pick<SocketHandler, "open" | "message" | "close"> {
  /** A request under its path that is not an upgrade. Must not reject. */
  fetch(request: Request, peer: Peer, url: URL): MaybePromise<Response>;
  /** One that is. Must not reject. */
  upgrade(request: Request, peer: Peer, url: URL): MaybePromise<Response | UpgradeGrant>;
  /** Whether the socket came from its `upgrade`. */
  owns(socket: Socket): boolean;
}

/** One whose sessions other workers of the process have to reach. */
export interface SharedTransport {
  /** What the others find. */
  readonly loopback: SocketHandler;
  /** `loopback` is served on a port of this worker alone, and `secret` is theirs in common. Before the first session. */
  share(port: number, secret: string): void;
}

export interface TransportPlace {
  transport: Transport;
  /** The name by which a client asks for what it carries. */
  dialect: string;
  /** With its slash at the end. */
  path: string;
}

/** Plain WebSockets. */
export interface PlainTransport extends SocketHandler {
  upgrade(request: Request, peer: Peer, url?: URL): MaybePromise<Response | UpgradeGrant>;
}

export class Transports implements SocketHandler {
  readonly #plain: PlainTransport;
  readonly #other: Transport;
  readonly #dialect: string;
  readonly #path: string;
  /** The same without its last slash. */
  readonly #bare: string;

  constructor(plain: PlainTransport, { transport, dialect, path }: TransportPlace) {
    this.#plain = plain;
    this.#other = transport;
    this.#dialect = dialect;
    this.#path = path;
    this.#bare = path.slice(0, -1);
  }

  fetch(request: Request, peer: Peer): MaybePromise<Response> {
    const url = this.#urlIn(request);
    return url ? this.#other.fetch(request, peer, url) : this.#plain.fetch(request, peer);
  }

  upgrade(request: Request, peer: Peer): MaybePromise<Response | UpgradeGrant> {
    const url = this.#urlIn(request);
    if (!url) return this.#plain.upgrade(request, peer);
    const offer = offerOf(request);
    // The name of a dialect goes before the path, here too; what cannot be served is refused where all of it is.
    const named = namedDialect(url, offer);
    const isPlain = named !== undefined && named !== this.#dialect;
    if (isPlain || offer.isUnanswerable) return this.#plain.upgrade(request, peer, url);
    const granted = this.#other.upgrade(request, peer, url);
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
    return this.#other.owns(socket) ? this.#other : this.#plain;
  }

  /** The URL of a request that is the other transport's. */
  #urlIn({ url: text }: Request): URL | undefined {
    // Most URLs are settled by a look at the text; only one that has the path somewhere in it is taken apart.
    if (!text.includes(this.#bare)) return undefined;
    const url = new URL(text);
    return url.pathname === this.#path || url.pathname === this.#bare ? url : undefined;
  }
}
