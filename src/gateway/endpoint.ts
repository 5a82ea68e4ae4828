/**
 * The table of WebSocket URLs, made of what the dialects declare: which of them a connection speaks, which room its path
 * names, and how its token counts.
 *
 * Asked for every upgrade, before anything about the client is known. A subprotocol `parley.<dialect>` or `?dialect=`
 * changes the frames only; who may connect and which room is joined is always the path's word.
 */
import type { AnyDialect, Endpoint, ListedDialect } from "../dialect.ts";
import { ParleyError } from "../errors.ts";
import { isRoomName, ROOM_NAME_RULE } from "../room_name.ts";
import { PathPattern } from "./path_pattern.ts";
import type { Offer } from "./subprotocols.ts";
import { cutText } from "../unicode.ts";

export interface EndpointTableParts {
  /** In the order in which they go before each other. */
  dialects: readonly ListedDialect[];
  /** What is spoken where several can be meant, until a frame shows which. */
  undecidedAmong(dialects: readonly AnyDialect[]): AnyDialect;
  requireAuth: boolean;
}

/**
 * How a connection comes to an identity. In every case a token that is presented and bad refuses the connection.
 * `optional`: without a token it stays a guest. `inBand`: without one it has a while to authenticate by a frame.
 * `http401`: without one there is no upgrade. `close1008`: without one it is upgraded, told why, and closed.
 */
export type EndpointAuth = "optional" | "inBand" | "http401" | "close1008";

/** What the URL of a connection means. */
export interface ResolvedEndpoint {
  dialect: AnyDialect;
  /** Joined as soon as the connection may. */
  room?: string;
  auth: EndpointAuth;
  /** Echoed to the client. */
  subprotocol?: string;
  /** Segments of the path, as {@link Endpoint.path} names them. */
  params: Readonly<Record<string, string>>;
}

/** A browser gives up a connection that confirms none of what it offered, and a token is never confirmed. */
const NEEDS_ANOTHER = "beside a token, offer the subprotocol of a dialect, as parley.envelope, or parley.refusal";

/** A dialect at one of its paths. */
interface Entry extends ListedDialect {
  readonly endpoint: Endpoint;
}

/** What a path can mean. */
interface SharedPath {
  readonly pattern: PathPattern;
  readonly entries: Entry[];
  /** Stands for those of its dialects that are switched on, if there are several. */
  undecided?: AnyDialect;
}

/** What a path says by itself for one request. */
interface PathMeaning {
  readonly entries: readonly Entry[];
  readonly undecided?: AnyDialect;
  readonly params: Readonly<Record<string, string>>;
  readonly room?: string;
}

export class EndpointTable {
  readonly #parts: EndpointTableParts;
  readonly #literal = new Map<string, SharedPath>();
  readonly #open: SharedPath[] = [];
  /** Whether there is a dialect that lets clients in to tell them why they cannot come in. */
  readonly hasTellers: boolean;

  constructor(parts: EndpointTableParts) {
    this.#parts = parts;
    this.hasTellers = parts.dialects.some(({ isOn, dialect }) => isOn && dialect.refusal === "close");
    for (const listed of parts.dialects) {
      for (const endpoint of listed.dialect.endpoints ?? []) {
        this.#pathFor(endpoint.path).entries.push({ ...listed, endpoint });
      }
    }
    for (const path of new Set([...this.#literal.values(), ...this.#open])) {
      const spoken = path.entries.filter(({ isOn, endpoint }) => isOn && !endpoint.accepts);
      if (spoken.length > 1) path.undecided = parts.undecidedAmong(spoken.map(({ dialect }) => dialect));
    }
  }

  /**
   * Throws ParleyError: `not_found` for a path that is not ours,
   * `bad_message` for a dialect, a room or an escape that is not valid.
   */
  resolve(url: URL, offer: Offer): ResolvedEndpoint {
    if (offer.isUnanswerable) throw new ParleyError("bad_message", `Cannot connect: ${NEEDS_ANOTHER}`);
    const meaning = this.#meaningOf(url);
    const named = namedDialect(url, offer);
    const dialect = named !== undefined ? this.#named(named, meaning) : spokenAt(meaning);
    const { room, params } = meaning;
    return { dialect, room, params, auth: this.#authAt(meaning, dialect), subprotocol: offer.echo };
  }

  #pathFor(path: string): SharedPath {
    const pattern = new PathPattern(path);
    const known = this.#literal.get(pattern.literals[0] ?? "") ?? this.#open.find((each) => each.pattern.path === path);
    const found = known ?? { pattern, entries: [] };
    for (const literal of pattern.literals) this.#literal.set(literal, found);
    if (!known && pattern.literals.length === 0) this.#open.push(found);
    return found;
  }

  #meaningOf(url: URL): PathMeaning {
    const { pathname } = url;
    const literal = this.#literal.get(pathname);
    if (literal) return meaningAt(literal, url, {});
    for (const path of this.#open) {
      const params = path.pattern.match(pathname);
      if (params) return meaningAt(path, url, params);
    }
    throw notFound(pathname);
  }

  /** The dialect that a client names: in the form that its path means, or else in its first one. */
  #named(name: string, { entries }: PathMeaning): AnyDialect {
    const isMeant = ({ family, isOn }: ListedDialect) => isOn && family === name;
    const here = entries.find(isMeant);
    const found = here ?? this.#parts.dialects.find(isMeant);
    const quoted = JSON.stringify(cutText(name, 40));
    if (!found) throw new ParleyError("bad_message", `Cannot connect: there is no dialect ${quoted} here`);
    if (!here && found.dialect.ownPathsOnly) {
      throw new ParleyError("bad_message", `Cannot connect: the dialect ${quoted} is spoken on its own path only`);
    }
    return found.dialect;
  }

  #authAt({ entries }: PathMeaning, { needsToken, refusal }: AnyDialect): EndpointAuth {
    if (entries[0]!.endpoint.needsToken) return "http401";
    if (needsToken) return refusal === "closeForToken" ? "close1008" : "http401";
    return this.#parts.requireAuth ? "inBand" : "optional";
  }
}

/** The dialect a client asks for by name, whether there is one or not. */
export function namedDialect(url: URL, { dialect }: Offer): string | undefined {
  return dialect ?? (hasQuery(url) ? url.searchParams.get("dialect") ?? undefined : undefined);
}

/** Taking a query apart is a tenth of the work of a handshake, and most have none. */
function hasQuery({ search }: URL): boolean {
  return search !== "";
}

const NO_QUERY = new URLSearchParams();

/** Who asks for such a query goes before the others; of several the first. */
function meaningAt(path: SharedPath, url: URL, params: Readonly<Record<string, string>>): PathMeaning {
  const query = hasQuery(url) ? url.searchParams : NO_QUERY;
  const special = path.entries.find(({ isOn, endpoint }) => isOn && endpoint.accepts?.(query));
  const room = params.room === undefined ? undefined : roomNamed(params.room);
  if (special) return { entries: [special], params, room };
  const entries = path.entries.filter(({ endpoint }) => !endpoint.accepts);
  if (entries.length === 0) throw notFound(url.pathname);
  return { entries, undecided: path.undecided, params, room };
}

function spokenAt({ entries, undecided }: PathMeaning): AnyDialect {
  const spoken = undecided ?? entries.find(({ isOn }) => isOn)?.dialect;
  if (!spoken) throw new ParleyError("not_found", "Cannot connect: the dialect of this path is switched off");
  return spoken;
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

function notFound(path: string): ParleyError {
  return new ParleyError("not_found", `Cannot connect: nothing is at ${JSON.stringify(cutText(path, 80))}`);
}
