/**
 * One Engine.IO session: a peer that polls, has a WebSocket, or polls and then has one; and how it ends.
 *
 * What is said in it is the business of its content. There may be a hundred thousand of these: no closure, no timer of
 * its own.
 */
import type { Socket } from "../../adapter.ts";
import { CLOSE } from "../../errors.ts";
import type { Frame } from "../../message.ts";
import { type Rate, TokenBucket } from "../../token_bucket.ts";
import { fromBase64, splitPayload } from "./codec.ts";
import type { Deadlines, Expiring } from "./deadlines.ts";
import { Heartbeat, type HeartbeatDeadlines } from "./heartbeat.ts";
import type { SessionHost } from "./host.ts";
import type { EngineIoOptions } from "./options.ts";
import { Polling, type PollingOwner } from "./polling.ts";
import type { SessionIds } from "./session_id.ts";
import { type FrameSink, SocketRole, TextSocket } from "./socket_role.ts";

/** A peer may send a packet that says nothing once a second, and so many at once. */
const IDLE_PACKETS: Rate = { perSecond: 1, burst: 50 };

/** RFC 6455's code of a connection that ended without a close frame. */
const ABNORMAL = 1006;

/** How a session ends. */
export interface End {
  code: number;
  reason: string;
  /** By the peer's fault against the protocol. */
  isFault?: boolean;
}

/** What is said in a session. */
export interface SessionContent {
  /** What a message holds: text, or the bytes of an attachment. */
  receive(data: Frame): void;
  /** The session has got a WebSocket whose topics serve it. */
  moveToNativeTopics(native: Socket): void;
  /** The session has ended. Returns how many connections outlive it, each of which will call its `release`. */
  end(end: End): number;
}

export interface SessionDeadlines extends HeartbeatDeadlines {
  /** How long a session that was closed waits for the poll that takes its last packets. */
  readonly closings: Deadlines;
  readonly upgrades: Deadlines;
}

/** What the sessions of one server share. */
export interface SessionContext {
  readonly options: EngineIoOptions;
  readonly host: SessionHost;
  readonly ids: SessionIds;
  readonly deadlines: SessionDeadlines;
  /** By id; also those that were closed and wait for their last poll. */
  readonly sessions: Map<string, Session>;
  contentOf(session: Session): SessionContent;
}

/** An attempt to upgrade. */
export interface Upgrade {
  /** The peer was told to come over. */
  readonly answered: boolean;
  abort(reason: string): void;
}

export class Session extends SocketRole implements PollingOwner, Expiring {
  readonly sid: string;
  readonly client: unknown;
  readonly context: SessionContext;
  /** Absent once it has a WebSocket. */
  polling?: Polling;
  /** The WebSocket whose topics serve this session; absent while it polls, and for peers that want text only. */
  native?: Socket;
  /** The attempt to upgrade that is under way. */
  probe?: Upgrade;
  readonly #content: SessionContent;
  readonly #heartbeat: Heartbeat;
  #sink?: FrameSink;
  #ending?: End;
  #idlePackets?: TokenBucket;
  /** Connections that have outlived it. */
  #outliving = 0;

