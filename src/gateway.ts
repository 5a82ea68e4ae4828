/**
 * The door for plain WebSockets: decides at the upgrade who comes in, in which dialect and as whom, and hands frames on.
 *
 * Called by the adapter. A refusal is plain HTTP, except where a dialect's own clients expect an accepted upgrade that is
 * closed with a reason.
 */
import type { Peer, Socket, SocketHandler, UpgradeGrant } from "./adapter.ts";
import type { Admission } from "./admission.ts";
import { errorResponse } from "./answers.ts";
import { Connection } from "./connection.ts";
import { credentialOf, isBadToken, verifyCredential } from "./credentials.ts";
import type { AnyDialect, Dialects } from "./dialect.ts";
import { type Endpoint, type EndpointSettings, offeredBy, resolveEndpoint } from "./endpoint.ts";
import { CLOSE, ParleyError } from "./errors.ts";
import { toParleyError } from "./faults.ts";
import { bytesOf } from "./frame_size.ts";
import type { Hub } from "./hub.ts";
import { checkBlock } from "./identity.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { after, isPromise, type MaybePromise, run } from "./maybe.ts";
import type { Frame, Identity } from "./message.ts";
import type { Origins } from "./origins.ts";

/** Frames up to this may carry a token, however small the limit for messages is. */
const TOKEN_FRAME_BYTES = 16 * 1024;

const SHORT_LENGTH = 512;
/** Of a UTF-16 unit in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** Between the upgrade and the opening of the socket. */
interface Ticket {
  address: string;
  dialect: AnyDialect;
  pathRoom?: string;
  identity?: Identity;
  /** Accepted only to be told so, and closed 1008. */
  turnedAway?: { reason: string; error?: ParleyError };
}

export interface GatewayParts {
  hub: Hub;
  admission: Admission;
  origins: Origins;
  lifecycle: Lifecycle;
  dialects: Dialects;
  /** Every request that is no upgrade. */
  fetch: SocketHandler["fetch"];
}

export class Gateway implements SocketHandler {
  readonly fetch: SocketHandler["fetch"];
  readonly #parts: GatewayParts;
  readonly #settings: EndpointSettings;

  constructor(parts: GatewayParts) {
    const { paths, dialects, websocketRequireAuth } = parts.hub.config;
    this.fetch = parts.fetch;
    this.#parts = parts;
    this.#settings = { paths, dialects, requireAuth: websocketRequireAuth };
  }

  /** The size a transport may hand on: an authentication is accepted even where messages must be smaller. */
  static transportLimit(maxMessageBytes: number): number {
    return Math.max(maxMessageBytes, TOKEN_FRAME_BYTES);
  }

