/**
 * Engine.IO 4 over HTTP and WebSockets: handshakes, polls, posts, and the sockets of the adapter that belong to sessions.
 *
 * It gets every request under the Socket.IO path and what happens to every socket that it granted (`owns`). It knows
 * nothing of namespaces, rooms or users: those are behind its host and the content of its sessions.
 */
import type { Peer, Socket, SocketHandler, UpgradeGrant } from "../../adapter.ts";
import { after, type MaybePromise } from "../../maybe.ts";
import type { Frame } from "../../message.ts";
import { type EngineError, HttpAnswer, REFUSAL, refuseUpgrade } from "./answer.ts";
import { Deadlines } from "./deadlines.ts";
import { forward, ForwardedSocket, type SessionOwner } from "./forwarding.ts";
import type { SessionHost } from "./host.ts";
import type { EngineIoOptions } from "./options.ts";
import { Probe } from "./probe.ts";
import type { EngineRequest } from "./request.ts";
import { Session, type SessionContent, type SessionContext } from "./session.ts";
import { SessionIds } from "./session_id.ts";
import { SocketRole } from "./socket_role.ts";

const PROTOCOL = "4";
/** How long a session that was closed waits for the poll that takes its last packets. */
const CLOSING_MS = 30_000;
/** How long a stop waits for peers in the middle of an upgrade: one round trip, for those who are alive. */
const STOP_GRACE_MS = 1_000;
const POLL_MS = 10;

/** The protocol that is spoken in sessions. */
export interface SessionProtocol {
  contentOf(session: Session): SessionContent;
  /** The server stops: nothing outlives its session any more. */
  stop(): void;
}

export class EngineServer {
  readonly #context: SessionContext;
  readonly #protocol: SessionProtocol;