  /** A session without a socket polls; with one, call {@link attach} in the same turn. */
  constructor(context: SessionContext, client: unknown) {
    super();
    this.context = context;
    this.client = client;
    this.sid = context.ids.next();
    this.#content = context.contentOf(this);
    this.#heartbeat = new Heartbeat(context.deadlines, this);
    context.sessions.set(this.sid, this);
    context.host.enter(client);
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  get isPolled(): boolean {
    return this.polling !== undefined;
  }

  get bufferedBytes(): number {
    return this.#sink?.bufferedBytes ?? 0;
  }

  /** The open packet: what the peer has to know. */
  openPacket(upgrades: string[]): string {
    const { pingIntervalMs, pingTimeoutMs, maxPayloadBytes } = this.context.options;
    const terms = { pingInterval: pingIntervalMs, pingTimeout: pingTimeoutMs, maxPayload: maxPayloadBytes };
    return `0${JSON.stringify({ sid: this.sid, upgrades, ...terms })}`;
  }

  startPolling(): void {
    this.polling = new Polling(this, this.context.options);
    this.#sink = this.polling;
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
    this.#sink = textOnly ? new TextSocket(socket) : socket;
    for (const frame of polling?.drain() ?? []) this.#sink.send(frame);
    if (this.#ending) return this.#closeAttached(socket, this.#ending);
    if (textOnly) return;
    this.native = socket;
    this.#content.moveToNativeTopics(socket);
  }

  send(frame: Frame): boolean {
    return !this.#ending && this.#sink !== undefined && this.#sink.send(frame);
  }

  opened(): void {}

  /** An Engine.IO packet. Over a WebSocket bytes are a message as they are. */
  received(frame: Frame): void {
    if (this.#ending) return;
    if (frame.length > this.context.options.maxPayloadBytes) return this.close(CLOSE.tooLarge, "payload too large");
    if (typeof frame !== "string") return this.#content.receive(frame);
    switch (frame.charCodeAt(0)) {
      case 0x34: // 4: message
        return this.#content.receive(frame.slice(1));
      case 0x33: // 3: pong
        return this.#heartbeat.pong() ? undefined : this.idle();
      case 0x62: // b: message in base64
        return this.#content.receive(fromBase64(frame));
      case 0x36: // 6: noop
        return this.idle();
      case 0x31: // 1: close
        return this.#quit({ code: CLOSE.normal, reason: "transport close" });
      default:
        return this.fail("invalid packet");
    }
  }

  /** The peer sent a packet that says nothing, and that nothing above counts. */
  idle(): void {
    this.#idlePackets ??= new TokenBucket(IDLE_PACKETS);
    if (this.#idlePackets.take() > 0) this.fail("too many packets that say nothing");
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

  buffered(bytes: number): void {
    this.context.host.buffered?.(this.client, this, bytes);
  }

  /** What waits for its next poll is too much for others. */
  drop(): void {
    if (this.hasEnded) this.expired();
    else this.stall();
  }

  /** Sends what is queued and then the end; the content is told in a later turn. Idempotent. */
  close(code: number, reason: string): void {
    if (this.#ending) return;
    if (this.polling) this.context.deadlines.closings.set(this);
    this.#sink?.close(code, reason);
    this.#endSoon({ code, reason });
  }

  abandon(code: number, reason: string): void {
    if (this.#ending) return;
    this.context.sessions.delete(this.sid);
    this.#sink?.abandon(code, reason);
    this.#endSoon({ code, reason });
  }

  /** The peer of a closed session has been told its end. */
  closingDelivered(): void {
    this.context.deadlines.closings.delete(this);
    this.context.sessions.delete(this.sid);
    this.probe?.abort("the session has ended");
  }

  /** No poll has come for the last packets of a closed session. */
  expired(): void {
    this.closingDelivered();
    this.polling?.abandon(ABNORMAL);
  }

  /** One of the connections that have outlived it does so no longer. */
  release(): void {
    if (--this.#outliving === 0) this.context.host.leave(this.client);
  }

  /** Nothing more is sent: a waiting poll is freed, a WebSocket closed. */
  #quit(end: End): void {
    if (this.#ending) return;
    this.context.sessions.delete(this.sid);
    if (this.polling) this.polling.abandon(end.code);
    else this.#sink?.close(end.code, end.reason);
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
    this.#heartbeat.stop();
    const awaitsPoll = this.context.deadlines.closings.has(this);
    if (!awaitsPoll) this.context.sessions.delete(this.sid);
    // A peer that was told to come over polls no more: it takes the last packets there, or never hears of the end.
    if (!awaitsPoll || !this.probe?.answered) this.probe?.abort("the session has ended");
  }

  /** The peer came over to a session that has ended; what waited for it has been sent. */
  #closeAttached(socket: Socket, { code, reason }: End): void {
    this.closingDelivered();
    socket.close(code, reason);
  }

  #finish(end: End): void {
    this.#outliving = this.#content.end(end);
    if (this.#outliving === 0) this.context.host.leave(this.client);
  }
}
