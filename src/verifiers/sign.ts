/**
 * Makes tokens, which a server otherwise never does: for `parley token`, for demo mode and for tests.
 */
import { SignJWT } from "jose";

export interface TokenContent {
  user: string;
  name?: string;
  groups?: readonly string[];
  rooms?: readonly string[];
  roles?: readonly string[];
  ttlMs: number;
}

export interface Signing {
  secret: string;
  algorithm?: "HS256" | "HS384" | "HS512";
  issuer?: string;
  audience?: string;
}

/** A token that says no more than `content`. */
export async function signToken({ user, ttlMs, ...content }: TokenContent, signing: Signing): Promise<string> {
  const { secret, algorithm = "HS256", issuer, audience } = signing;
  const nowS = Math.floor(Date.now() / 1000);
  const claims = Object.entries(content).filter(([, value]) => value !== undefined && value.length > 0);
  const token = new SignJWT(Object.fromEntries(claims))
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .setSubject(user).setIssuedAt(nowS).setExpirationTime(nowS + Math.ceil(ttlMs / 1000));
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  return await token.sign(new TextEncoder().encode(secret));
}
