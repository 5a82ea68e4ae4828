/**
 * Contract between Socket.IO and what it carries connections for.
 *
 * A session can join any number of namespaces. Each of them that it is in is one `EventSocket`, and to the hub one
 * connection like any other. For each the order is connect → open → receive… → close.
 */
import type { Socket } from "../adapter.ts";
import type { MaybePromise } from "../maybe.ts";
import type { SocketioPacket } from "./codec.ts";

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

/** A CONNECT packet. */
export interface ConnectRequest {
  /** What was remembered of the client when its session began. */
  client: unknown;
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

export interface ConnectionHost {
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
  /** Connection state recovery: its peer is away, and may come back; `resume` or `close` follows. */
  suspend?(socket: EventSocket): void;
  /**
   * Connection state recovery: whether the one who asks may go on with this connection, which lost its transport. Called
   * only when recovery is on; absent: nobody may. Must not reject.
   */
  resume?(socket: EventSocket, request: ConnectRequest): MaybePromise<boolean>;
}
