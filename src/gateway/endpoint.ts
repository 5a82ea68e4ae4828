/**
 * The table of WebSocket URLs: which dialect a connection speaks, which room its path names, and how its token counts.
 *
 * Called for every upgrade, before anything about the client is known. A subprotocol `parley.<dialect>` or `?dialect=`
 * changes the frames only; who may connect and which room is joined is always the path's word.
 */
import { DIALECT_NAMES, type DialectName } from "../dialect.ts";
import { ParleyError } from "../errors.ts";
import { isRoomName, ROOM_NAME_RULE } from "../room_name.ts";
import type { Offer } from "./subprotocols.ts";
import { cutText } from "../unicode.ts";

export interface EndpointSettings {
  paths: { envelope: string; socketio: string; ws: string };
  /** The dialects that are switched on. */
  dialects: readonly DialectName[];
  requireAuth: boolean;
}

/**
 * How a connection comes to an identity. In every case a token that is presented and bad refuses the connection.
 * `optional`: without a token it stays a guest. `inBand`: without one it has a while to authenticate by a frame.
 * `http401`: without one there is no upgrade. `close1008`: without one it is upgraded, told why, and closed.
 */
export type EndpointAuth = "optional" | "inBand" | "http401" | "close1008";

export interface Endpoint {
  dialect: DialectName | "undecided";
  /** Joined as soon as the connection may. */
  room?: string;
  auth: EndpointAuth;
  /** Echoed to the client. */
  subprotocol?: string;
}

/** A browser gives up a connection that confirms none of what it offered, and a token is never confirmed. */
const NEEDS_ANOTHER = "beside a token, offer the subprotocol of a dialect, as parley.envelope, or parley.refusal";

/** What a path says by itself. */
interface PathMeaning {
  /** What it can mean; if several of them are switched on, the first frame decides. */
  dialects: readonly DialectName[];
  needsToken: boolean;
  room?: string;
}

/**
 * Throws ParleyError: `not_found` for a path that is not ours,
 * `bad_message` for a dialect, a room or an escape that is none.
 */
export function resolveEndpoint(url: URL, offer: Offer, settings: EndpointSettings): Endpoint {
  if (offer.isUnanswerable) throw new ParleyError("bad_message", `Cannot connect: ${NEEDS_ANOTHER}`);
  const place = placeOf(url, settings);
  const named = namedDialect(url, offer);
  const dialect = named !== undefined ? allowed(named, place, settings) : spokenAt(place, settings);
  return { dialect, room: place.room, auth: authAt(place, dialect, settings), subprotocol: offer.echo };
}

function placeOf(url: URL, { paths, dialects }: EndpointSettings): PathMeaning {
  const path = url.pathname;
  if (path === paths.envelope) return { dialects: ["envelope"], needsToken: true };
  if (isSame(path, paths.socketio)) return { dialects: ["socketio"], needsToken: false };
  if (isSame(path, paths.ws)) {
    // An empty token is one: its sender means to authenticate by the URL, and is told that it did not.
    const hasToken = hasQuery(url) && (url.searchParams.has("token") || url.searchParams.has("access_token"));
    const isSnake = hasToken && dialects.includes("snake");
    return { dialects: isSnake ? ["snake"] : ["kebab", "snake", "plain"], needsToken: false };
  }
  const base = withoutSlash(paths.ws);
  const [first, second, ...more] = path.startsWith(`${base}/`) ? path.slice(base.length + 1).split("/") : [];
  if (first === undefined || first === "" || more.length > 0) throw notFound(path);
  if (first === "auth") return { dialects: ["plain"], needsToken: true, room: second ? roomNamed(second) : undefined };
  if (second !== undefined) throw notFound(path);
  return { dialects: ["plain"], needsToken: false, room: roomNamed(first) };
}

/** The dialect a client asks for by name, whether there is one or not. */
export function namedDialect(url: URL, { dialect }: Offer): string | undefined {
  return dialect ?? (hasQuery(url) ? url.searchParams.get("dialect") ?? undefined : undefined);
}

/** Taking a query apart is a tenth of the work of a handshake, and most have none. */
function hasQuery({ search }: URL): boolean {
  return search !== "";
}

function allowed(name: string, place: PathMeaning, { dialects }: EndpointSettings): DialectName {
  const dialect = DIALECT_NAMES.find((known) => known === name);
  if (!dialect || !dialects.includes(dialect)) {
    throw new ParleyError(
      "bad_message",
      `Cannot connect: there is no dialect ${JSON.stringify(cutText(name, 40))} here`,
    );
  }
  if (dialect === "socketio" && !place.dialects.includes("socketio")) {
    throw new ParleyError("bad_message", 'Cannot connect: the dialect "socketio" is spoken on its own path only');
  }
  return dialect;
}

function spokenAt(place: PathMeaning, { dialects }: EndpointSettings): Endpoint["dialect"] {
  const [first, ...others] = place.dialects.filter((dialect) => dialects.includes(dialect));
  if (!first) throw new ParleyError("not_found", "Cannot connect: the dialect of this path is switched off");
  return others.length > 0 ? "undecided" : first;
}

function authAt(place: PathMeaning, dialect: Endpoint["dialect"], { requireAuth }: EndpointSettings): EndpointAuth {
  if (place.needsToken || dialect === "envelope") return "http401";
  if (dialect === "snake") return "close1008";
  return requireAuth ? "inBand" : "optional";
}

/** A path segment as a room's name: decoded once, so `%252F` is the name `%2F`. */
function roomNamed(segment: string): string {
  const name = decode(segment);
  if (!isRoomName(name)) throw new ParleyError("bad_message", `Cannot connect: the end of the path ${ROOM_NAME_RULE}`);
  return name;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new ParleyError("bad_message", "Cannot connect: the end of the path has a bad %-escape");
  }
}

function isSame(path: string, configured: string): boolean {
  return withoutSlash(path) === withoutSlash(configured);
}

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function notFound(path: string): ParleyError {
  return new ParleyError("not_found", `Cannot connect: nothing is at ${JSON.stringify(cutText(path, 80))}`);
}
