/**
 * Tokens of any algorithm, and what a verifier says about one. For the tests of verifiers.
 */
import { assert, assertFalse } from "@std/assert";
import { generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { ParleyError } from "../../src/errors.ts";
import { createJwtVerifier, type JwtOptions } from "../../src/verifiers/jwt.ts";

export const SECRET = "a secret of at least sixty-four bytes, as the longest hash of the three likes";

type Key = Parameters<SignJWT["sign"]>[0];

export function sign(
  key: Key | string,
  { alg = "HS256", kid, ...claims }: JWTPayload & { alg?: string; kid?: string } = {},
) {
  const header = { alg, ...(kid === undefined ? {} : { kid }) };
  const bytes = typeof key === "string" ? new TextEncoder().encode(key) : key;
  return new SignJWT({ sub: "alice", ...claims }).setProtectedHeader(header).sign(bytes);
}

/** What a verifier with these options says about the token: the user, or the code and the message. */
export async function verdict(options: JwtOptions, token: string): Promise<string> {
  const verifier = await createJwtVerifier(options);
  try {
    return (await verifier.verify(token)).user;
  } catch (error) {
    assert(error instanceof ParleyError, String(error));
    if (token.length > 5) assertFalse(error.message.includes(token), "the message holds the token");
    return `${error.code}: ${error.message}`;
  }
}

export function keyPair(alg: string) {
  return generateKeyPair(alg, { extractable: true });
}
