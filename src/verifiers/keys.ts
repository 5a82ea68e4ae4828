/**
 * The keys a token may be checked with, and the algorithms each of them serves.
 *
 * An algorithm belongs to exactly one sort of key, so a public key can never be taken for the secret of an HS token, and
 * `none` belongs to no key at all. Called by jwt.ts.
 */
import { createPublicKey, hash } from "node:crypto";
import {
  createRemoteJWKSet,
  type CryptoKey,
  customFetch,
  errors,
  type FetchImplementation,
  type JWK,
  type JWTVerifyGetKey,
} from "jose";
import { ParleyError, reasonOf } from "../errors.ts";

/** One configured key, or one place where keys are published. */
export interface KeySource {
  /** The same for the same key, whenever it was read, and it tells nothing of it. */
  id: string;
  algorithms: readonly string[];
  key: CryptoKey | JWK | JWTVerifyGetKey;
  /** How long a token found good may be remembered: a published key can be withdrawn. */
  maxVerdictAgeMs: number;
}

const RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const EDWARDS = ["EdDSA", "Ed25519"];
const CURVES: Record<string, readonly string[]> = {
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
  Ed25519: EDWARDS,
};
const ASYMMETRIC = [...RSA, ...EDWARDS, "ES256", "ES384", "ES512"];
const HASHES = { HS256: "SHA-256", HS384: "SHA-384", HS512: "SHA-512" } as const;

const JWKS_AGE_MS = 10 * 60_000;
const JWKS_TIMEOUT_MS = 5_000;

/** Imported once: importing a secret costs more than checking a signature with it. */
export async function secretKeys(secret: string): Promise<KeySource[]> {
  const bytes = new TextEncoder().encode(secret);
  const id = idOf(secret);
  return await Promise.all(
    Object.entries(HASHES).map(async ([algorithm, hash]) => ({
      id,
      algorithms: [algorithm],
      key: await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash }, false, ["verify"]),
      maxVerdictAgeMs: Infinity,
    })),
  );
}

/** PEM (public key or certificate) or JWK. Throws `bad_message` if it is neither. */
export function publicKey(text: string): KeySource {
  const jwk = readPublicKey(text);
  const fitting = jwk.kty === "RSA" ? RSA : CURVES[jwk.crv ?? ""];
  if (!fitting) throw unusable(`a key of type ${[jwk.kty, jwk.crv].join(" ").trim()} signs no tokens`);
  const algorithms = jwk.alg ? fitting.filter((name) => name === jwk.alg) : fitting;
  return { id: idOf(JSON.stringify(jwk)), algorithms, key: jwk, maxVerdictAgeMs: Infinity };
}

/**
 * Fetched at the first token; again when it is old, and when a token names a key that is not in it. A new key may be
 * shown sooner than the keys may be fetched again: then its token waits for that, with all others in the same case.
 */
export function publishedKeys(url: string, cooldownMs: number): KeySource {
  const published = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: JWKS_AGE_MS,
    cooldownDuration: cooldownMs,
    timeoutDuration: JWKS_TIMEOUT_MS,
    [customFetch]: pacedFetch(cooldownMs),
  });
  const key: JWTVerifyGetKey = async (header, token) => {
    const hasLooked = !published.coolingDown;
    try {
      return await published(header, token);
    } catch (error) {
      if (hasLooked || !(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await new Promise((resolve) => setTimeout(resolve, cooldownMs));
      return await published(header, token);
    }
  };
  return { id: idOf(url), algorithms: ASYMMETRIC, key, maxVerdictAgeMs: JWKS_AGE_MS / 2 };
}

/**
 * jose pauses after keys were fetched, but not after that failed, so that every token with an unknown key would ask a
 * provider in trouble once more. Whatever ended less than `pauseMs` ago without keys is not tried again.
 */
function pacedFetch(pauseMs: number): FetchImplementation {
  let endedAtMs = -Infinity;
  return async (url, init) => {
    if (performance.now() - endedAtMs < pauseMs) throw new errors.JOSEError("The keys could not be fetched just now");
    try {
      return await fetch(url, init);
    } finally {
      endedAtMs = performance.now();
    }
  };
}

function idOf(key: string): string {
  return hash("sha256", key, "base64url");
}

function readPublicKey(text: string): JWK {
  try {
    const jwk: JWK = text.trimStart().startsWith("{")
      ? JSON.parse(text)
      : createPublicKey(text).export({ format: "jwk" }) as JWK;
    const { d: _private, ...rest } = jwk;
    return rest;
  } catch (error) {
    throw unusable(reasonOf(error));
  }
}

function unusable(reason: string): ParleyError {
  return new ParleyError("bad_message", `Cannot use the public key: ${reason}`);
}
