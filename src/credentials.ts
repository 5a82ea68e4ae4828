/**
 * Where a request carries its token: header, query, cookie, in this order. The token is never logged.
 */
import type { Config } from "./config.ts";
import type { Origins } from "./origins.ts";

export interface Credential {
  token: string;
  /** A bad cookie counts as none; a bad token from anywhere else refuses. */
  optional: boolean;
}

/** The token of an upgrade request, without `Bearer `. Cookies count only for pages that {@link Origins} trusts. */
export function credentialOf(
  request: Request,
  url: URL,
  { config, origins }: { config: Config; origins: Origins },
): Credential | undefined {
  const { headers } = request;
  const explicit = bearerOf(headers) || url.searchParams.get("token") || url.searchParams.get("access_token");
  if (explicit) return { token: withoutBearer(explicit), optional: false };
  const cookies = headers.get("cookie");
  if (cookies === null || !origins.trustsCookies(headers.get("origin"), headers.get("host"))) return undefined;
  const token = cookieOf(cookies, config.tokenCookies);
  return token ? { token: withoutBearer(token), optional: true } : undefined;
}

/** The token of an `Authorization: Bearer` header. */
export function bearerOf(headers: Headers): string | undefined {
  const header = headers.get("authorization");
  return header && /^bearer /i.test(header) ? withoutBearer(header) : undefined;
}

export function withoutBearer(token: string): string {
  return token.replace(/^bearer\s+/i, "").trim();
}

function cookieOf(header: string, names: readonly string[]): string | undefined {
  const cookies = new Map<string, string>();
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  for (const name of names) {
    const value = cookies.get(name);
    if (value) return decoded(value);
  }
}

function decoded(value: string): string {
  const text = value.replace(/^"(.*)"$/, "$1");
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not percent-encoded after all: a token never is by itself.
  }
}
