/**
 * One joined namespace: what the hub takes for a socket.
 *
 * Its topics are those of the session's WebSocket, so that one native publish serves all; while the session polls, they
 * stand in the engine's registry of sockets that are served one by one. Its frames go where the session's go. With
 * recovery it can outlive its session and go on in another.
 */
import type { Socket } from "../adapter.ts";
import { CLOSE } from "../errors.ts";
import type { Frame } from "../message.ts";
import { encodeDisconnect, encodeEvent } from "./codec.ts";
import type { Engine } from "./engine/engine.ts";
import type { ConnectGrant, EventSocket } from "./engine/host.ts";
import type { PacketReader } from "./packet_log.ts";
import { PendingAcks } from "./pending_acks.ts";
import type { End, Session } from "./engine/session.ts";

export class NamespaceSocket implements EventSocket, PacketReader {
  context: unknown;
  /** What the peer is told. */
  readonly id: string;
  readonly namespace: string;
  /** With recovery: the peer's secret, and what had been sent to others before it came. */
  readonly pid?: string;
  readonly bornAt: number = 0;
  readonly #engine: Engine;
  /** Few, and none is asked for often, so an array; with recovery, the offsets at which they were entered beside it. */
  readonly #topics: string[] = [];
  readonly #since?: number[];
  #session: Session;
  #state: "attached" | "parked" | "closed" = "attached";
  /** How it will have ended. */
  #end?: End;
  /** Its owner has closed it: that is final, whatever its session still does. */
  #isOver = false;
  #questions?: PendingAcks;

  constructor(session: Session, namespace: string, { id, context }: ConnectGrant) {
    this.#session = session;
    this.#engine = session.engine;
    this.namespace = namespace;
    this.id = id;
    this.context = context;
    const { recovery } = this.#engine;
    if (!recovery) return;
    this.pid = recovery.issue(this);
    this.bornAt = recovery.log.last;
    this.#since = [];
  }

  get transport(): "polling" | "websocket" {
    return this.#session.polling ? "polling" : "websocket";
  }

  get isPolled(): boolean {
    return this.#session.polling !== undefined;
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
    const recorded = this.#engine.recovery?.log.record(this, frame) ?? frame;
    return this.#state === "parked" || this.#session.send(recorded);
  }

  /** Of the fan-out, which has recorded the frame already. */
  deliver(frame: Frame): void {
    this.#session.send(frame);
  }

  subscribe(topic: string): void {
    if (this.#state === "closed" || this.#topics.includes(topic)) return;
    this.#topics.push(topic);
    this.#since?.push(this.#engine.recovery!.log.last);
    if (this.#state === "attached") this.#enter(topic);
  }

  unsubscribe(topic: string): void {
    const at = this.#topics.indexOf(topic);
    if (at < 0) return;
    this.#topics.splice(at, 1);
    this.#since?.splice(at, 1);
    if (this.native) this.native.unsubscribe(topic);
    else this.#engine.apart.unsubscribe(this, topic);
  }

  since(topic: string): number | undefined {
    return this.#since?.[this.#topics.indexOf(topic)];
  }

  /** The session has got its WebSocket. */
  moveToNativeTopics(native: Socket): void {
    this.#engine.apart.leave(this);
    for (const topic of this.#topics) native.subscribe(topic);
  }

  /** A kick is final for the peer's library: DISCONNECT keeps it from coming back. Everything else it takes for a fault. */
  close(code: number, reason: string): void {
    this.#leave({ code, reason }, () => {
      if (code === CLOSE.kicked) this.#session.send(encodeDisconnect(this.namespace));
      this.#session.close(code, reason);
    });
  }

  abandon(code: number, reason: string): void {
    this.#leave({ code, reason }, () => this.#session.abandon(code, reason));
  }

  #leave(end: End, endSession: () => void): void {
    if (this.isOver) return;
    this.#isOver = true;
    this.#end = end;
    if (this.#state === "attached") endSession();
    else queueMicrotask(() => this.giveUp());
  }

  ask(name: string, args: unknown[], timeoutMs: number): Promise<unknown[]> {
    this.#questions ??= new PendingAcks();
    return this.#questions.ask(name, timeoutMs, (id) => {
      const frames = encodeEvent(this.namespace, [name, ...args], id);
      return this.#state === "attached" && frames.every((frame) => this.#session.send(frame));
    });
  }

  sendEvent(name: string, args: unknown[]): void {
    for (const frame of encodeEvent(this.namespace, [name, ...args])) this.send(frame);
  }

  answered(id: number, args: unknown[]): void {
    this.#questions?.answered(id, args);
  }

  /** Its session has ended; true: it waits for its peer. */
  park(end: End): boolean {
    if (this.#isOver || !this.#engine.recovery?.park(this)) return false;
    this.#detach();
    this.#state = "parked";
    this.#end = end;
    this.#engine.host.pause?.(this);
    return true;
  }

  /** Out of its session, ended or not, on the way to another. */
  leaveSession(): void {
    this.#detach();
    this.#engine.recovery?.unpark(this);
    if (this.#state === "parked") this.#session.release();
    else this.#session.lose(this);
  }

  /** In another session, whose peer knows of it already: what was missed goes before anything new. */
  goOn(session: Session, missed: Frame[]): void {
    this.#session = session;
    this.#state = "attached";
    this.#end = undefined;
    for (const frame of missed) session.send(frame);
    for (const topic of this.#topics) this.#enter(topic);
  }

  /** Parked, and its peer did not come, or may not. */
  giveUp(): void {
    if (this.#state !== "parked") return;
    const { code, reason } = this.#end!;
    this.finish(code, reason);
    this.#session.release();
  }

  /** Leaves all topics and is gone; the host is told. */
  finish(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#detach();
    this.#state = "closed";
    this.#topics.length = 0;
    this.#questions?.end();
    this.#engine.recovery?.forget(this);
    this.#engine.host.close(this, code, reason);
  }

  #enter(topic: string): void {
    if (this.native) this.native.subscribe(topic);
    else this.#engine.apart.subscribe(this, topic);
  }

  #detach(): void {
    this.#engine.apart.leave(this);
    for (const topic of this.#topics) this.native?.unsubscribe(topic);
  }
}
