/**
 * One joined namespace: what the hub takes for a socket.
 *
 * Its topics are those of the session's WebSocket, so that one native publish serves all; while the session polls, they
 * stand among the sockets that are served one by one. Its frames go where the session's go. With recovery it can outlive
 * its session and go on in another.
 */
import type { Socket } from "../adapter.ts";
import type { Topics } from "../adapters/topics.ts";
import { CLOSE } from "../errors.ts";
import type { Frame } from "../message.ts";
import { encodeDisconnect, encodeEvent } from "./codec.ts";
import type { ConnectGrant, ConnectionHost, EventSocket } from "./connection_host.ts";
import type { LogReader } from "./packet_log.ts";
import { PendingAcks } from "./pending_acks.ts";
import type { Recoverable, StateRecovery } from "./recovery.ts";

/** The session that a socket is in. */
export interface SocketSession {
  readonly isPolled: boolean;
  /** The adapter's socket whose topics serve the session; absent while it polls, or takes text only. */
  readonly native?: Socket;
  readonly bufferedBytes: number;
  send(frame: Frame): boolean;
  close(code: number, reason: string): void;
  abandon(code: number, reason: string): void;
  /** The socket had outlived it, and does so no longer. */
  release(): void;
}

/** The namespaces that a session has joined. */
export interface SocketOwner {
  readonly session: SocketSession;
  /** The socket goes on in another session. */
  handOver(socket: NamespaceSocket): void;
}

/** What the sockets of all sessions share. */
export interface SocketContext {
  readonly host: ConnectionHost;
  /** Sockets that native topics cannot reach: those that poll, and those that want everything as text. */
  readonly unicast: Topics<NamespaceSocket>;
  /** Absent: connections end with their transport. */
  readonly recovery?: StateRecovery<NamespaceSocket>;
}

export class NamespaceSocket implements EventSocket, LogReader, Recoverable {
  context: unknown;
  /** What the peer is told. */
  readonly id: string;
  readonly namespace: string;
  /** With recovery: the peer's secret, and the offset of what had been sent to others before it came. */
  readonly pid?: string;
  readonly firstOffset: number = 0;
  readonly #shared: SocketContext;
  /** Few, and none is asked for often, so an array; with recovery, the offsets at which they were entered beside it. */
  readonly #topics: string[] = [];
  readonly #since?: number[];
  #owner: SocketOwner;
  #session: SocketSession;
  #state: "attached" | "suspended" | "closed" = "attached";
  /** How it will have ended. */
  #end?: { code: number; reason: string };
  /** Its owner has closed it: that is final, whatever its session still does. */
  #isOver = false;
  #pendingAcks?: PendingAcks;

  constructor(
    shared: SocketContext,
    owner: SocketOwner,
    { namespace, grant }: { namespace: string; grant: ConnectGrant },
  ) {
    this.#shared = shared;
    this.#owner = owner;
    this.#session = owner.session;
    this.namespace = namespace;
    this.id = grant.id;
    this.context = grant.context;
    const { recovery } = shared;
    if (!recovery) return;
    this.pid = recovery.issue(this);
    this.firstOffset = recovery.log.last;
    this.#since = [];
  }

  get transport(): "polling" | "websocket" {
    return this.#session.isPolled ? "polling" : "websocket";
  }

  get isPolled(): boolean {
    return this.#session.isPolled;
  }

  /** The adapter's socket whose topics serve it, if one does. */
  get native(): Socket | undefined {
    return this.#state === "attached" ? this.#session.native : undefined;
  }

  get bufferedBytes(): number {
    return this.#state === "attached" ? this.#session.bufferedBytes : 0;
  }

  /** Closed, or about to be. */
  get isOver(): boolean {
    return this.#isOver || this.#state === "closed";
  }

