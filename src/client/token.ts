/**
 * Where the credential comes from, and when it runs out. The signature is the server's business: only `exp` is read here.
 */

/** A token, or a function asked anew for every connect and before expiry; nothing means a cookie identifies the user. */
export type TokenSource = string | null | undefined | (() => MaybeToken | Promise<MaybeToken>);
type MaybeToken = string | null | undefined;

export async function readToken(source: TokenSource): Promise<MaybeToken> {
  return await (typeof source === "function" ? source() : source);
}

/** Milliseconds since 1970; NaN for a token that is no JWT or never expires. */
export function expiryMs(token: MaybeToken): number {
  try {
    const payload = String(token).split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    return JSON.parse(atob(payload)).exp * 1000;
  } catch {
    return NaN;
  }
}
