/**
 * Contract between the Engine.IO transport and what lives on top of it: implemented by the gateway, called by
 * socketio/engine/ only.
 *
 * One Engine.IO session (polling, WebSocket, or first one and then the other) carries any number of namespaces. Each
 * namespace that a peer has joined is one `EventSocket`, and to the hub one connection like any other. The order is
 * always admit → enter → (connect → open → receive… → close)… → dismiss.
 */
import type { Peer, Socket } from "../../adapter.ts";
import type { MaybePromise } from "../../maybe.ts";
import type { SocketioPacket } from "../packet.ts";

/**
 * One namespace of one session. Frames are Engine.IO messages: text that begins with `4`, or an attachment's bytes. They
 * name their namespace, so no two namespaces may share a topic.
 */
export interface EventSocket extends Socket {
  readonly namespace: string;
  /** How its frames travel at the moment. */
  readonly transport: "polling" | "websocket";
  /**
   * Sends an event and waits for the peer's acknowledgement; resolves to its arguments. Rejects with ParleyError
   * `unavailable` when the socket closes first or the time is over, and `bad_message` if it has too many attachments.
   */
  ask(name: string, args: unknown[], timeoutMs: number): Promise<unknown[]>;
  /** Sends an event, binary arguments included. Throws `bad_message`. */
  sendEvent(name: string, args: unknown[]): void;
}

export interface SessionGrant {
  /**
   * What the host wants to remember of the request: it is gone afterwards, and the session hands this back with each
   * CONNECT. It lives as long as the session does, so it should be small.
   */
  visitor: unknown;
}

/** A CONNECT packet. */
export interface ConnectRequest {
  visitor: unknown;
  /** `/` or one of the configured ones. */
  namespace: string;
  /** What the peer sent along; by convention its `token` is the credential. */
  auth: Record<string, unknown>;
}

export interface ConnectGrant {
  /** The Socket.IO id the peer is told: the id of the connection, never the id of the session. */
  id: string;
  /** Becomes `context` of the socket that is opened. */
  context: unknown;
}

/** A session whose frames wait for its next poll. */
export interface ParkedSession {
  /** Ends it and drops what waits. */
  giveUp(): void;
}

export interface ConnectionHost {
  /**
   * Whether a new session may begin: a Response refuses it (origin, rate, limits, draining), in plain HTTP. It reserves
   * nothing, for the peer may be gone before the session begins. Must not reject.
   */
  admit(request: Request, peer: Peer): MaybePromise<Response | SessionGrant>;
  /**
   * Whether a session that has begun may get a WebSocket: a Response refuses it (origin, rate), in plain HTTP, and the
   * session goes on without. Must not throw.
   */
  admitUpgrade(request: Request, peer: Peer): Response | undefined;
  /** A session was asked for that another node began, as its id says; anybody can make such an id. */
  strayed?(node: string): void;
  /** A session has begun. */
  enter(visitor: unknown): void;
  /** It has ended: exactly once per `enter`, after the last `close`. */
  dismiss(visitor: unknown): void;
  /**
   * Throws or rejects with ParleyError, and with nothing else: the peer gets CONNECT_ERROR with its message and
   * `data: {code, retryAfter?}`. If the session ends while this is pending, `open` does not follow.
   */
  connect(request: ConnectRequest): MaybePromise<ConnectGrant>;
  /** The peer has been told that it is connected; from here on frames may be sent. */
  open(socket: EventSocket): void;
  /** Rate and size limits are the host's: `packet.size` is that of the whole event. */
  receive(socket: EventSocket, packet: SocketioPacket): void;
  /** Exactly once per `open`; the socket has left its topics by then. */
  close(socket: EventSocket, code: number, reason: string): void;
  /** So many bytes wait for the next poll of the visitor's session, 0: none any more. It may be given up right away. */
  parked?(visitor: unknown, session: ParkedSession, bytes: number): void;
  /** Connection state recovery: its peer is away, and may come back; `resume` or `close` follows. */
  pause?(socket: EventSocket): void;
  /**
   * Connection state recovery: whether the one who asks may go on with this connection, which lost its transport. Called
   * only when recovery is on; absent: nobody may. Must not reject.
   */
  resume?(socket: EventSocket, request: ConnectRequest): MaybePromise<boolean>;
}
