/**
 * Socket.IO in one session: which namespaces it is in, and every packet in order.
 *
 * Whatever the protocol forbids (a packet that cannot be read, or for a namespace that was not joined, text between the
 * parts of a binary packet) ends the session: its peer's idea of the state is another than ours.
 */
import type { Socket } from "../adapter.ts";
import { CLOSE, ParleyError } from "../errors.ts";
import { isPromise, run, type Steps, wait } from "../maybe.ts";
import type { Frame } from "../message.ts";
import { TokenBucket } from "../token_bucket.ts";
import {
  Assembly,
  encodeConnect,
  encodeConnectError,
  isBinaryHeader,
  type Packet,
  type PacketReader,
  PacketType,
} from "./codec.ts";
import type { ConnectRequest } from "./connection_host.ts";
import type { Deadlines, Expiring } from "./engine/deadlines.ts";
import type { EngineIoOptions } from "./engine/options.ts";
import type { End, SessionContent } from "./engine/session.ts";
import { NamespaceSocket, type SocketContext, type SocketOwner, type SocketSession } from "./namespace_socket.ts";

/** A peer may join once a second, and so often at once, whether it gets in or not; no library does more. */
const JOINS_PER_SECOND = 1;
const JOIN_BURST = 10;

/** The session that the namespaces are of. */
export interface NamespacesSession extends SocketSession {
  readonly client: unknown;
  readonly hasEnded: boolean;
  /** Ends it by the peer's fault. */
  fail(reason: string): void;
}

/** What the namespaces of all sessions share. */
export interface NamespacesContext extends SocketContext {
  readonly options: EngineIoOptions;
  readonly reader: PacketReader;
  /** Within which a session has to join a namespace. */
  readonly connects: Deadlines;
  /** Within which the next attachment of a binary packet has to come. */
  readonly attachments: Deadlines;
}

export class Namespaces implements SessionContent, SocketOwner, Expiring {
  readonly session: NamespacesSession;
  readonly #shared: NamespacesContext;
  /** Nearly always one. */
  readonly #joined: NamespaceSocket[] = [];
  /** Namespaces whose CONNECT the host still considers. */
  #pending?: Set<string>;
  #unfinished?: UnfinishedPacket;
  readonly #joins: TokenBucket;

  constructor(session: NamespacesSession, shared: NamespacesContext) {
    this.session = session;
    this.#shared = shared;
    const burst = JOIN_BURST + shared.options.namespaces.length;
    this.#joins = new TokenBucket({ perSecond: JOINS_PER_SECOND, burst });
    shared.connects.set(this);
  }

