/**
 * Contract between Parley and a runtime's WebSocket server: adapters/bun.ts, adapters/deno.ts.
 *
 * An adapter evens out what the runtimes do differently (close codes, double closes, subprotocols, sizes, heartbeats,
 * slow readers, shutdown) and knows nothing of rooms, dialects or users.
 */
import type { Frame } from "./message.ts";
import type { MaybePromise } from "./maybe.ts";

/** One WebSocket (or a transport that behaves like one). */
export interface Socket {
  /** What `upgrade` returned for it; the handler may replace it. */
  context: unknown;
  /** Bytes accepted by `send` and `publish` that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /** False if the socket is closed or the frame went over its buffer's limit; never throws. Order is the call order, `publish` included. */
  send(frame: Frame): boolean;
  /** Idempotent. From here on `publish` to the topic reaches this socket. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Sends what is queued, then the close frame; `close` of the handler follows with this code. Idempotent. */
  close(code: number, reason: string): void;
  /**
   * A peer that does not read: no farewell. Bun cuts the connection. Deno cannot, so the socket leaves all topics at
   * once, is counted as a zombie and is never sent to again. The handler's `close` follows with `code`.
   */
  abandon(code: number, reason: string): void;
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
}

export interface SocketHandler {
  /** Every request that is no upgrade. Must not reject. */
  fetch(request: Request, peer: Peer): MaybePromise<Response>;
  /** A request to upgrade: a Response refuses it in plain HTTP. Must not reject. */
  upgrade(request: Request, peer: Peer): MaybePromise<Response | UpgradeGrant>;
  open(socket: Socket): void;
  message(socket: Socket, frame: Frame): void;
  /** Exactly once per `open`, also for sockets that were abandoned; the socket has left its topics by then. */
  close(socket: Socket, code: number, reason: string): void;
}

export interface ListenOptions {
  /** One listening server per port; 0 takes a free one. */
  ports: number[];
  host: string;
  tls?: { cert: string; key: string };
  /** Several processes or workers share the port (Linux). */
  reusePort?: boolean;
  /** A frame, or the fragments of one message, over this closes 1009. */
  maxFrameBytes: number;
  /** A socket whose buffer would grow over this is abandoned with 4409. */
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
  /** Sockets that were abandoned but that the runtime still holds. */
  readonly zombies: number;
  /** Closes the listeners and whatever is still open. */
  stop(): Promise<void>;
}
