/**
 * Where the credential comes from, whose it is, and when it runs out. The signature is the server's business: of a JWT
 * only its claims are read here.
 */

/** A token, or a function asked anew for every connect and before expiry; nothing means a cookie identifies the user. */
export type TokenSource = string | null | undefined | (() => MaybeToken | Promise<MaybeToken>);
export type MaybeToken = string | null | undefined;

/** What no subprotocol can carry (RFC 9110 §5.6.2), and no JWT has. */
const UNSENDABLE = /[^!#-'*+.^`|~\w-]/;

export async function readToken(source: TokenSource): Promise<MaybeToken> {
  return await (typeof source === "function" ? source() : source);
}

/** The subprotocol that carries the token. Throws TypeError, in which the token is not, if none can. */
export function bearer(token: string): string {
  if (UNSENDABLE.test(token)) throw new TypeError("Cannot send the token: no JWT has such characters");
  return "parley.bearer." + token;
}

/** Milliseconds since 1970; NaN for a token that is not a JWT or never expires. */
export function expiryMs(token: MaybeToken): number {
  return Number(claimsOf(token).exp) * 1000;
}

/** Empty for a token that is not a JWT. The claims are those in which the server looks. */
export function userOf(token: unknown): string {
  const { sub, userId, user_id, id } = claimsOf(token);
  return String(sub || userId || user_id || id || "");
}

function claimsOf(token: unknown): Record<string, unknown> {
  try {
    const payload = String(token).split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    return Object(JSON.parse(atob(payload)));
  } catch {
    return {};
  }
}
