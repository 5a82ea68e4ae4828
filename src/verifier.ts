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
