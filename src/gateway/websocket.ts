/**
 * The door for plain WebSockets: decides at the upgrade who comes in, in which dialect and as whom, and hands frames on.
 *
 * Called by the adapter. A refusal is plain HTTP, except where a client asks to be told by a frame, and where a dialect's
 * own clients expect an accepted upgrade that is closed with a reason.
 */
import type { Peer, Socket, SocketHandler, UpgradeGrant } from "../adapter.ts";
import type { Admission } from "./admission.ts";
import { Connection } from "../hub/connection.ts";
import { credentialOf, isBadToken, verifyCredential } from "./credentials.ts";
import type { AnyDialect } from "../dialect.ts";
import { enter, inTime, trustedHeaders } from "./entry.ts";
import type { EndpointTable, ResolvedEndpoint } from "./endpoint.ts";
import { CLOSE, ParleyError, toHttp, toParleyError } from "../errors.ts";
import { bytesOf } from "../hub/frame_size.ts";
import type { Hub } from "../hub/hub.ts";
import type { Admitted } from "../hub/identity.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { isPromise, type MaybePromise, run, type Steps } from "../maybe.ts";
import type { Frame, Identity } from "../message.ts";
import type { Origins } from "./origins.ts";
import type { Arrival } from "../policy.ts";
import { type CloseReason, closeReasonOf, Refusals, type RefusalSlot, TOKEN_CLOSES } from "./refusals.ts";
import { type Offer, offerOf } from "./subprotocols.ts";

/** Frames up to this may carry a token, however small the limit for messages is. */
const TOKEN_FRAME_BYTES = 16 * 1024;

const SHORT_LENGTH = 512;
/** Of a UTF-16 unit in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** Between the upgrade and the opening of the socket. */
interface UpgradeTicket {
  /** Of the connection; absent: there will be none. */
  id?: string;
  address: string;
  dialect: AnyDialect;
  /** What the dialect keeps of the connection. */
  state?: unknown;
  pathRoom?: string;
  admitted?: Admitted;
  arrival?: Arrival;
  /** Refused, it wants to be told by a frame. */
  wantsRefusal: boolean;
  /** Let in only to be refused. */
  refused?: RefusedUpgrade;
}

interface RefusedUpgrade {
  closing: CloseReason;
  /** Said before the closing. */
  error?: ParleyError;
  place?: RefusalSlot;
}

/** The context of a socket that was refused, until it is gone. */
class TurnedAway {
  readonly address: string;
  readonly place?: RefusalSlot;
  /** The runtime has it still, though it is over. */
  isHeld = false;

  constructor(address: string, place?: RefusalSlot) {
    this.address = address;
    this.place = place;
  }
}

/** An upgrade that is being decided on; what is asked more than once of its request is worked out once. */
class UpgradeAttempt {
  readonly request: Request;
  readonly peer: Peer;
  readonly offer: Offer;
  #url?: URL;

  constructor(request: Request, peer: Peer, url?: URL) {
    this.request = request;
    this.peer = peer;
    this.offer = offerOf(request);
    this.#url = url;
  }

  get url(): URL {
    return this.#url ??= new URL(this.request.url);
  }
}

/** One whose token has been looked at. */
interface Candidate {
  endpoint: ResolvedEndpoint;
  grant: UpgradeGrant;
  identity?: Identity;
  /** What is wrong with the cookie it has. */
  cookie?: ParleyError;
}

export interface GatewayParts {
  hub: Hub;
  admission: Admission;
  origins: Origins;
  lifecycle: Lifecycle;
  endpoints: EndpointTable;
  /** Every request that is not an upgrade. */
  fetch: SocketHandler["fetch"];
}

export class Gateway implements SocketHandler {
  readonly fetch: SocketHandler["fetch"];
  readonly #parts: GatewayParts;
  readonly #refusals = new Refusals();

  constructor(parts: GatewayParts) {
    this.fetch = parts.fetch;
    this.#parts = parts;
  }

  /** The size a transport may hand on: an authentication is accepted even where messages must be smaller. */
  static transportLimit(maxMessageBytes: number): number {
    return Math.max(maxMessageBytes, TOKEN_FRAME_BYTES);
  }

  /** `url`: the request's, if somebody has taken it apart already. */
  upgrade(request: Request, peer: Peer, url?: URL): MaybePromise<Response | UpgradeGrant> {
    const attempt = new UpgradeAttempt(request, peer, url);
    const reject = (error: unknown) => this.#rejectUpgrade(attempt, error);
    try {
      const granted = this.#grant(attempt);
      return isPromise(granted) ? granted.catch(reject) : granted;
    } catch (error) {
      return reject(error);
    }
  }

