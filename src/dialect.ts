/**
 * Contract of a wire protocol spoken to clients: dialects/*.ts, socketio/dialect.ts. dialects/all.ts is their only list.
 *
 * A dialect is a translator: a frame in, commands out; a reply or an event in, frames out. It touches no socket, no hub
 * and no clock, so a table of frames tests and documents the whole of it. What it needs of the server around it (paths,
 * settings, names, close codes, routes) it declares, and the server asks no dialect for its name.
 */
import type { MaybePromise } from "./maybe.ts";
import type { Command, Frame, Identity, Member, Reply, RoomEvent } from "./message.ts";

/** What a connection is told first. */
export interface Greeting {
  id: string;
  timestamp: number;
  self: Member;
  identity?: Identity;
  /** Personal and group rooms it is already in. */
  rooms: string[];
  limits: Limits;
}

/** What a connection may do; 0 is without a limit. */
export interface Limits {
  /** Frames a second, and at once. */
  rate: number;
  burst: number;
  bytesPerSecond: number;
  /** Of a message. */
  maxBytes: number;
  rooms: number;
  joinsPerSecond: number;
}

/** A path at which a dialect is spoken. */
export interface Endpoint {
  /**
   * With BASE_PATH. A slash at its end may be left out by clients. `{room}` stands for one segment, the room to join;
   * another name in braces for a segment that is handed to {@link Dialect.open}: `/app/{key}`.
   */
  readonly path: string;
  /** Nobody comes in here without a token, whatever dialect is named. */
  readonly needsToken?: boolean;
  /** Only requests with such a query mean it; they go before what the path means otherwise. */
  accepts?(query: URLSearchParams): boolean;
}

/**
 * How a connection is refused before its welcome. `http`: its upgrade is. `close`: it is let in, told by an error and
 * closed, unless too many are being told at the time. `closeForToken`: so for want of a good token, else by HTTP.
 */
export type Refusal = "http" | "close" | "closeForToken";

/** A request that becomes a connection, for a protocol that keeps something of it. */
export interface Opening {
  /** Of the connection. */
  readonly id: string;
  readonly url: URL;
  /** Segments of the path, by the names that the endpoint gives them. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * `State` is what the protocol itself keeps of one connection (an id of its own, which join a frame belongs to): plain
 * data of bounded size. JSON dialects have none. Events never see it, so one encoding serves all who speak the dialect.
 */
export interface Dialect<Input = Frame, State = void> {
  /** Of this wire form; also the head of its topics: `kebab:lobby`. */
  readonly name: string;
  /** None: it is spoken only where a client names it, or where another dialect leads to it. */
  readonly endpoints?: readonly Endpoint[];
  /** It cannot be asked for by its name at other paths. */
  readonly ownPathsOnly?: boolean;
  /** The transport that hands it what it decodes; absent: frames of plain WebSockets. */
  readonly transport?: "engine.io";
  /** Its clients bring their token with the URL: one that has none is turned away, wherever it connects. */
  readonly needsToken?: boolean;
  /** Absent: `http`. */
  readonly refusal?: Refusal;
  /** What the names of its rooms begin with for the rest of Parley, where they are apart from the others: `/chat,`. */
  readonly roomPrefix?: string;
  /** Before the upgrade is granted: what the protocol keeps of the connection. Throws ParleyError to refuse it. */
  open?(opening: Opening): State;
  /** The first frame of every connection. */
  greet?(greeting: Greeting, state: State): Frame;
  /**
   * Throws ParleyError (`bad_message`, `unsupported_type`, `forbidden`), with `ref` if the frame could be read that far.
   * A frame that waits is decoded ahead of its turn and again in it, so the state is only read here.
   */
  decode(input: Input, state: Readonly<State>): Command[];
  /**
   * No frames: this dialect has no such reply. Without a state the connection was refused before it was opened. A long
   * reply is encoded again after it was measured, so what is written into the state here must not depend on how often.
   */
  encodeReply(reply: Reply, state?: State): Frame[];
  /** No frames: this dialect has no such event. Called once per event, whatever the number of members. */
  encodeEvent(event: RoomEvent): Frame[];
  /** The close code that its clients understand, for one of the server's own (errors.ts) and its reason. */
  closeCode?(code: number, reason: string): number;
  /** On a path that it shares: whether a JSON frame with these fields is one that it alone knows. Such a dialect has no state. */
  isShownBy?(fields: Readonly<Record<string, unknown>>): boolean;
  /** Only of a dialect that stands for several (dialects/undecided.ts): the one of them that the frame shows, if it does. */
  decide?(input: Input): AnyDialect | undefined;
  /** The protocol's own HTTP API. */
  routes?(services: DialectServices): ProtocolRoute[];
}

/** Any dialect, where it does not matter what it decodes and keeps. */
export interface AnyDialect extends Omit<Dialect<never, never>, "open"> {
  open?(opening: Opening): unknown;
}

/** A dialect of this server. One that is switched off is spoken nowhere, but its paths keep their meaning. */
export interface ListedDialect {
  /** What clients call it. */
  readonly family: string;
  readonly dialect: AnyDialect;
  readonly isOn: boolean;
}

/** What a protocol's own HTTP API can do; it has no other way to the server. */
export interface DialectServices {
  /** An ordinary message from the server. Throws or rejects with `unavailable`. */
  publish(room: string, data: unknown): MaybePromise<{ id: string }>;
  /** An event of the application's own, `fields` at its top. */
  sendToRoom(room: string, event: { type: string; fields: Record<string, unknown> }): MaybePromise<{ id: string }>;
}

/** A resource of a protocol's own HTTP API. */
export interface ProtocolRoute {
  readonly method: string;
  /** With BASE_PATH, in the form of {@link Endpoint.path}. */
  readonly path: string;
  /**
   * The request is as it came: neither its credential, which may sign the raw body, nor the body's size has been looked
   * at. What is thrown is answered as every error over HTTP is.
   */
  serve(call: ProtocolCall): MaybePromise<Response>;
}

export interface ProtocolCall {
  readonly request: Request;
  readonly url: URL;
  /** Of the client, as limits count it. */
  readonly address: string;
  readonly params: Readonly<Record<string, string>>;
}
