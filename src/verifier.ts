/**
 * Contract of what turns a token into an identity: verifiers/*.ts.
 */
import type { Identity } from "./message.ts";

export interface Verifier {
  /**
   * `token` without any `Bearer ` prefix. Rejects with ParleyError `unauthorized`, `token_expired`, or `unavailable` while
   * the keys to check it with are out of reach; the message never
   * holds the token.
   */
  verify(token: string): Promise<Identity>;
  /** False once the key that its token was checked with has been withdrawn. */
  stands(identity: Identity): boolean;
}

/** A token as verifiers take it: people copy it with the word of the header. */
export function withoutBearer(token: string): string {
  return token.replace(/^bearer\s+/i, "").trim();
}
