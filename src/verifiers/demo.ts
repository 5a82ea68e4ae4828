/**
 * Identity in demo mode: tokens with a key that is made for the run, beside those of the configured keys, if any.
 *
 * A demo token says who its bearer pretends to be and nothing more: roles and rooms in it count for nothing. Who may ask
 * for one is decided in http/.
 */
import { decodeProtectedHeader } from "jose";
import { randomId } from "../id.ts";
import type { Identity } from "../message.ts";
import type { Verifier } from "../verifier.ts";
import { createJwtVerifier, type JwtVerifier } from "./jwt.ts";
import { signToken, type TokenContent } from "./sign.ts";

/** Workers of one process share one. */
export interface DemoKey {
  secret: string;
  keyId: string;
}

export function makeDemoKey(): DemoKey {
  return { secret: randomId(43), keyId: `demo-${randomId(8)}` };
}

export class DemoVerifier implements Verifier {
  readonly #configured: Verifier;
  readonly #own: JwtVerifier;
  readonly #secret: string;
  readonly #keyId: string;

  private constructor(configured: Verifier, own: JwtVerifier, key: DemoKey) {
    this.#configured = configured;
    this.#own = own;
    this.#secret = key.secret;
    this.#keyId = key.keyId;
  }

  /** `configured` judges every token that is not one of the demo's. */
  static async create(configured: Verifier, key: DemoKey = makeDemoKey()): Promise<DemoVerifier> {
    return new DemoVerifier(configured, await createJwtVerifier({ secret: key.secret, algorithms: ["HS256"] }), key);
  }

  async verify(token: string): Promise<Identity> {
    if (keyIdOf(token) !== this.#keyId) return await this.#configured.verify(token);
    const identity = await this.#own.verify(token);
    return { ...identity, roles: [], rooms: [] };
  }

  /** A token for a visitor of the demo page. */
  async issue(content: Pick<TokenContent, "user" | "name" | "groups" | "ttlMs">): Promise<string> {
    const { user, name, groups, ttlMs } = content;
    return await signToken({ user, name, groups, ttlMs }, { secret: this.#secret, keyId: this.#keyId });
  }
}

function keyIdOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    return undefined; // No JWT: the configured verifier says so in its own words.
  }
}
