/**
 * Socket.IO in one session: which namespaces it is in, and every packet in order.
 *
 * Whatever the protocol forbids (a packet that is none, or for a namespace that was not joined, text between the parts
 * of a binary packet) ends the session: its peer's idea of the state is another than ours.
 */
import { CLOSE, ParleyError } from "../errors.ts";
import { after, isPromise } from "../maybe.ts";
import type { Frame } from "../message.ts";
import { Assembly, encodeConnect, encodeConnectError, isBinaryHeader, type Packet, PacketType } from "./codec.ts";
import type { ConnectGrant } from "./host.ts";
import { NamespaceSocket } from "./namespace_socket.ts";
import type { Session } from "./session.ts";

/** A peer that keeps asking for what it does not get is no honest one. */
const MAX_REFUSALS = 10;

export class Namespaces {
  readonly #session: Session;
  /** Nearly always one. */
  readonly #joined: NamespaceSocket[] = [];
  /** Namespaces whose CONNECT the host still considers. */
  #pending?: Set<string>;
  #assembly?: Assembly;
  #refusals = 0;

  constructor(session: Session) {
    this.#session = session;
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

  /** The session has ended. */
  end(code: number, reason: string): void {
    this.#session.engine.assemblies.delete(this);
    this.#assembly = undefined;
    this.#pending = undefined;
    for (const socket of this.#joined.splice(0)) this.#close(socket, code, reason);
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
    if (!engine.options.namespaces.includes(namespace)) {
      return this.#refuse(namespace, { message: "Invalid namespace" });
    }
    if (this.#pending?.has(namespace) || this.#joined.some((each) => each.namespace === namespace)) {
      return this.#session.fail("a namespace was joined twice");
    }
    const refuse = (error: unknown) => this.#refused(namespace, error);
    try {
      const granted = engine.host.connect({ visitor, namespace, auth: packet.data ?? {} });
      if (isPromise(granted)) (this.#pending ??= new Set()).add(namespace);
      const done = after(granted, (grant) => this.#join(namespace, grant));
      if (isPromise(done)) done.catch(refuse);
    } catch (error) {
      refuse(error);
    }
  }

  #join(namespace: string, { id, context }: ConnectGrant): void {
    this.#pending?.delete(namespace);
    const { engine, ended } = this.#session;
    if (ended) return;
    const socket = new NamespaceSocket(this.#session, namespace, context);
    this.#joined.push(socket);
    engine.connects.delete(this.#session);
    socket.send(encodeConnect(namespace, { sid: id }));
    engine.host.open(socket);
  }

  #refused(namespace: string, error: unknown): void {
    this.#pending?.delete(namespace);
    if (!(error instanceof ParleyError)) throw error;
    const { code, message, retryAfter } = error;
    this.#refuse(namespace, { message, data: retryAfter === undefined ? { code } : { code, retryAfter } });
  }

  #refuse(namespace: string, error: { message: string; data?: unknown }): void {
    this.#session.send(encodeConnectError(namespace, error));
    if (++this.#refusals > MAX_REFUSALS) this.#session.fail("too many refused namespaces");
  }

  /** The peer leaves one namespace; the session stays, for a while even in none. */
  #leave(socket: NamespaceSocket): void {
    this.#joined.splice(this.#joined.indexOf(socket), 1);
    if (this.#joined.length === 0) this.#session.engine.connects.set(this.#session);
    this.#close(socket, CLOSE.normal, "client namespace disconnect");
  }

  #close(socket: NamespaceSocket, code: number, reason: string): void {
    socket.end();
    this.#session.engine.host.close(socket, code, reason);
  }
}
