/**
 * Tokens that are the embedding program's own: its sessions, say. The program is asked first; what it does not know is
 * judged by the configured keys.
 */
import { ParleyError } from "../errors.ts";
import type { MaybePromise } from "../maybe.ts";
import type { Identity } from "../message.ts";
import type { Verifier } from "../verifier.ts";
import { type Claims, identityOf } from "./claims.ts";

export class ProgramVerifier implements Verifier {
  readonly #ask: (token: string) => MaybePromise<Claims | undefined>;
  readonly #configured: Verifier;

  constructor(ask: (token: string) => MaybePromise<Claims | undefined>, configured: Verifier) {
    this.#ask = ask;
    this.#configured = configured;
  }

  async verify(token: string): Promise<Identity> {
    const claims = await this.#ask(token);
    if (claims === undefined) return await this.#configured.verify(token);
    return identityOfProgram(claims);
  }

  stands(identity: Identity): boolean {
    return this.#configured.stands(identity);
  }
}

/** Whom the program names. Throws `unauthorized` if that is nobody, `token_expired` if its time is over. */
export function identityOfProgram(claims: Claims): Identity {
  const identity = identityOf(claims);
  if ((identity.expiresAtMs ?? Infinity) > Date.now()) return identity;
  throw new ParleyError("token_expired", "Invalid token: it has expired");
}
