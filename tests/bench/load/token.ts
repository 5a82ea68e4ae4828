/**
 * HS256 tokens for the runs that measure what they cost the server. The secret is known to nobody but the servers that
 * the bench itself starts on loopback.
 */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

export const TOKEN_SECRET = "the-bench-signs-with-this-and-listens-on-loopback-only";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const HEADER = part({ alg: "HS256", typ: "JWT" });
const LIFE_S = 3600;

export function mintToken(user: string): string {
  const body = `${HEADER}.${part({ sub: user, name: user, exp: Math.floor(Date.now() / 1000) + LIFE_S })}`;
  return `${body}.${createHmac("sha256", TOKEN_SECRET).update(body).digest("base64url")}`;
}