  #grant(attempt: UpgradeAttempt): MaybePromise<UpgradeGrant> {
    const { admission, endpoints, hub, origins } = this.#parts;
    const { request, peer, offer } = attempt;
    const address = admission.check(request, peer);
    const { url } = attempt;
    const endpoint = endpoints.resolve(url, offer);
    const { dialect, room: pathRoom, params } = endpoint;
    const id = hub.ids.next();
    const state = dialect.open?.({ id, url, params });
    const wantsRefusal = isTold(offer, dialect);
    const ticket: UpgradeTicket = { id, address, dialect, state, pathRoom, wantsRefusal };
    const grant: UpgradeGrant = { context: ticket, subprotocol: endpoint.subprotocol, address };
    const { credential, leftOut } = credentialOf({ headers: request.headers, url, offer }, {
      config: hub.config,
      origins,
    });
    if (hub.policies.readsArrivals) ticket.arrival = { url, headers: trustedHeaders(request, origins), auth: {} };
    if (!credential) return this.#decide({ endpoint, grant, cookie: leftOut });
    return verifyCredential(hub.verifier, credential).then(
      (identity) => this.#decide({ endpoint, grant, identity }),
      (error) => {
        if (!isBadToken(error)) throw error;
        if (credential.optional) return this.#decide({ endpoint, grant, cookie: error });
        hub.audit.refused(address, "upgrade", error);
        if (endpoint.auth !== "close1008" || wantsRefusal) throw error;
        return this.#close1008(grant, "Invalid token", error);
      },
    );
  }

  /** While this waits the client counts as a connection: else there could be any number of such. It does not wait for ever. */
  #decide(candidate: Candidate): MaybePromise<UpgradeGrant> {
    const { admission, hub } = this.#parts;
    const { address } = candidate.grant.context as UpgradeTicket;
    const decided = run(this.#enter(candidate));
    if (!isPromise(decided)) return decided;
    admission.enter(address);
    return inTime(decided, hub.config.authenticateTimeoutMs).finally(() => admission.leave(address));
  }

  *#enter(candidate: Candidate): Steps<UpgradeGrant> {
    const { endpoint, grant, identity } = candidate;
    const { hub } = this.#parts;
    const ticket = grant.context as UpgradeTicket;
    try {
      ticket.admitted = yield* enter(hub, { ...ticket, id: ticket.id!, identity });
    } catch (error) {
      if (!(error instanceof ParleyError) || error.by === undefined) throw error;
      hub.audit.refused(ticket.address, "upgrade", error);
      const reason = TOKEN_CLOSES[error.code];
      if (reason === undefined || endpoint.auth !== "close1008" || ticket.wantsRefusal) throw error;
      return this.#close1008(grant, reason, error);
    }
    return ticket.admitted ? grant : this.#withoutToken(candidate);
  }

  #withoutToken({ endpoint, grant, cookie }: Candidate): UpgradeGrant {
    const { address, wantsRefusal } = grant.context as UpgradeTicket;
    if (endpoint.auth !== "http401" && endpoint.auth !== "close1008") return grant;
    if (cookie) this.#parts.hub.audit.refused(address, "upgrade", cookie);
    if (endpoint.auth === "close1008" && !wantsRefusal) {
      return this.#close1008(grant, "No authentication token", cookie);
    }
    throw cookie ?? new ParleyError("unauthorized", "Cannot connect: a valid token is needed at this address");
  }

  /** What the own clients of a dialect expect. */
  #close1008(grant: UpgradeGrant, reason: string, error?: ParleyError): UpgradeGrant {
    this.#parts.hub.stats.refused.add(error?.by ?? "token");
    (grant.context as UpgradeTicket).refused = { closing: { code: CLOSE.policy, reason }, error };
    return grant;
  }

  #rejectUpgrade(attempt: UpgradeAttempt, thrown: unknown): Response | UpgradeGrant {
    const { log, stats } = this.#parts.hub;
    const error = toParleyError(thrown, log, { during: "upgrade" });
    if (error.by !== undefined) stats.refused.add(error.by);
    else if (error.code === "unauthorized" || error.code === "token_expired") stats.refused.add("token");
    else if (error.code === "bad_message" || error.code === "not_found") stats.refused.add("request");
    return this.#rejectByFrame(attempt, error) ?? toHttp(error);
  }

  #rejectByFrame(attempt: UpgradeAttempt, error: ParleyError): UpgradeGrant | undefined {
    const { request, peer, offer } = attempt;
    const isPossible = offer.wantsRefusal || this.#parts.endpoints.hasTellers;
    const dialect = isPossible ? this.#dialectAt(attempt) : undefined;
    const closing = dialect && isTold(offer, dialect) ? closeReasonOf(error, dialect) : undefined;
    if (!dialect || !closing) return undefined;
    const address = this.#parts.admission.addressOf(request.headers, peer);
    const place = this.#refusals.take(address);
    if (!place) return undefined;
    const ticket: UpgradeTicket = { address, dialect, wantsRefusal: true, refused: { closing, error, place } };
    return { context: ticket, subprotocol: offer.echo, address };
  }

  /** None: the request is wrong in more than one way, and that can be said in HTTP only. */
  #dialectAt({ url, offer }: UpgradeAttempt): AnyDialect | undefined {
    try {
      return this.#parts.endpoints.resolve(url, offer).dialect;
    } catch (error) {
      if (error instanceof ParleyError) return undefined;
      throw error;
    }
  }

  open(socket: Socket): void {
    const { admission, lifecycle } = this.#parts;
    const ticket = socket.context as UpgradeTicket;
    const { address, dialect, state, pathRoom, admitted, arrival } = ticket;
    // Since the upgrade was granted others may have come in, and the server may have begun to go away.
    const refused = ticket.refused ?? this.#refusedLate(ticket);
    if (refused) return this.#turnAway(socket, ticket, refused);
    admission.enter(address);
    const connection = new Connection({ id: ticket.id!, socket, dialect, state, address, pathRoom });
    socket.context = connection;
    lifecycle.open(connection, { admitted, arrival });
  }

  #refusedLate({ address, dialect, wantsRefusal }: UpgradeTicket): RefusedUpgrade | undefined {
    const { admission } = this.#parts;
    const error = admission.late(address);
    if (!error) return undefined;
    const place = wantsRefusal ? this.#refusals.take(address) : undefined;
    if (place) return { closing: closeReasonOf(error, dialect)!, error, place };
    const closing = admission.draining
      ? { code: CLOSE.goingAway, reason: "The server is going away" }
      : { code: CLOSE.tryLater, reason: "Connection limit reached" };
    return { closing };
  }

  /** It takes the place of a connection until it is gone. */
  #turnAway(socket: Socket, ticket: UpgradeTicket, { closing, error, place }: RefusedUpgrade): void {
    const { address, dialect } = ticket;
    if (place) this.#refusals.opened(place);
    this.#parts.admission.enter(address);
    socket.context = new TurnedAway(address, place);
    if (error) this.#tell(socket, ticket, error);
    const { code, reason } = closing;
    socket.close(dialect.closeCode?.(code, reason) ?? code, reason);
  }

  /** An error to a socket that will not become a connection. */
  #tell(socket: Socket, { dialect, state }: UpgradeTicket, { code, message, retryAfter, reason }: ParleyError): void {
    const stamp = this.#parts.hub.stamp();
    const self = { connection: stamp.id, name: "" };
    const reply = { kind: "error" as const, code, message, retryAfter, reason, ...stamp, self };
    for (const frame of dialect.encodeReply(reply, state as never)) socket.send(frame);
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
    const { admission, lifecycle } = this.#parts;
    const { context } = socket;
    if (context instanceof TurnedAway) {
      admission.leave(context.address);
      if (!context.isHeld) this.#forget(socket, context);
    } else if (context instanceof Connection) {
      socket.context = undefined;
      admission.leave(context.address);
      lifecycle.close(context, code, reason);
    }
  }

  held({ context }: Socket): void {
    if (context instanceof TurnedAway) context.isHeld = true;
  }

  released(socket: Socket): void {
    if (socket.context instanceof TurnedAway) this.#forget(socket, socket.context);
  }

  #forget(socket: Socket, { place }: TurnedAway): void {
    socket.context = undefined;
    if (place) this.#refusals.giveBack(place);
  }
}

/** Whether a refused client is let in to be told by a frame. */
function isTold({ wantsRefusal }: Offer, { refusal }: AnyDialect): boolean {
  return wantsRefusal || refusal === "close";
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
    return connection.decode(frame)[0]?.kind === "authenticate";
  } catch (error) {
    if (error instanceof ParleyError) return false;
    throw error;
  }
}
