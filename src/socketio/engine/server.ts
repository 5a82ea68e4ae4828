/**
 * Engine.IO 4 over HTTP and WebSockets: handshakes, polls, posts, and the sockets of the adapter that belong to sessions.
 *
 * The gateway hands it every request under the Socket.IO path and every socket it granted (`owns`). It knows nothing of
 * rooms, dialects or users: those are behind its ConnectionHost.
 */
import type { Peer, Socket, SocketHandler, UpgradeGrant } from "../../adapter.ts";
import { after, type MaybePromise } from "../../maybe.ts";
import type { Frame } from "../../message.ts";
import { type EngineError, HttpAnswer, REFUSAL, refuseUpgrade } from "./answer.ts";
import { WorkerForwarding } from "./forwarding.ts";
import { SocketRole } from "./endpoint.ts";
import { Engine } from "./engine.ts";
import type { FanoutState } from "../fanout.ts";
import { Handshake } from "./handshake.ts";
import type { ConnectionHost } from "./host.ts";
import type { EngineIoOptions } from "./options.ts";
import { Probe } from "./probe.ts";
import { Session } from "./session.ts";
import { nodeOfSession } from "./session_id.ts";

const PROTOCOL = "4";

export class EngineServer {
  readonly #engine: Engine;

  /** `audience`: the one that the {@link Fanout} has. */
  constructor(options: EngineIoOptions, host: ConnectionHost, audience: FanoutState) {
    this.#engine = new Engine(options, host, audience);
  }

  /**
   * Others listen on the same port: `inner` is served on a port of this worker alone, on the loopback, and `secret` is
   * theirs in common. Before the first session.
   */
  share(port: number, secret: string): void {
    const { maxPayloadBytes } = this.#engine.options;
    this.#engine.forwarding = new WorkerForwarding({ port, secret, maxPayloadBytes });
  }

  /** What the other workers find: sessions, and no way to begin one. */
  get inner(): SocketHandler {
    const isVisit = (request: Request) => new URL(request.url).searchParams.has("sid");
    const nobody = () => refuseUpgrade(REFUSAL.sessionUnknown);
    return {
      fetch: (request, peer) => isVisit(request) ? this.fetch(request, peer) : nobody(),
      upgrade: (request) => isVisit(request) ? this.#takeOver(request) : nobody(),
      open: (socket) => this.open(socket),
      message: (socket, frame) => this.message(socket, frame),
      close: (socket, code, reason) => this.close(socket, code, reason),
    };
  }

  /** Live sessions, those included that only wait to say goodbye. */
  get sessions(): number {
    return this.#engine.sessions.size;
  }

  /** Deadlines that are set: zero when there are no sessions. */
  get deadlines(): number {
    return this.#engine.deadlines;
  }

  /** A request under the Socket.IO path that is no upgrade. Never rejects. */
  fetch(request: Request, peer: Peer): MaybePromise<Response> {
    const answer = new HttpAnswer(request, this.#engine.options.trustOf);
    if (request.method === "OPTIONS") return answer.preflight(request);
    this.#engine.sweep();
    const query = new URL(request.url).searchParams;
    const transport = query.get("transport");
    if (transport !== "polling" && transport !== "websocket") return answer.refused(REFUSAL.transportUnknown);
    const sid = query.get("sid");
    if (sid !== null) return this.#find(request, answer, sid);
    if (request.method !== "GET") return answer.refused(REFUSAL.badMethod);
    if (transport === "websocket") return answer.refused(REFUSAL.badRequest);
    return after(this.#engine.host.admit(request, peer), (admitted) => {
      if (admitted instanceof Response) return answer.pass(admitted);
      if (query.get("EIO") !== PROTOCOL) return answer.refused(REFUSAL.versionUnsupported);
      return this.#startPolling(answer, admitted.visitor);
    });
  }

  /** A request to upgrade under the Socket.IO path. Never rejects. */
  upgrade(request: Request, peer: Peer): MaybePromise<Response | UpgradeGrant> {
    const query = new URL(request.url).searchParams;
    if (query.has("sid")) return this.#engine.host.admitUpgrade(request, peer) ?? this.#takeOver(request);
    const refusal = refusalOfUpgrade(query);
    if (refusal) return refuseUpgrade(refusal);
    const textOnly = query.has("b64");
    return after(this.#engine.host.admit(request, peer), (admitted) => {
      if (admitted instanceof Response) return admitted;
      if (query.get("EIO") !== PROTOCOL) return refuseUpgrade(REFUSAL.versionUnsupported);
      return { context: new Handshake(this.#engine, admitted.visitor, textOnly) };
    });
  }

  /** A WebSocket for a session that has begun, here or at another worker. */
  #takeOver(request: Request): Response | UpgradeGrant {
    this.#engine.sweep();
    const query = new URL(request.url).searchParams;
    const sid = query.get("sid")!;
    const { forwarding, sessions } = this.#engine;
    const ownerPort = forwarding?.portOfOwner(sid);
    if (forwarding && ownerPort !== undefined) return { context: forwarding.forwardSocket(request, ownerPort) };
    const refusal = refusalOfUpgrade(query);
    if (refusal) return refuseUpgrade(refusal);
    const session = sessions.get(sid);
    return session ? { context: new Probe(session, query.has("b64")) } : refuseUpgrade(this.#missing(sid));
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

  /** Ends every session; peers come back elsewhere. */
  stop(): Promise<void> {
    return this.#engine.stop();
  }

  #startPolling(answer: HttpAnswer, visitor: unknown): Response {
    const session = new Session(this.#engine, visitor);
    session.startPolling();
    const { cookie } = this.#engine.options;
    return answer.payload(
      session.greeting(["websocket"]),
      cookie && `${cookie}=${session.sid}; Path=/; HttpOnly; SameSite=Lax`,
    );
  }

  #find(request: Request, answer: HttpAnswer, sid: string): MaybePromise<Response> {
    const { forwarding, sessions } = this.#engine;
    const ownerPort = forwarding?.portOfOwner(sid);
    if (forwarding && ownerPort !== undefined) return forwarding.forward(request, answer, ownerPort);
    const session = sessions.get(sid);
    return session ? this.#serve(request, answer, session) : answer.refused(this.#missing(sid));
  }

  /** Why there is no session with this id. */
  #missing(sid: string): EngineError {
    const node = nodeOfSession(sid);
    const { host, options } = this.#engine;
    if (node === undefined || node === options.node) return REFUSAL.sessionUnknown;
    host.strayed?.(node);
    return REFUSAL.sessionElsewhere;
  }

  #serve(request: Request, answer: HttpAnswer, session: Session): MaybePromise<Response> {
    const { polling } = session;
    const asksForPolling = new URL(request.url).searchParams.get("transport") === "polling";
    if (!polling || !asksForPolling) return answer.refused(REFUSAL.badRequest);
    if (request.method === "GET") return polling.get({ answer, signal: request.signal });
    if (request.method === "POST") return polling.post(request, answer);
    return answer.refused(REFUSAL.badRequest);
  }
}

function refusalOfUpgrade(query: URLSearchParams): EngineError | undefined {
  const transport = query.get("transport");
  if (transport === "websocket") return undefined;
  return transport === "polling" ? REFUSAL.badRequest : REFUSAL.transportUnknown;
}
