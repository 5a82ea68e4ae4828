/**
 * The configured keys, which an operator may replace while the server runs.
 *
 * Verifies with those there are now: a token that is being checked while they are replaced is checked once more.
 */
import type { Identity } from "../message.ts";
import type { Verifier } from "../verifier.ts";

export class RenewableVerifier implements Verifier {
  #current: Verifier;

  constructor(current: Verifier) {
    this.#current = current;
  }

  /** From now on other keys count. */
  renew(next: Verifier): void {
    this.#current = next;
  }

  async verify(token: string): Promise<Identity> {
    const asked = this.#current;
    const identity = await asked.verify(token);
    return asked === this.#current ? identity : await this.verify(token);
  }

  stands(identity: Identity): boolean {
    return this.#current.stands(identity);
  }
}