  receive(data: Frame): void {
    if (typeof data !== "string") return this.#receiveAttachment(data);
    if (this.#unfinished) return this.session.fail("text inside a binary packet");
    if (isBinaryHeader(data)) return this.#assemble(data);
    const packet = this.#parsed(() => this.#shared.reader.read(data));
    if (packet) this.#handle(packet, data.length, 0);
  }

  moveToNativeTopics(native: Socket): void {
    for (const socket of this.#joined) socket.moveToNativeTopics(native);
  }

  /** It is in no namespace for too long. */
  expired(): void {
    this.session.fail("no namespace was joined in time");
  }

  /** Returns how many of its sockets wait for their peer to come back. */
  end({ code, reason, isFault }: End): number {
    this.#shared.connects.delete(this);
    this.#forgetUnfinished();
    this.#pending = undefined;
    let suspended = 0;
    for (const socket of this.#joined.splice(0)) {
      if (!isFault && socket.suspend({ code, reason })) suspended++;
      else socket.finish(code, reason);
    }
    return suspended;
  }

  handOver(socket: NamespaceSocket): void {
    if (this.#remove(socket) === 0) this.session.close(CLOSE.normal, "resumed elsewhere");
  }

  /** The socket is not this session's any more. Returns how many are. */
  #remove(socket: NamespaceSocket): number {
    const at = this.#joined.indexOf(socket);
    if (at >= 0) this.#joined.splice(at, 1);
    return this.#joined.length;
  }

  #assemble(header: string): void {
    const { attachments, options } = this.#shared;
    this.#unfinished = this.#parsed(() => new UnfinishedPacket(header, options.maxAttachments, this.session));
    if (this.#unfinished) attachments.set(this.#unfinished);
  }

  #receiveAttachment(data: Uint8Array): void {
    const unfinished = this.#unfinished;
    const { attachments, options } = this.#shared;
    if (!unfinished) return this.session.fail("an attachment without a packet");
    const packet = this.#parsed(() => unfinished.add(data));
    if (packet) {
      this.#forgetUnfinished();
      this.#handle(packet, unfinished.size, unfinished.attachments);
    } else if (unfinished.size > options.maxPayloadBytes) {
      this.session.fail("a binary packet is too large");
    } else if (!this.session.hasEnded) {
      attachments.set(unfinished);
    }
  }

  #forgetUnfinished(): void {
    if (!this.#unfinished) return;
    this.#shared.attachments.delete(this.#unfinished);
    this.#unfinished = undefined;
  }

  /** The parsers tell a bad packet by throwing, without a class of their own: to the peer all of them are one. */
  #parsed<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch {
      this.session.fail("parse error");
      return undefined;
    }
  }

  #handle(packet: Packet, size: number, attachments: number): void {
    if (packet.type === PacketType.CONNECT) return this.#connect(packet);
    const socket = this.#joined.find((each) => each.namespace === packet.nsp);
    if (!socket) return this.session.fail("a packet for a namespace that was not joined");
    const { host } = this.#shared;
    switch (packet.type) {
      case PacketType.EVENT: {
        const [name, ...args] = packet.data;
        return host.receive(socket, { kind: "event", name, args, ack: packet.id, attachments, size });
      }
      case PacketType.ACK:
        if (packet.id !== undefined) socket.answered(packet.id, packet.data);
        return host.receive(socket, { kind: "ack", size });
      case PacketType.DISCONNECT:
        return this.#leave(socket);
      default:
        return this.session.fail("a packet that only servers send");
    }
  }

  #connect(packet: Packet): void {
    const { client } = this.session;
    const namespace = packet.nsp.split("?", 1)[0]!;
    if (this.#joins.take() > 0) return this.session.fail("too many joins");
    if (!this.#shared.options.namespaces.includes(namespace)) {
      return this.#rejectConnect(namespace, { message: "Invalid namespace" });
    }
    if (this.#pending?.has(namespace) || this.#joined.some((each) => each.namespace === namespace)) {
      return this.session.fail("a namespace was joined twice");
    }
    const reject = (error: unknown) => this.#connectFailed(namespace, error);
    try {
      const entered = run(this.#enter({ client, namespace, auth: packet.data ?? {} }));
      if (!isPromise(entered)) return;
      (this.#pending ??= new Set()).add(namespace);
      entered.catch(reject).finally(() => this.#pending?.delete(namespace));
    } catch (error) {
      reject(error);
    }
  }

  *#enter(request: ConnectRequest): Steps<void> {
    const { host, recovery } = this.#shared;
    const { namespace } = request;
    const known = recovery?.find(request.auth.pid, namespace);
    if (known && (yield* wait(host.resume?.(known, request) ?? false)) && this.#resume(known, request.auth.offset)) {
      return;
    }
    const grant = yield* wait(host.connect(request));
    if (this.session.hasEnded) return;
    const socket = new NamespaceSocket(this.#shared, this, { namespace, grant });
    this.#join(socket);
    host.open(socket);
  }

  /** False: its time is over, or something may be missing; then the peer begins anew, and what is left of it ends. */
  #resume(socket: NamespaceSocket, offset: unknown): boolean {
    if (this.session.hasEnded) return true;
    const { options, recovery } = this.#shared;
    const { log } = recovery!;
    // Without an offset the peer has heard nothing yet, not even what was sent first.
    const heard = offset === undefined ? socket.firstOffset : log.read(offset);
    // More than its buffer takes would cut it off again, and again.
    const missed = heard === undefined ? undefined : log.missed(socket, heard, options.maxBufferedBytes / 2);
    if (!missed || socket.isOver) {
      socket.close(CLOSE.normal, "not recovered");
      return false;
    }
    socket.leaveSession();
    this.#join(socket);
    socket.resume(this, missed);
    return true;
  }

  #join(socket: NamespaceSocket): void {
    this.#joined.push(socket);
    this.#shared.connects.delete(this);
    const { id: sid, pid } = socket;
    this.session.send(encodeConnect(socket.namespace, pid === undefined ? { sid } : { sid, pid }));
  }

  #connectFailed(namespace: string, error: unknown): void {
    if (!(error instanceof ParleyError)) throw error;
    const { code, message, retryAfter } = error;
    this.#rejectConnect(namespace, { message, data: retryAfter === undefined ? { code } : { code, retryAfter } });
  }

  #rejectConnect(namespace: string, error: { message: string; data?: unknown }): void {
    this.session.send(encodeConnectError(namespace, error));
  }

  /** The peer leaves one namespace; the session stays, for a while even in none. */
  #leave(socket: NamespaceSocket): void {
    if (this.#remove(socket) === 0) this.#shared.connects.set(this);
    socket.finish(CLOSE.normal, "client namespace disconnect");
  }
}

/** A binary packet whose attachments are still coming. */
class UnfinishedPacket extends Assembly implements Expiring {
  readonly #session: NamespacesSession;

  constructor(header: string, maxAttachments: number, session: NamespacesSession) {
    super(header, maxAttachments);
    this.#session = session;
  }

  expired(): void {
    this.#session.fail("a binary packet was not finished in time");
  }
}
