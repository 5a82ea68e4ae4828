/**
 * Where a request carries its token: header, subprotocol, query, cookies, in this order. The token is never logged.
 */
import { parse as parseCookie } from "hono/utils/cookie";
import type { Config } from "../config/config.ts";
import { ParleyError } from "../errors.ts";
import type { Identity } from "../message.ts";
import type { Origins } from "./origins.ts";
import type { Offer } from "./subprotocols.ts";
import { type Verifier, withoutBearer } from "../verifier.ts";

export interface Credential {
  /** The first good one counts; only of cookies there may be several. */
  tokens: readonly string[];
  /** Bad cookies count as none; a bad token from anywhere else refuses. */
  optional: boolean;
}

/** Where a token may be, each taken apart once. */
export interface TokenPlaces {
  readonly headers: Headers;
  readonly url: URL;
  readonly offer: Offer;
}

/** What a request shows of its sender. */
export interface Presented {
  credential?: Credential;
  /** Why its cookies do not count, if there are any: the refusal where a token is needed. */
  leftOut?: ParleyError;
}

/** Each costs a verification, and a browser may send dozens. */
const MAX_COOKIES = 4;

/** The tokens of an upgrade request, without `Bearer `. Cookies count only for pages that {@link Origins} trusts. */
export function credentialOf(
  { headers, url, offer }: TokenPlaces,
  { config, origins }: { config: Pick<Config, "tokenCookies">; origins: Origins },
): Presented {
  const explicit = bearerOf(headers) || offer.token || url.searchParams.get("token") ||
    url.searchParams.get("access_token");
  if (explicit) return { credential: { tokens: [withoutBearer(explicit)], optional: false } };
  const tokens = cookieTokens(headers.get("cookie") ?? "", config.tokenCookies);
  if (tokens.length === 0) return {};
  const origin = headers.get("origin");
  if (origins.trustsCookies(origin, headers.get("host"))) return { credential: { tokens, optional: true } };
  const page = `the origin of its page, "${origin?.slice(0, 100)}"`;
  const why = `Cannot use the cookie: ${page}, is neither this server's own nor listed by name`;
  return { leftOut: new ParleyError("unauthorized", why) };
}

/**
 * The identity of the first good token: bad ones give way to the next. Rejects with what is wrong with the first, or, as
 * soon as one can be called neither good nor bad, with `unavailable`.
 */
export async function verifyCredential(verifier: Verifier, { tokens }: Credential): Promise<Identity> {
  let refusal: unknown;
  for (const token of tokens) {
    try {
      return await verifier.verify(token);
    } catch (error) {
      if (!isBadToken(error)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/** Whether a verifier found the token to be no good, as opposed to not being able to tell. */
export function isBadToken(error: unknown): error is ParleyError {
  return error instanceof ParleyError && (error.code === "unauthorized" || error.code === "token_expired");
}

/** The token of an `Authorization: Bearer` header. */
export function bearerOf(headers: Headers): string | undefined {
  const header = headers.get("authorization");
  return header && /^bearer /i.test(header) ? withoutBearer(header) : undefined;
}

/**
 * In the order of the names, and of one name in the order of the header: browsers send the cookie of the longest path
 * first, which is the one that is meant. Empty ones are what is left of a logout.
 */
function cookieTokens(header: string, names: readonly string[]): string[] {
  // One by one: of several of one name the parser would keep the first alone.
  const cookies = header.split(";").flatMap((pair) => Object.entries(parseCookie(pair)));
  const values = names.flatMap((wanted) => cookies.filter(([name]) => name === wanted));
  const tokens = values.map(([, value]) => withoutBearer(value)).filter((token) => token !== "");
  return [...new Set(tokens)].slice(0, MAX_COOKIES);
}