  send(frame: Frame): boolean {
    if (this.#state === "closed") return false;
    const recorded = this.#shared.recovery?.log.record(this, frame) ?? frame;
    return this.#state === "suspended" || this.#session.send(recorded);
  }

  /** A frame of the fan-out, which has recorded it already. */
  deliver(frame: Frame): void {
    this.#session.send(frame);
  }

  subscribe(topic: string): void {
    if (this.#state === "closed" || this.#topics.includes(topic)) return;
    this.#topics.push(topic);
    this.#since?.push(this.#shared.recovery!.log.last);
    if (this.#state === "attached") this.#enter(topic);
  }

  unsubscribe(topic: string): void {
    const at = this.#topics.indexOf(topic);
    if (at < 0) return;
    this.#topics.splice(at, 1);
    this.#since?.splice(at, 1);
    if (this.native) this.native.unsubscribe(topic);
    else this.#shared.unicast.unsubscribe(this, topic);
  }

  since(topic: string): number | undefined {
    return this.#since?.[this.#topics.indexOf(topic)];
  }

  /** The session has got its WebSocket. */
  moveToNativeTopics(native: Socket): void {
    this.#shared.unicast.leave(this);
    for (const topic of this.#topics) native.subscribe(topic);
  }

  /** A kick is final for the peer's library: DISCONNECT keeps it from coming back. Everything else it takes for a fault. */
  close(code: number, reason: string): void {
    if (this.isOver) return;
    this.#isOver = true;
    if (this.#state === "suspended") return this.#giveUpSoon(code, reason);
    if (code === CLOSE.kicked) this.#session.send(encodeDisconnect(this.namespace));
    this.#session.close(code, reason);
  }

  abandon(code: number, reason: string): void {
    if (this.isOver) return;
    this.#isOver = true;
    if (this.#state === "suspended") return this.#giveUpSoon(code, reason);
    this.#session.abandon(code, reason);
  }

  ask(name: string, args: unknown[], timeoutMs: number): Promise<unknown[]> {
    this.#pendingAcks ??= new PendingAcks();
    return this.#pendingAcks.ask(name, timeoutMs, (id) => {
      const frames = encodeEvent(this.namespace, [name, ...args], id);
      return this.#state === "attached" && frames.every((frame) => this.#session.send(frame));
    });
  }

  sendEvent(name: string, args: unknown[]): void {
    for (const frame of encodeEvent(this.namespace, [name, ...args])) this.send(frame);
  }

  answered(id: number, args: unknown[]): void {
    this.#pendingAcks?.answered(id, args);
  }

  /** Its session has ended; true: it waits for its peer. */
  suspend(end: { code: number; reason: string }): boolean {
    if (this.#isOver || !this.#shared.recovery?.suspend(this)) return false;
    this.#leaveTopics();
    this.#state = "suspended";
    this.#end = end;
    this.#shared.host.suspend?.(this);
    return true;
  }

  /** Out of its session, ended or not, on the way to another. */
  leaveSession(): void {
    this.#leaveTopics();
    this.#shared.recovery?.resumed(this);
    if (this.#state === "suspended") this.#session.release();
    else this.#owner.handOver(this);
  }

  /** In another session, whose peer knows of it already: what was missed goes before anything new. */
  resume(owner: SocketOwner, missed: Frame[]): void {
    this.#owner = owner;
    this.#session = owner.session;
    this.#state = "attached";
    this.#end = undefined;
    for (const frame of missed) this.#session.send(frame);
    for (const topic of this.#topics) this.#enter(topic);
  }

  expired(): void {
    this.giveUp();
  }

  /** Suspended, and its peer did not come back, or may not. */
  giveUp(): void {
    if (this.#state !== "suspended") return;
    const { code, reason } = this.#end!;
    this.finish(code, reason);
    this.#session.release();
  }

  /** The end must not reach the hub in the middle of what it does. */
  #giveUpSoon(code: number, reason: string): void {
    this.#end = { code, reason };
    queueMicrotask(() => this.giveUp());
  }

  /** Leaves all topics and is gone; the host is told. */
  finish(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#leaveTopics();
    this.#state = "closed";
    this.#topics.length = 0;
    this.#pendingAcks?.end();
    this.#shared.recovery?.forget(this);
    this.#shared.host.close(this, code, reason);
  }

  #enter(topic: string): void {
    if (this.native) this.native.subscribe(topic);
    else this.#shared.unicast.subscribe(this, topic);
  }

  #leaveTopics(): void {
    this.#shared.unicast.leave(this);
    for (const topic of this.#topics) this.native?.unsubscribe(topic);
  }
}
