/**
 * Who asks: the admin key, or the bearer of a token. Decided before anything else of a route that needs a credential.
 *
 * Cookies are never looked at, so no page can act for its visitor. A right credential is served at once whatever else
 * goes on; a wrong key is answered late, so that guessing takes for ever.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Peer } from "../adapter.ts";
import type { Admission } from "../gateway/admission.ts";
import { bearerOf, isBadToken } from "../gateway/credentials.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub/hub.ts";
import { checkBlock } from "../hub/identity.ts";
import { run } from "../maybe.ts";
import type { Identity } from "../message.ts";
import { type Rate, TokenBucket } from "../token_bucket.ts";
import { cutText } from "../unicode.ts";

/** Wrong keys, wherever they come from: so many wait for their answer at a time. */
const WRONG_KEYS: Rate = { perSecond: 20, burst: 20 };
const WRONG_KEY_DELAY_MS = 1_000;

/** Three parts, of which the first is base64url of what begins with `{`. No key for admins that was made looks so. */
const JWT_FORM = /^e[w-z0-9_-][\w-]*\.[\w-]*\.[\w-]*$/;

/** `user` is anybody with a valid credential, `admin` the admin key or a token with an admin's role. */
export type Needs = "nothing" | "user" | "admin";

export interface Caller {
  /** Absent for the admin key, and where no credential is needed. */
  identity?: Identity;
  isAdmin: boolean;
  address: string;
}

export interface AccessParts {
  hub: Hub;
  admission: Admission;
}

export class Access {
  readonly #hub: Hub;
  readonly #admission: Admission;
  readonly #adminKey?: Uint8Array;
  readonly #wrongKeys = new TokenBucket(WRONG_KEYS);

  constructor({ hub, admission }: AccessParts) {
    const { adminToken } = hub.config;
    this.#hub = hub;
    this.#admission = admission;
    if (adminToken) this.#adminKey = digest(adminToken);
  }

  /** Throws `unauthorized`, `token_expired`, `forbidden`, `rate_limited`, or `unavailable`. */
  async check(request: Request, peer: Peer, needs: Needs): Promise<Caller> {
    const address = this.#admission.addressOf(request.headers, peer);
    if (needs === "nothing") return { isAdmin: false, address };
    const attempt = `Cannot ${request.method} "${cutText(new URL(request.url).pathname, 200)}"`;
    const caller = await this.#identify(request.headers, address, attempt);
    if (needs === "admin" && !caller.isAdmin) {
      throw new ParleyError("forbidden", `${attempt}: it takes the admin key or an admin's role`);
    }
    return { ...caller, address };
  }

  async #identify(headers: Headers, address: string, attempt: string): Promise<Omit<Caller, "address">> {
    const key = headers.get("x-api-key");
    const token = bearerOf(headers);
    if (!key && !token) {
      throw new ParleyError("unauthorized", `${attempt}: a credential is needed, as "Authorization: Bearer …"`);
    }
    if (this.#isAdminKey(key) || this.#isAdminKey(token)) return { isAdmin: true };
    // Beside a token, a key that may be wrong for nothing could be guessed as fast as requests are.
    const isGuess = !token || (!!key && this.#adminKey !== undefined);
    const identity = isGuess ? await this.#wrongKey(address, attempt) : await this.#verify(token, address, attempt);
    await run(checkBlock(this.#hub, identity));
    return { identity, isAdmin: identity.roles.some((role) => this.#hub.config.adminRoles.includes(role)) };
  }

  async #verify(token: string, address: string, attempt: string): Promise<Identity> {
    try {
      return await this.#hub.verifier.verify(token);
    } catch (error) {
      if (!isBadToken(error)) throw error;
      // A signature cannot be guessed: bad tokens need no delay.
      if (!JWT_FORM.test(token)) return await this.#wrongKey(address, attempt);
      this.#hub.audit.refused(address, "http", error);
      throw error;
    }
  }

  /** Throws. Only the first so many in a second are worth the wait, so that it holds no more than those. */
  async #wrongKey(address: string, attempt: string): Promise<never> {
    const why = this.#adminKey
      ? "the credential is neither the admin key nor a JSON Web Token"
      : "the credential is not a JSON Web Token, and no admin key is set (ADMIN_TOKEN)";
    const error = new ParleyError("unauthorized", `${attempt}: ${why}`);
    this.#hub.audit.refused(address, "http", error);
    const retryAfter = this.#wrongKeys.take();
    if (retryAfter > 0) {
      throw new ParleyError("rate_limited", `${attempt}: too many wrong keys are being tried`, { retryAfter });
    }
    await new Promise((resolve) => setTimeout(resolve, WRONG_KEY_DELAY_MS));
    throw error;
  }

  /** Digests have one length, so neither the key's nor where it first differs shows in the time this takes. */
  #isAdminKey(given: string | null | undefined): boolean {
    return this.#adminKey !== undefined && !!given && timingSafeEqual(digest(given), this.#adminKey);
  }
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
