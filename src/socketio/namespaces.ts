/**
 * Socket.IO in one session: which namespaces it is in, and every packet in order.
 *
 * Whatever the protocol forbids (a packet that is none, or for a namespace that was not joined, text between the parts
 * of a binary packet) ends the session: its peer's idea of the state is another than ours.
 */
import { CLOSE, ParleyError } from "../errors.ts";
import { isPromise, run, type Steps, wait } from "../maybe.ts";
import type { Frame } from "../message.ts";
import { TokenBucket } from "../token_bucket.ts";
import { Assembly, encodeConnect, encodeConnectError, isBinaryHeader, type Packet, PacketType } from "./codec.ts";
import type { ConnectRequest } from "./engine/host.ts";
import { NamespaceSocket } from "./namespace_socket.ts";
import type { End, Session } from "./engine/session.ts";

/** A peer may join once a second, and so often at once; more is no honest one's, whether it gets in or not. */
const JOINS_PER_SECOND = 1;
const JOIN_BURST = 10;

export class Namespaces {
  readonly #session: Session;
  /** Nearly always one. */
  readonly #joined: NamespaceSocket[] = [];
  /** Namespaces whose CONNECT the host still considers. */
  #pending?: Set<string>;
  #assembly?: Assembly;
  readonly #joins: TokenBucket;

  constructor(session: Session) {
    this.#session = session;
    const burst = JOIN_BURST + session.engine.options.namespaces.length;
    this.#joins = new TokenBucket({ perSecond: JOINS_PER_SECOND, burst });
  }

  /** The content of an Engine.IO message. */
  receive(data: Frame): void {
    if (typeof data !== "string") return this.#receiveAttachment(data);
    if (this.#assembly) return this.#session.fail("text inside a binary packet");
    if (isBinaryHeader(data)) return this.#assemble(data);
    const packet = this.#parsed(() => this.#session.engine.reader.read(data));
    if (packet) this.#handle(packet, data.length, 0);
  }

  moveToNativeTopics(): void {
    const { native } = this.#session;
    if (native) { for (const socket of this.#joined) socket.moveToNativeTopics(native); }
  }

  assemblyTimedOut(): void {
    this.#session.fail("a binary packet was not finished in time");
  }

  /** The session has ended. Returns how many of its sockets wait for their peer to come back. */
  end({ code, reason, isFault }: End): number {
    this.#session.engine.assemblies.delete(this);
    this.#assembly = undefined;
    this.#pending = undefined;
    let waiting = 0;
    for (const socket of this.#joined.splice(0)) {
      if (!isFault && socket.park({ code, reason })) waiting++;
      else socket.finish(code, reason);
    }
    return waiting;
  }

  /** The socket is not this session's any more. Returns how many are. */
  remove(socket: NamespaceSocket): number {
    const at = this.#joined.indexOf(socket);
    if (at >= 0) this.#joined.splice(at, 1);
    return this.#joined.length;
  }

  #assemble(header: string): void {
    const { engine } = this.#session;
    this.#assembly = this.#parsed(() => new Assembly(header, engine.options.maxAttachments));
    if (this.#assembly) engine.assemblies.set(this);
  }

  #receiveAttachment(data: Uint8Array): void {
    const assembly = this.#assembly;
    const { engine } = this.#session;
    if (!assembly) return this.#session.fail("an attachment without a packet");
    const packet = this.#parsed(() => assembly.add(data));
    if (packet) {
      this.#assembly = undefined;
      engine.assemblies.delete(this);
      this.#handle(packet, assembly.size, assembly.attachments);
    } else if (assembly.size > engine.options.maxPayloadBytes) {
      this.#session.fail("a binary packet is too large");
    } else if (!this.#session.ended) {
      engine.assemblies.set(this);
    }
  }

  /** The parsers tell a bad packet by throwing, without a class of their own: to the peer all of them are one. */
  #parsed<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch {
      this.#session.fail("parse error");
      return undefined;
    }
  }

  #handle(packet: Packet, size: number, attachments: number): void {
    if (packet.type === PacketType.CONNECT) return this.#connect(packet);
    const socket = this.#joined.find((each) => each.namespace === packet.nsp);
    if (!socket) return this.#session.fail("a packet for a namespace that was not joined");
    const { host } = this.#session.engine;
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
        return this.#session.fail("a packet that only servers send");
    }
  }

  #connect(packet: Packet): void {
    const { engine, visitor } = this.#session;
    const namespace = packet.nsp.split("?", 1)[0]!;
    if (this.#joins.take() > 0) return this.#session.fail("too many joins");
    if (!engine.options.namespaces.includes(namespace)) {
      return this.#rejectConnect(namespace, { message: "Invalid namespace" });
    }
    if (this.#pending?.has(namespace) || this.#joined.some((each) => each.namespace === namespace)) {
      return this.#session.fail("a namespace was joined twice");
    }
    const reject = (error: unknown) => this.#connectFailed(namespace, error);
    try {
      const entered = run(this.#enter({ visitor, namespace, auth: packet.data ?? {} }));
      if (!isPromise(entered)) return;
      (this.#pending ??= new Set()).add(namespace);
      entered.catch(reject).finally(() => this.#pending?.delete(namespace));
    } catch (error) {
      reject(error);
    }
  }

  *#enter(request: ConnectRequest): Steps<void> {
    const { engine } = this.#session;
    const known = engine.recovery?.find(request.auth.pid, request.namespace);
    if (
      known && (yield* wait(engine.host.resume?.(known, request) ?? false)) && this.#resume(known, request.auth.offset)
    ) {
      return;
    }
    const { id, context } = yield* wait(engine.host.connect(request));
    if (this.#session.ended) return;
    const socket = new NamespaceSocket(this.#session, request.namespace, { id, context });
    this.#join(socket);
    engine.host.open(socket);
  }

  /** False: its time is over, or something may be missing; then the peer begins anew, and what is left of it ends. */
  #resume(socket: NamespaceSocket, offset: unknown): boolean {
    if (this.#session.ended) return true;
    const { options, recovery } = this.#session.engine;
    const { log } = recovery!;
    // Without an offset the peer has heard nothing yet, not even what was sent first.
    const heard = offset === undefined ? socket.bornAt : log.read(offset);
    // More than its buffer takes would cut it off again, and again.
    const missed = heard === undefined ? undefined : log.missed(socket, heard, options.maxBufferedBytes / 2);
    if (!missed || socket.isOver) {
      socket.close(CLOSE.normal, "not recovered");
      return false;
    }
    socket.leaveSession();
    this.#join(socket);
    socket.goOn(this.#session, missed);
    return true;
  }

  #join(socket: NamespaceSocket): void {
    this.#joined.push(socket);
    this.#session.engine.connects.delete(this.#session);
    const { id: sid, pid } = socket;
    this.#session.send(encodeConnect(socket.namespace, pid === undefined ? { sid } : { sid, pid }));
  }

  #connectFailed(namespace: string, error: unknown): void {
    if (!(error instanceof ParleyError)) throw error;
    const { code, message, retryAfter } = error;
    this.#rejectConnect(namespace, { message, data: retryAfter === undefined ? { code } : { code, retryAfter } });
  }

  #rejectConnect(namespace: string, error: { message: string; data?: unknown }): void {
    this.#session.send(encodeConnectError(namespace, error));
  }

  /** The peer leaves one namespace; the session stays, for a while even in none. */
  #leave(socket: NamespaceSocket): void {
    if (this.remove(socket) === 0) this.#session.engine.connects.set(this.#session);
    socket.finish(CLOSE.normal, "client namespace disconnect");
  }
}