  constructor(options: EngineIoOptions, host: SessionHost, protocol: SessionProtocol) {
    this.#protocol = protocol;
    this.#context = {
      options,
      host,
      ids: new SessionIds(options.node),
      sessions: new Map(),
      deadlines: {
        pings: new Deadlines(options.pingIntervalMs),
        pongs: new Deadlines(options.pingTimeoutMs),
        closings: new Deadlines(CLOSING_MS),
        upgrades: new Deadlines(options.upgradeTimeoutMs),
      },
      contentOf: (session) => protocol.contentOf(session),
    };
  }

  /**
   * Other workers listen on the same port: `loopback` is served on a port of this worker alone, and `secret` is theirs in
   * common. Before the first session.
   */
  share(port: number, secret: string): void {
    this.#context.ids.worker = { port, secret };
  }

  /** What the other workers find: sessions, and no way to begin one. */
  get loopback(): SocketHandler {
    const nobody = () => refuseUpgrade(REFUSAL.sessionUnknown);
    const sessionOf = (url: URL) => url.searchParams.get("sid");
    return {
      fetch: (request, peer) => {
        const url = new URL(request.url);
        return sessionOf(url) === null ? nobody() : this.fetch(request, peer, url);
      },
      upgrade: (request, peer) => {
        const url = new URL(request.url);
        const sid = sessionOf(url);
        return sid === null ? nobody() : this.#takeOver({ request, peer, url }, sid);
      },
      open: (socket) => this.open(socket),
      message: (socket, frame) => this.message(socket, frame),
      close: (socket, code, reason) => this.close(socket, code, reason),
    };
  }

  /** Live sessions, and those that were closed and wait for their last poll. */
  get sessions(): number {
    return this.#context.sessions.size;
  }

  /** Deadlines that are set: zero when there are no sessions. */
  get deadlines(): number {
    const { pings, pongs, closings, upgrades } = this.#context.deadlines;
    return pings.size + pongs.size + closings.size + upgrades.size;
  }

  /** A request under the Socket.IO path that is not an upgrade. Never rejects. */
  fetch(request: Request, peer: Peer, url: URL = new URL(request.url)): MaybePromise<Response> {
    const answer = new HttpAnswer(request, this.#context.options.trustOf);
    if (request.method === "OPTIONS") return answer.preflight(request);
    this.#sweep();
    const asked = { request, url, peer };
    const transport = url.searchParams.get("transport");
    if (transport !== "polling" && transport !== "websocket") return answer.refused(REFUSAL.transportUnknown);
    const sid = url.searchParams.get("sid");
    if (sid !== null) return this.#find(asked, answer, sid);
    if (request.method !== "GET") return answer.refused(REFUSAL.badMethod);
    if (transport === "websocket") return answer.refused(REFUSAL.badRequest);
    return after(this.#context.host.admit(asked), (admitted) => {
      if (admitted instanceof Response) return answer.pass(admitted);
      if (url.searchParams.get("EIO") !== PROTOCOL) return answer.refused(REFUSAL.versionUnsupported);
      return this.#startPolling(answer, admitted.client);
    });
  }

  /** A request to upgrade under the Socket.IO path. Never rejects. */
  upgrade(request: Request, peer: Peer, url: URL = new URL(request.url)): MaybePromise<Response | UpgradeGrant> {
    const asked = { request, url, peer };
    const { host } = this.#context;
    const sid = url.searchParams.get("sid");
    if (sid !== null) return host.admitUpgrade(asked) ?? this.#takeOver(asked, sid);
    const refusal = refusalOfUpgrade(url);
    if (refusal) return refuseUpgrade(refusal);
    const textOnly = url.searchParams.has("b64");
    return after(host.admit(asked), (admitted) => {
      if (admitted instanceof Response) return admitted;
      if (url.searchParams.get("EIO") !== PROTOCOL) return refuseUpgrade(REFUSAL.versionUnsupported);
      return { context: new Handshake(this.#context, admitted.client, textOnly) };
    });
  }

  /** A WebSocket for a session that has begun, here or at another worker. */
  #takeOver({ url }: EngineRequest, sid: string): Response | UpgradeGrant {
    this.#sweep();
    const owner = this.#ownerOf(sid);
    if (owner) return { context: new ForwardedSocket(url, owner) };
    const refusal = refusalOfUpgrade(url);
    if (refusal) return refuseUpgrade(refusal);
    const session = this.#context.sessions.get(sid);
    return session ? { context: new Probe(session, url.searchParams.has("b64")) } : refuseUpgrade(this.#missing(sid));
  }

  /** Whether the socket came from {@link upgrade}: then its events belong here. */
  owns(socket: Socket): boolean {
    return socket.context instanceof SocketRole;
  }

  open(socket: Socket): void {
    if (socket.context instanceof SocketRole) socket.context.opened(socket);
  }

  message(socket: Socket, frame: Frame): void {
    if (socket.context instanceof SocketRole) socket.context.received(frame);
  }

  close(socket: Socket, code: number, reason: string): void {
    if (socket.context instanceof SocketRole) socket.context.closed(socket, code, reason);
  }

  /** Ends every session. Resolves when peers in the middle of an upgrade have finished it, and were told. */
  async stop(): Promise<void> {
    const { sessions, deadlines } = this.#context;
    this.#protocol.stop();
    for (const session of [...sessions.values()]) session.close(1001, "server shutting down");
    const endsAt = performance.now() + STOP_GRACE_MS;
    while (deadlines.upgrades.size > 0 && performance.now() < endsAt) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    for (const each of Object.values(deadlines)) each.clear();
    sessions.clear();
  }

  /** Ends what is due at this very moment, so that a request sees the truth and not the timer's lateness. */
  #sweep(): void {
    const { pings, pongs } = this.#context.deadlines;
    pings.sweep();
    pongs.sweep();
  }

  #startPolling(answer: HttpAnswer, client: unknown): Response {
    const session = new Session(this.#context, client);
    session.startPolling();
    const { cookie } = this.#context.options;
    return answer.payload(
      session.openPacket(["websocket"]),
      cookie && `${cookie}=${session.sid}; Path=/; HttpOnly; SameSite=Lax`,
    );
  }

  #find(asked: EngineRequest, answer: HttpAnswer, sid: string): MaybePromise<Response> {
    const owner = this.#ownerOf(sid);
    if (owner) return forward(asked, answer, owner);
    const session = this.#context.sessions.get(sid);
    return session ? this.#serve(asked, answer, session) : answer.refused(this.#missing(sid));
  }

  /** The other worker that has the session, if one does. */
  #ownerOf(sid: string): SessionOwner | undefined {
    const port = this.#context.ids.portOfOwner(sid);
    return port === undefined ? undefined : { port, maxPayloadBytes: this.#context.options.maxPayloadBytes };
  }

  /** Why there is no session with this id. */
  #missing(sid: string): EngineError {
    const node = this.#context.ids.otherNodeOf(sid);
    if (node === undefined) return REFUSAL.sessionUnknown;
    this.#context.host.misrouted?.(node);
    return REFUSAL.sessionElsewhere;
  }

  #serve({ request, url }: EngineRequest, answer: HttpAnswer, { polling }: Session): MaybePromise<Response> {
    const asksForPolling = url.searchParams.get("transport") === "polling";
    if (!polling || !asksForPolling) return answer.refused(REFUSAL.badRequest);
    if (request.method === "GET") return polling.get({ answer, signal: request.signal });
    if (request.method === "POST") return polling.post(request, answer);
    return answer.refused(REFUSAL.badRequest);
  }
}

/** A WebSocket that has been admitted and begins a session as soon as it is open. */
class Handshake extends SocketRole {
  readonly #context: SessionContext;
  readonly #client: unknown;
  readonly #textOnly: boolean;

  constructor(context: SessionContext, client: unknown, textOnly: boolean) {
    super();
    this.#context = context;
    this.#client = client;
    this.#textOnly = textOnly;
  }

  opened(socket: Socket): void {
    const session = new Session(this.#context, this.#client);
    session.attach(socket, this.#textOnly);
    session.send(session.openPacket([]));
  }

  received(): void {}

  closed(): void {}
}

function refusalOfUpgrade({ searchParams }: URL): EngineError | undefined {
  const transport = searchParams.get("transport");
  if (transport === "websocket") return undefined;
  return transport === "polling" ? REFUSAL.badRequest : REFUSAL.transportUnknown;
}
