/**
 * Verifies JSON Web Tokens: a shared secret, a public key, the published keys of an identity provider, or several.
 *
 * Made once by the server. It must never write a token anywhere, nor believe anything in one before its signature holds;
 * the algorithm a token names only chooses among the configured keys that serve it.
 */
import { hash } from "node:crypto";
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from "jose";
import { ParleyError } from "../errors.ts";
import { LinkedMap } from "../linked_map.ts";
import type { Identity } from "../message.ts";
import { cutText } from "../unicode.ts";
import type { Verifier } from "../verifier.ts";
import { identityOf } from "./claims.ts";
import { type KeySource, publicKey, publishedKeys, secretKeys } from "./keys.ts";

/** Which tokens are good; without any key none is. */
export interface JwtOptions {
  secret?: string;
  /** PEM or JWK. */
  publicKey?: string;
  jwksUrl?: string;
  issuer?: string;
  /** A token has to be for one of them; absent or empty: for anybody. */
  audience?: readonly string[];
  /** Absent: all that fit the keys. */
  algorithms?: readonly string[];
  /** How far the clocks of this server and of who made a token may differ. Default 5 s. */
  leewayMs?: number;
  /** How soon the published keys may be fetched again: for a key they do not have, or after a failure. Default 1 s. */
  jwksCooldownMs?: number;
}

const LEEWAY_MS = 5_000;
/** Strangers may name any key: at most one fetch a second, and a new key of the provider's is good within that. */
const JWKS_COOLDOWN_MS = 1_000;
/** Good tokens remembered: enough for a crowd that reconnects at once, about 8 MB at most. */
const MAX_GOOD_TOKENS = 10_000;

interface GoodToken {
  identity: Identity;
  /** When the token ends, in ms since 1970. */
  endMs: number;
  /** When its key is to be asked again, on the clock of `performance.now()`. */
  staleAtMs: number;
}

export class JwtVerifier implements Verifier {
  readonly #sources: readonly KeySource[];
  readonly #checks: JWTVerifyOptions;
  readonly #leewayMs: number;
  /** Good tokens by their SHA-256: a hash is twenty times cheaper than a signature. */
  readonly #good = new LinkedMap<string, GoodToken>();

  constructor(sources: readonly KeySource[], checks: JWTVerifyOptions, leewayMs: number) {
    this.#sources = sources;
    this.#checks = { ...checks, clockTolerance: leewayMs / 1000 };
    this.#leewayMs = leewayMs;
  }

  async verify(token: string): Promise<Identity> {
    const digest = hash("sha256", token, "base64");
    const known = this.#recall(digest);
    if (known) return known;
    const { payload, source } = await this.#check(token);
    // Frozen: whoever shows the same token gets the same object.
    const identity = identityOf(payload);
    identity.key = source.id;
    const endMs = payload.exp === undefined ? Infinity : payload.exp * 1000 + this.#leewayMs;
    // A connection ends when its token would not be accepted any more: one that just got in is not closed at once.
    if (endMs !== Infinity) identity.expiresAtMs = endMs;
    this.#remember(digest, {
      identity: frozen(identity),
      endMs,
      staleAtMs: performance.now() + source.maxVerdictAgeMs,
    });
    return identity;
  }

  stands({ key }: Identity): boolean {
    return key === undefined || this.#sources.some(({ id }) => id === key);
  }

  async #check(token: string): Promise<{ payload: JWTPayload; source: KeySource }> {
    const algorithm = algorithmOf(token);
    let refused: ParleyError | undefined;
    for (const source of this.#sources) {
      if (!source.algorithms.includes(algorithm)) continue;
      try {
        return { payload: await payloadOf(token, source.key, this.#checks), source };
      } catch (error) {
        refused = refusal(error, source);
        // Only a signature that does not fit this key may fit another one.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw refused ?? invalid(`no key is configured for its algorithm "${cutText(algorithm, 16)}"`);
  }

  #recall(digest: string): Identity | undefined {
    const known = this.#good.get(digest);
    if (!known) return undefined;
    if (Date.now() >= known.endMs || performance.now() >= known.staleAtMs) {
      this.#good.delete(digest);
      return undefined;
    }
    this.#good.set(digest, known);
    return known.identity;
  }

  #remember(digest: string, token: GoodToken): void {
    this.#good.set(digest, token);
    if (this.#good.size > MAX_GOOD_TOKENS) this.#good.delete(this.#good.oldest!.key);
  }
}

/** Throws `bad_message` if a key cannot be used. Without any key every token is refused. */
export async function createJwtVerifier(options: JwtOptions): Promise<JwtVerifier> {
  const { secret, jwksUrl, issuer, algorithms, leewayMs = LEEWAY_MS } = options;
  const sources = [
    ...(secret === undefined ? [] : await secretKeys(secret)),
    ...(options.publicKey === undefined ? [] : [publicKey(options.publicKey)]),
    ...(jwksUrl === undefined ? [] : [publishedKeys(jwksUrl, options.jwksCooldownMs ?? JWKS_COOLDOWN_MS)]),
  ];
  const allowed = sources.map((source) => ({
    ...source,
    algorithms: source.algorithms.filter((name) => algorithms?.includes(name) ?? true),
  }));
  const audience = options.audience?.length ? [...options.audience] : undefined;
  return new JwtVerifier(allowed, { issuer, audience }, leewayMs);
}

/** The claims; an identity provider may publish several keys that fit, one of which must. */
async function payloadOf(token: string, key: KeySource["key"], checks: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (typeof key === "function" ? await jwtVerify(token, key, checks) : await jwtVerify(token, key, checks))
      .payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let failure: unknown = error;
    for await (const candidate of error) {
      try {
        return (await jwtVerify(token, candidate, checks)).payload;
      } catch (reason) {
        failure = reason;
        if (!(reason instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw failure;
  }
}

function algorithmOf(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? "none";
  } catch {
    throw invalid("it is not a JSON Web Token");
  }
}

function frozen(identity: Identity): Identity {
  for (const list of [identity.groups, identity.rooms, identity.roles]) Object.freeze(list);
  return Object.freeze(identity);
}

function refusal(error: unknown, source: KeySource): ParleyError {
  if (error instanceof errors.JWTExpired) return new ParleyError("token_expired", "Invalid token: it has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalid(CLAIM_REASONS[error.claim] ?? `its "${error.claim}" is wrong`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid("its signature does not fit");
  if (error instanceof errors.JWKSNoMatchingKey) return invalid("its key is not among the published ones");
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return invalid("it is malformed");
  if (error instanceof errors.JOSENotSupported) return invalid("it asks for something that is not supported");
  if (typeof source.key !== "function") return invalid("it cannot be checked with the configured key");
  return new ParleyError("unavailable", "Cannot check the token: the published keys are out of reach");
}

const CLAIM_REASONS: Record<string, string> = {
  nbf: "it is not valid yet",
  iss: "it is from another issuer",
  aud: "it is for another audience",
};

function invalid(reason: string): ParleyError {
  return new ParleyError("unauthorized", `Invalid token: ${reason}`);
}
