/**
 * Contract of what turns a token into an identity: verifiers/*.ts.
 */
import type { Identity } from "./message.ts";

export interface Verifier {
  /**
   * `token` without any `Bearer ` prefix. Rejects with ParleyError `unauthorized` or `token_expired`; the message never
   * holds the token.
   */
  verify(token: string): Promise<Identity>;
}
