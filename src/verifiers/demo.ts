/**
 * Identity in demo mode: tokens with a key that is made for the run.
 *
 * A demo token says who its bearer pretends to be and nothing more: roles and rooms in it count for nothing. Who may ask
 * for one is decided in http/.
 */
import { randomId } from "../id.ts";
import type { Identity } from "../message.ts";
import type { Verifier } from "../verifier.ts";
import { createJwtVerifier, type JwtVerifier } from "./jwt.ts";
import { signToken, type TokenContent } from "./sign.ts";

/** The secret of a run; workers of one process share one. */
export function makeDemoKey(): string {
  return randomId(43);
}

export class DemoVerifier implements Verifier {
  readonly #tokens: JwtVerifier;
  readonly #secret: string;

  private constructor(tokens: JwtVerifier, secret: string) {
    this.#tokens = tokens;
    this.#secret = secret;
  }

  static async create(secret: string = makeDemoKey()): Promise<DemoVerifier> {
    return new DemoVerifier(await createJwtVerifier({ secret, algorithms: ["HS256"] }), secret);
  }

  async verify(token: string): Promise<Identity> {
    return { ...await this.#tokens.verify(token), roles: [], rooms: [] };
  }

  stands(): boolean {
    return true;
  }

  /** A token for a visitor of the demo page. */
  async issue(content: Pick<TokenContent, "user" | "name" | "groups" | "ttlMs">): Promise<string> {
    const { user, name, groups, ttlMs } = content;
    return await signToken({ user, name, groups, ttlMs }, { secret: this.#secret });
  }
}
