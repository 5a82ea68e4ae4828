/**
 * The way in for Socket.IO: each namespace that a session joins is a connection like any other.
 *
 * Packets and sessions are socketio/engine/'s; users and rooms are the hub's. Nothing here may know either from inside.
 */
import type { Admission as Gatekeeper } from "../gateway/admission.ts";
import { Connection } from "../hub/connection.ts";
import { type Credential, credentialOf, isBadToken, type Presented, verifyCredential } from "../gateway/credentials.ts";
import type { AnyDialect } from "../dialect.ts";
import { REFUSAL } from "./engine/answer.ts";
import type { SocketioPacket } from "./codec.ts";
import type { ConnectGrant, ConnectionHost, ConnectRequest, EventSocket } from "./connection_host.ts";
import type { BufferingSession, SessionGrant, SessionHost } from "./engine/host.ts";
import type { EngineRequest } from "./engine/request.ts";
import { offerOf } from "../gateway/subprotocols.ts";
import { ParleyError, toHttp, toParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { type Admitted, refresh } from "../hub/identity.ts";
import { enter, trustedHeaders } from "../gateway/entry.ts";
import type { Lifecycle } from "../gateway/lifecycle.ts";
import { stopTyping } from "../hub/membership.ts";
import { after, isPromise, type MaybePromise, run, type Steps, wait } from "../maybe.ts";
import type { Identity } from "../message.ts";
import type { Origins } from "../gateway/origins.ts";
import type { Arrival } from "../policy.ts";
import { withoutBearer } from "../verifier.ts";

/** What is remembered of the request that opened a session. */
interface SessionClient extends Presented {
  address: string;
  /** Kept only for policies that look at it. */
  request?: Omit<Arrival, "auth">;
}

/** Between CONNECT and the opening of the socket. */
interface ConnectTicket {
  id: string;
  address: string;
  admitted?: Admitted;
  arrival?: Arrival;
}

export interface SocketioHostParts {
  hub: Hub;
  admission: Gatekeeper;
  origins: Origins;
  lifecycle: Lifecycle;
  /** The dialect of a namespace: `/` speaks the documented events, the others relay. */
  dialectOf(namespace: string): AnyDialect;
}

/** How often it is asked whether a node is there that sessions name. */
const ASK_INTERVAL_MS = 10_000;

export class SocketioHost implements SessionHost, ConnectionHost {
  readonly #parts: SocketioHostParts;
  /** The next time that a session of another node is looked into. */
  #nextAskAtMs = -Infinity;

  constructor(parts: SocketioHostParts) {
    this.#parts = parts;
  }

  admit({ request, url, peer }: EngineRequest): Response | SessionGrant {
    const { admission, hub, origins } = this.#parts;
    try {
      const address = admission.check(request, peer);
      const { headers } = request;
      const asked = { headers, url, offer: offerOf(request) };
      const client: SessionClient = { address, ...credentialOf(asked, { config: hub.config, origins }) };
      if (hub.policies.readsArrivals) client.request = { url, headers: trustedHeaders(request, origins) };
      return { client };
    } catch (error) {
      return refusalOf(toParleyError(error, hub.log, { during: "handshake" }));
    }
  }

  admitUpgrade({ request, peer }: EngineRequest): Response | undefined {
    const { admission, hub } = this.#parts;
    try {
      admission.checkUpgrade(request, peer);
    } catch (error) {
      return toHttp(toParleyError(error, hub.log, { during: "upgrade" }));
    }
  }

  /** Whether that node is there is asked before it is said: after a restart clients come with ids of a node that is gone. */
  misrouted(node: string): void {
    const { broker, cluster, log } = this.#parts.hub;
    const now = performance.now();
    if (!broker.spansMachines || now < this.#nextAskAtMs) return;
    this.#nextAskAtMs = now + ASK_INTERVAL_MS;
    Promise.resolve(cluster.reaches(node)).then((isThere) => {
      if (!isThere) return log.debug("a session was asked for that no node has", { node });
      this.#nextAskAtMs = Infinity;
      log.warn(
        "Socket.IO: requests of one session reach several nodes, so long-polling fails. The load balancer has to send " +
          "all requests of a client to one node: see docs/socketio.md",
        { node },
      );
    }, (error) => log.debug("a node could not be asked for", { node, error }));
  }

  buffered(client: unknown, session: BufferingSession, bytes: number): void {
    this.#parts.hub.unsent.setBuffered((client as SessionClient).address, session, bytes);
  }

  enter(client: unknown): void {
    this.#parts.admission.enter((client as SessionClient).address);
  }

  leave(client: unknown): void {
    this.#parts.admission.leave((client as SessionClient).address);
  }

  connect(request: ConnectRequest): MaybePromise<ConnectGrant> {
    const { address } = request.client as SessionClient;
    const id = this.#parts.hub.ids.next();
    const arrival = arrivalOf(request);
    return after(run(this.#enter(request, { id, arrival })), (admitted) => {
      return { id, context: { id, address, admitted, arrival } satisfies ConnectTicket };
    });
  }

  /** Undefined: as a guest. Throws or rejects with ParleyError. */
  *#enter(request: ConnectRequest, { id, arrival }: { id: string; arrival?: Arrival }): Steps<Admitted | undefined> {
    const { hub, dialectOf } = this.#parts;
    const { address } = request.client as SessionClient;
    const { identity, cookie } = yield* wait(this.#identify(request));
    const dialect = dialectOf(request.namespace);
    let admitted: Admitted | undefined;
    try {
      admitted = yield* enter(hub, { id, address, dialect, identity, arrival });
    } catch (thrown) {
      const error = toParleyError(thrown, hub.log, { during: "connect" });
      if (error.by === undefined) throw error;
      hub.stats.refused.add(error.by);
      hub.audit.refused(address, "socketio", error);
      throw error;
    }
    if (!admitted) this.#checkGuest(address, cookie);
    return admitted;
  }

  /** Still a member everywhere, but who is away does not type. */
  suspend(socket: EventSocket): void {
    const connection = socket.context as Connection;
    for (const { name } of connection.rooms) stopTyping(this.#parts.hub, connection, name);
  }

  /** The same user, or the same guest, may go on; a fresh token counts from now on. */
  resume(socket: EventSocket, request: ConnectRequest): MaybePromise<boolean> {
    const connection = socket.context as Connection;
    // The peer is told why not by the connect that follows.
    const no = (error: unknown) => {
      toParleyError(error, this.#parts.hub.log, { during: "resume" });
      return false;
    };
    try {
      const may = run(this.#renew(connection, request));
      return isPromise(may) ? may.catch(no) : may;
    } catch (error) {
      return no(error);
    }
  }

  *#renew(connection: Connection, request: ConnectRequest): Steps<boolean> {
    const admitted = yield* this.#enter(request, { id: connection.id, arrival: arrivalOf(request) });
    if (!connection.isOpen || admitted?.identity.user !== connection.identity?.user) return false;
    if (admitted) yield* refresh(this.#parts.hub, connection, admitted);
    return connection.isOpen;
  }

  /** Whom its token names; `cookie`: what is wrong with the one it has. Rejects with ParleyError. */
  #identify({ client, auth }: ConnectRequest): MaybePromise<{ identity?: Identity; cookie?: ParleyError }> {
    const { hub } = this.#parts;
    const { credential, leftOut, address } = client as SessionClient;
    const shown = tokenIn(auth);
    // A header or the query comes before the payload, a cookie after it.
    const chosen = credential && !(credential.optional && shown) ? credential : shown;
    if (!chosen) return { cookie: leftOut };
    return verifyCredential(hub.verifier, chosen).then(
      (identity) => ({ identity }),
      (error) => {
        if (chosen.optional && isBadToken(error)) return { cookie: error };
        throw this.#failure(address, error);
      },
    );
  }

  /** Throws where guests may not come in. */
  #checkGuest(address: string, cookie?: ParleyError): void {
    if (!this.#parts.hub.config.websocketRequireAuth) return;
    if (cookie) throw this.#failure(address, cookie);
    throw new ParleyError("unauthorized", "authentication failed: a token is needed");
  }

  #failure(address: string, thrown: unknown): ParleyError {
    const { audit, log, stats } = this.#parts.hub;
    const error = toParleyError(thrown, log, { during: "connect" });
    if (error.code !== "unauthorized" && error.code !== "token_expired") return error;
    stats.refused.add("token");
    audit.refused(address, "socketio", error);
    return new ParleyError(error.code, `authentication failed: ${error.message}`);
  }

  open(socket: EventSocket): void {
    const { lifecycle, dialectOf } = this.#parts;
    const { id, address, admitted, arrival } = socket.context as ConnectTicket;
    const connection = new Connection({ id, socket, dialect: dialectOf(socket.namespace), address });
    socket.context = connection;
    lifecycle.open(connection, { admitted, arrival });
  }

  receive(socket: EventSocket, packet: SocketioPacket): void {
    this.#parts.lifecycle.receive(socket.context as Connection, packet, packet.size);
  }

  close(socket: EventSocket, code: number, reason: string): void {
    this.#parts.lifecycle.close(socket.context as Connection, code, reason);
  }
}

/** The protocol has a number for what is forbidden; the rest is said as everywhere. */
function refusalOf(error: ParleyError): Response {
  if (error.code !== "forbidden") return toHttp(error);
  return Response.json({ ...REFUSAL.forbidden, message: error.message }, { status: error.status });
}

function arrivalOf({ client, auth }: ConnectRequest): Arrival | undefined {
  const { request } = client as SessionClient;
  return request && { ...request, auth };
}

function tokenIn(auth: Record<string, unknown>): Credential | undefined {
  const { token } = auth;
  if (token === undefined || token === null || token === "") return undefined;
  return { tokens: [typeof token === "string" ? withoutBearer(token) : ""], optional: false };
}