  upgrade(request: Request, peer: Peer): MaybePromise<Response | UpgradeGrant> {
    try {
      const granted = this.#grant(request, peer);
      return isPromise(granted) ? granted.catch((error) => this.#refuse(error)) : granted;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #grant(request: Request, peer: Peer): MaybePromise<UpgradeGrant> {
    const { admission, dialects, hub, origins } = this.#parts;
    const address = admission.check(request, peer);
    const url = new URL(request.url);
    const endpoint = resolveEndpoint(url, offeredBy(request), this.#settings);
    const ticket: Ticket = { address, dialect: dialects[endpoint.dialect], pathRoom: endpoint.room };
    const grant: UpgradeGrant = { context: ticket, subprotocol: endpoint.subprotocol };
    const { credential, leftOut } = credentialOf(request, url, { config: hub.config, origins });
    if (!credential) {
      return this.#withoutToken(endpoint, grant, leftOut);
    }
    return verifyCredential(hub.verifier, credential).then(
      (identity) => this.#withToken(grant, ticket, identity),
      (error) => {
        if (!isBadToken(error)) throw error;
        if (credential.optional) return this.#withoutToken(endpoint, grant, error);
        hub.audit.refused(address, "upgrade", error);
        if (endpoint.auth !== "close1008") throw error;
        ticket.turnedAway = { reason: "Invalid token", error };
        return grant;
      },
    );
  }

  #withToken(grant: UpgradeGrant, ticket: Ticket, identity: Identity): MaybePromise<UpgradeGrant> {
    ticket.identity = identity;
    return after(run(checkBlock(this.#parts.hub, identity)), () => grant);
  }

  /** `cookie`: what is wrong with the one it has. */
  #withoutToken(endpoint: Endpoint, grant: UpgradeGrant, cookie?: ParleyError): UpgradeGrant {
    const isRefused = endpoint.auth === "http401" || endpoint.auth === "close1008";
    if (cookie && isRefused) this.#parts.hub.audit.refused((grant.context as Ticket).address, "upgrade", cookie);
    if (endpoint.auth === "http401") {
      throw cookie ?? new ParleyError("unauthorized", "Cannot connect: a valid token is needed at this address");
    }
    if (endpoint.auth === "close1008") {
      (grant.context as Ticket).turnedAway = { reason: "No authentication token", error: cookie };
    }
    return grant;
  }

  #refuse(thrown: unknown): Response {
    const { log, stats } = this.#parts.hub;
    const error = toParleyError(thrown, log, { during: "upgrade" });
    if (error.code === "unauthorized" || error.code === "token_expired") stats.count("refused", "token");
    else if (error.code === "bad_message" || error.code === "not_found") stats.count("refused", "request");
    return errorResponse(error);
  }

  open(socket: Socket): void {
    const { admission, hub, lifecycle } = this.#parts;
    const { address, dialect, pathRoom, identity, turnedAway } = socket.context as Ticket;
    if (turnedAway) {
      socket.context = undefined;
      hub.stats.count("refused", "token");
      if (turnedAway.error) this.#tell(socket, dialect, turnedAway.error);
      return socket.close(CLOSE.policy, turnedAway.reason);
    }
    // Since the upgrade was granted others may have come in, and the server may have begun to go away.
    if (admission.draining || admission.fullness(address)) return this.#sendBack(socket);
    admission.enter(address);
    const connection = new Connection({ id: hub.ids.next(), socket, dialect, address, pathRoom });
    socket.context = connection;
    lifecycle.open(connection, identity);
  }

  /** An error to a socket that will not become a connection. */
  #tell(socket: Socket, dialect: AnyDialect, { code, message }: ParleyError): void {
    const stamp = this.#parts.hub.stamp();
    const self = { connection: stamp.id, name: "" };
    for (const frame of dialect.encodeReply({ kind: "error", code, message, ...stamp, self })) socket.send(frame);
  }

  #sendBack(socket: Socket): void {
    const { admission, hub: { stats } } = this.#parts;
    socket.context = undefined;
    if (!admission.draining) {
      stats.count("refused", "limit");
      return socket.close(CLOSE.tryLater, "Connection limit reached");
    }
    admission.latecomers++;
    stats.count("refused", "draining");
    socket.close(CLOSE.goingAway, "The server is going away");
  }

  message(socket: Socket, frame: Frame): void {
    const connection = socket.context;
    if (!(connection instanceof Connection)) return;
    const limit = this.#parts.hub.config.websocketMaxMessageBytes;
    // Counting what short text has on the wire would cost more than it matters, unless the limit is as short.
    const { length } = frame;
    const bytes = length > SHORT_LENGTH || length * MAX_BYTES_PER_UNIT > limit ? bytesOf(frame) : length;
    if (bytes > limit && isTooLarge(connection, frame, { bytes, limit })) {
      return this.#parts.hub.disconnect(connection, CLOSE.tooLarge, "Message too large");
    }
    this.#parts.lifecycle.receive(connection, frame, bytes);
  }

  close(socket: Socket, code: number, reason: string): void {
    const connection = socket.context;
    socket.context = undefined;
    if (!(connection instanceof Connection)) return;
    this.#parts.admission.leave(connection.address);
    this.#parts.lifecycle.close(connection, code, reason);
  }
}

/** The transport may hand on more than a message may have: another dialect's payload, or a token. */
function isTooLarge(
  connection: Connection,
  frame: Frame,
  { bytes, limit }: { bytes: number; limit: number },
): boolean {
  return bytes > Gateway.transportLimit(limit) || !isAuthentication(connection, frame);
}

function isAuthentication(connection: Connection, frame: Frame): boolean {
  try {
    return connection.dialect.decode(frame as never)[0]?.kind === "authenticate";
  } catch (error) {
    if (error instanceof ParleyError) return false;
    throw error;
  }
}
