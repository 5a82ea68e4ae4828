/**
 * One Engine.IO session: a peer that polls, has a WebSocket, or polls and then has one; its heartbeat and its end.
 *
 * Made by the EngineServer at a handshake. What Socket.IO says in it is the business of `Namespaces`. There may be a
 * hundred thousand of these: no closure, no timer of its own.
 */
import type { Socket } from "../../adapter.ts";
import { CLOSE } from "../../errors.ts";
import type { Frame } from "../../message.ts";
import { type Rate, TokenBucket } from "../../token_bucket.ts";
import { fromBase64, PING, splitPayload } from "../codec.ts";
import { SocketRole } from "./endpoint.ts";
import type { Engine } from "./engine.ts";
import { Namespaces } from "../namespaces.ts";
import type { NamespaceSocket } from "../namespace_socket.ts";
import { type FrameSink, TextOutlet } from "../outlet.ts";
import { Polling, type PollingOwner } from "./polling.ts";
import type { Probe } from "./probe.ts";
import { newSessionId } from "./session_id.ts";

/** A peer may send a packet that says nothing once a second, and so many at once. */
const IDLE_PACKETS: Rate = { perSecond: 1, burst: 50 };

/** RFC 6455's code of a connection that ended without a closing. */
const ABNORMAL = 1006;

/** How a session ends. */
export interface End {
  code: number;
  reason: string;
  /** By the peer's fault against the protocol. */
  isFault?: boolean;
}

export class Session extends SocketRole implements PollingOwner {
  readonly sid: string;
  readonly visitor: unknown;
  readonly engine: Engine;
  /** Absent once it has a WebSocket. */
  polling?: Polling;
  /** The WebSocket whose topics serve this session; absent while it polls, and for peers that want text only. */
  native?: Socket;
  /** The attempt to upgrade that is under way. */
  probe?: Probe;
  readonly #namespaces: Namespaces;
  #outlet?: FrameSink;
  #ending?: End;
  #idling?: TokenBucket;
  /** Sockets that wait for their peer to come back. */
  #waiting = 0;

  /** A session without a socket polls; with one, call {@link attach} in the same turn. */
  constructor(engine: Engine, visitor: unknown) {
    super();
    this.engine = engine;
    this.visitor = visitor;
    const id = newSessionId(engine.options.node);
    this.sid = engine.forwarding?.idOf(id) ?? id;
    this.#namespaces = new Namespaces(this);
    engine.sessions.set(this.sid, this);
    engine.pings.set(this);
    engine.connects.set(this);
    engine.host.enter(visitor);
  }

  get ended(): boolean {
    return this.#ending !== undefined;
  }

  get bufferedBytes(): number {
    return this.#outlet?.bufferedBytes ?? 0;
  }

  /** The open packet: what the peer has to know. */
  greeting(upgrades: string[]): string {
    const { pingIntervalMs, pingTimeoutMs, maxPayloadBytes } = this.engine.options;
    const terms = { pingInterval: pingIntervalMs, pingTimeout: pingTimeoutMs, maxPayload: maxPayloadBytes };
    return `0${JSON.stringify({ sid: this.sid, upgrades, ...terms })}`;
  }

  startPolling(): void {
    this.polling = new Polling(this, this.engine.options);
    this.#outlet = this.polling;
  }

