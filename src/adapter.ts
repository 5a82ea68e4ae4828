/**
 * Contract between Parley and a runtime's WebSocket server: adapters/bun.ts, adapters/deno.ts.
 *
 * An adapter evens out what the runtimes do differently (close codes, double closes, subprotocols, sizes, heartbeats,
 * slow readers, shutdown) and knows nothing of rooms, dialects or users.
 */
import { type ErrorCode, HTTP_STATUS } from "./errors.ts";
import type { Frame } from "./message.ts";
import type { MaybePromise } from "./maybe.ts";

/** One WebSocket (or a transport that behaves like one). */
export interface Socket {
  /** What `upgrade` returned for it; the handler may replace it. */
  context: unknown;
  /** Bytes accepted by `send` and `publish` that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /** Its peer fetches what it is sent with requests of its own; absent: it is sent as it comes. */
  readonly isPolled?: boolean;
  /** False if the socket is closed or the frame went over its buffer's limit; never throws. Order is the call order, `publish` included. */
  send(frame: Frame): boolean;
  /** Idempotent. From here on `publish` to the topic reaches this socket. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /**
   * Leaves all topics, sends what is queued, then the close frame; on the wire a reason is cut to 123 bytes. The
   * handler's `close` follows with this code as soon as the running code returns, never from inside a call of this
   * interface, and does not wait for the peer to agree. Idempotent.
   */
  close(code: number, reason: string): void;
  /**
   * A peer that does not read: no closing. Bun cuts the connection. Deno cannot, so the socket leaves all topics at
   * once, is counted as a zombie and is never sent to again. The handler's `close` follows as after `close`.
   */
  abandon(code: number, reason: string): void;
  /** Only where the protocol has acknowledgements: sends an event, resolves to what the peer answered. Rejects with `unavailable`. */
  ask?(name: string, args: unknown[], timeoutMs: number): Promise<unknown[]>;
  /** Only where the protocol has events of any name: sends one. Throws `bad_message` for what the protocol cannot carry. */
  sendEvent?(name: string, args: unknown[]): void;
}

export interface Peer {
  /** The address of the TCP peer, without port. */
  address: string;
  /** The port it was accepted on. */
  port: number;
  /** Over TLS. */
  secure: boolean;
}

export interface UpgradeGrant {
  context: unknown;
  /** Echoed to the client; absent: no subprotocol is confirmed. */
  subprotocol?: string;
  /** Whose socket it will be, as the handler counts: handed back by `held` and `released`. */
  address?: string;
}

export interface SocketHandler {
  /** Every request that is not an upgrade. Must not reject. */
  fetch(request: Request, peer: Peer): MaybePromise<Response>;
  /**
   * A request to upgrade whose handshake is well-formed: a Response refuses it in plain HTTP. `open` follows a grant,
   * unless the client has gone meanwhile: count connections there. Must not reject.
   */
  upgrade(request: Request, peer: Peer): MaybePromise<Response | UpgradeGrant>;
  open(socket: Socket): void;
  message(socket: Socket, frame: Frame): void;
  /** Exactly once per `open`, also for sockets that were abandoned; the socket has left its topics by then. */
  close(socket: Socket, code: number, reason: string): void;
  /**
   * A socket is over but the runtime still holds it, because its peer reads nothing or does not agree: called right
   * before its `close`. Only with an `address` in its grant, and only by adapters that have zombies.
   */
  held?(socket: Socket, address: string): void;
  /** The runtime has let go of it: once for each `held`. */
  released?(socket: Socket, address: string): void;
}

/** As PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface ListenOptions {
  /** One listening server per port; 0 takes a free one. */
  ports: number[];
  host: string;
  tls?: Certificate;
  /** Several processes or workers share the port (Linux; on Deno behind `--unstable-net`). */
  reusePort?: boolean;
  /** A frame, or the fragments of one message, over this closes 1009; 0: unlimited. */
  maxFrameBytes: number;
  /** A socket that is sent to with more than this in its buffer is abandoned with 4409; 0: unlimited. */
  maxBufferedBytes: number;
  /** A peer from which nothing arrived for this long (pongs count) is dropped with 4408; 0: never. Rounded up to what the runtime accepts. */
  idleTimeoutMs: number;
}

export interface RuntimeAdapter {
  readonly runtime: "bun" | "deno";
  /** May be called more than once (the admin port has a handler of its own). Throws if a port cannot be bound, naming it. */
  listen(options: ListenOptions, handler: SocketHandler): { ports: number[] };
  /** To every socket subscribed to the topic, on all ports, except one. Never throws for one bad socket. */
  publish(topic: string, frame: Frame, except?: Socket): void;
  /** Sockets whose end the handler was told but that the runtime still holds: peers that read nothing or do not agree. */
  readonly zombies: number;
  /**
   * Whoever connects from now on to a port with TLS gets another certificate; who is connected stays. False: the runtime
   * cannot do that, and nothing has changed. Throws if a port cannot be bound again.
   */
  renewCertificate(tls: Certificate): boolean;
  /**
   * Closes the listeners, and with 1001 whatever is still open; resolves when the handlers have been told. Requests that
   * arrive meanwhile are still served, except that upgrades are refused with 503 and a socket that opens is closed.
   */
  stop(): Promise<void>;
}

/** The refusal of a request whose `Host` is not valid, so that its URL is not either; absent: there is something to look at. */
export function refuseHost({ url }: Request): Response | undefined {
  return URL.canParse(url) ? undefined : refusal("bad_message", "Cannot serve the request: its Host is malformed");
}

/** The refusal of an upgrade that arrives while the adapter stops, in the form of every error. */
export function refuseLate(): Response {
  return refusal("unavailable", "Cannot upgrade: the server is stopping");
}

function refusal(code: ErrorCode, error: string): Response {
  return Response.json({ error, code }, { status: HTTP_STATUS[code] });
}

/** Whether a request asks for a WebSocket: `upgrade` of the handler is for it, `fetch` for all others. */
export function wantsUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** The refusal of a handshake that RFC 6455 §4.2.1 does not allow; absent: it is well-formed. */
export function refuseHandshake({ method, headers }: Request): Response | undefined {
  if (headers.get("sec-websocket-version") !== "13") {
    return new Response("Cannot upgrade: the version is not 13", {
      status: 426,
      headers: { "sec-websocket-version": "13" },
    });
  }
  const wellFormed = method === "GET" && headers.get("sec-websocket-key")?.length === 24 &&
    /\bupgrade\b/i.test(headers.get("connection") ?? "");
  return wellFormed ? undefined : new Response("Cannot upgrade: the handshake is malformed", { status: 400 });
}
