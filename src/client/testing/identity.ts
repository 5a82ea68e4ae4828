/**
 * Tokens of tests, and whom they name. Nobody signs them: a JWT is taken at its word, and any other text is a user's id.
 */
export interface TokenContent {
  /** Default: the user's id. */
  name?: string;
  /** Milliseconds since 1970, on the server's clock. */
  expiresAt?: number;
}

export interface Identity {
  user: string;
  name: string;
  /** Infinity: never. */
  expiresAt: number;
}

/** A JWT without a signature, of which a client reads when it expires. */
export function unsignedToken(user: string, { name, expiresAt }: TokenContent = {}): string {
  const claims = { sub: user, name, exp: expiresAt === undefined ? undefined : expiresAt / 1000 };
  return `${base64url({ alg: "none" })}.${base64url(claims)}.unsigned`;
}

function base64url(value: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** None, of a token that names nobody. */
export function identityOf(token: string | undefined): Identity | undefined {
  const claims = token?.includes(".") ? claimsOf(token) : { sub: token };
  const user = claims?.sub;
  if (typeof user !== "string" || user === "") return undefined;
  return { user, name: String(claims?.name ?? user), expiresAt: Number(claims?.exp ?? Infinity) * 1000 };
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    const payload = token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (char) => char.charCodeAt(0))));
  } catch {
    return undefined;
  }
}