  /**
   * The WebSocket takes over, in one turn: what waited for a poll goes first, then native topics serve the session, and
   * in between nothing can be published.
   */
  attach(socket: Socket, textOnly: boolean): void {
    const { polling } = this;
    this.polling = undefined;
    this.probe = undefined;
    polling?.release();
    socket.context = this;
    this.#outlet = textOnly ? new TextOutlet(socket) : socket;
    for (const frame of polling?.drain() ?? []) this.#outlet.send(frame);
    if (this.#ending) return this.#leave(socket, this.#ending);
    if (textOnly) return;
    this.native = socket;
    this.#namespaces.moveToNativeTopics();
  }

  send(frame: Frame): boolean {
    return !this.#ending && this.#outlet !== undefined && this.#outlet.send(frame);
  }

  opened(): void {}

  /** An Engine.IO packet. Over a WebSocket bytes are a message as they are. */
  received(frame: Frame): void {
    if (this.#ending) return;
    if (frame.length > this.engine.options.maxPayloadBytes) return this.close(CLOSE.tooLarge, "payload too large");
    if (typeof frame !== "string") return this.#namespaces.receive(frame);
    switch (frame.charCodeAt(0)) {
      case 0x34: // 4: message
        return this.#namespaces.receive(frame.slice(1));
      case 0x33: // 3: pong; one that nobody waits for does not postpone the next ping
        if (this.engine.pongs.delete(this)) this.engine.pings.set(this);
        else this.idle();
        return;
      case 0x62: // b: message in base64
        return this.#namespaces.receive(fromBase64(frame));
      case 0x36: // 6: noop
        return this.idle();
      case 0x31: // 1: close
        return this.#quit({ code: CLOSE.normal, reason: "transport close" });
      default:
        return this.fail("invalid packet");
    }
  }

  /** The peer sent what is nothing to the host, which counts the rest. */
  idle(): void {
    this.#idling ??= new TokenBucket(IDLE_PACKETS);
    if (this.#idling.take() > 0) this.fail("too many packets that say nothing");
  }

  receivePayload(payload: string): void {
    splitPayload(payload, (packet) => {
      this.received(packet);
      return !this.#ending;
    });
  }

  closed(_socket: Socket, code: number, reason: string): void {
    this.#end({ code, reason: reason || "transport close" });
  }

  ping(dueAt: number): void {
    this.engine.pongs.set(this, dueAt);
    this.send(PING);
  }

  pingTimedOut(): void {
    this.#quit({ code: CLOSE.heartbeatTimeout, reason: "ping timeout" });
  }

  /** The peer went away. */
  lost(reason: string): void {
    this.#quit({ code: ABNORMAL, reason });
  }

  /** The peer broke the protocol: its state is another than ours, so nothing of it can be recovered. */
  fail(reason: string): void {
    this.#quit({ code: CLOSE.policy, reason, isFault: true });
  }

  stall(): void {
    this.abandon(CLOSE.slowConsumer, "slow consumer");
  }

  parked(bytes: number): void {
    this.engine.host.parked?.(this.visitor, this, bytes);
  }

  /** What waits for its next poll is too much for others. */
  giveUp(): void {
    if (this.ended) this.farewellTimedOut();
    else this.stall();
  }

  /** Sends what is queued and then the end; the host is told in a later turn. Idempotent. */
  close(code: number, reason: string): void {
    if (this.#ending) return;
    if (this.polling) this.engine.farewells.set(this);
    this.#outlet?.close(code, reason);
    this.#endSoon({ code, reason });
  }

  abandon(code: number, reason: string): void {
    if (this.#ending) return;
    this.engine.sessions.delete(this.sid);
    this.#outlet?.abandon(code, reason);
    this.#endSoon({ code, reason });
  }

  bidFarewell(): void {
    this.engine.farewells.delete(this);
    this.engine.sessions.delete(this.sid);
    this.probe?.abort("the session has ended");
  }

  farewellTimedOut(): void {
    this.bidFarewell();
    this.polling?.abandon(ABNORMAL);
  }

  /** One of its sockets goes on in another session. */
  lose(socket: NamespaceSocket): void {
    if (this.#namespaces.remove(socket) === 0) this.close(CLOSE.normal, "resumed elsewhere");
  }

  /** One of the sockets that waited for their peer does so no longer. */
  release(): void {
    if (--this.#waiting === 0) this.engine.host.dismiss(this.visitor);
  }

  /** Nothing more is sent: a waiting poll is freed, a WebSocket closed. */
  #quit(end: End): void {
    if (this.#ending) return;
    this.engine.sessions.delete(this.sid);
    if (this.polling) this.polling.abandon(end.code);
    else this.#outlet?.close(end.code, end.reason);
    this.#end(end);
  }

  /** A socket's owner may close it in the middle of a publish; the end must not reach the hub in there. */
  #endSoon(end: End): void {
    this.#stop(end);
    queueMicrotask(() => this.#finish(end));
  }

  #end(end: End): void {
    if (this.#ending) return;
    this.#stop(end);
    this.#finish(end);
  }

  #stop(end: End): void {
    this.#ending = end;
    const { engine } = this;
    engine.pings.delete(this);
    engine.pongs.delete(this);
    engine.connects.delete(this);
    const waits = engine.farewells.has(this);
    if (!waits) engine.sessions.delete(this.sid);
    // A peer that was told to come over polls no more: it takes the closing there, or never hears of the end.
    if (!waits || !this.probe?.answered) this.probe?.abort("the session has ended");
  }

  /** The peer came over to a session that has ended; what waited for it has been sent. */
  #leave(socket: Socket, { code, reason }: End): void {
    this.bidFarewell();
    socket.close(code, reason);
  }

  #finish(end: End): void {
    this.#waiting = this.#namespaces.end(end);
    if (this.#waiting === 0) this.engine.host.dismiss(this.visitor);
  }
}
