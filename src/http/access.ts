/**
 * Who asks: the admin key, or the bearer of a token. Called by the router before anything else of a route that needs a
 * credential.
 *
 * Cookies are never looked at, so no page can act for its visitor. Wrong credentials are slowed down per network.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Peer } from "../adapter.ts";
import { addressOf, networkOf } from "../address.ts";
import { Buckets, type Rate } from "../buckets.ts";
import { bearerOf } from "../credentials.ts";
import { ParleyError } from "../errors.ts";
import type { Hub } from "../hub.ts";
import { checkBlock } from "../identity.ts";
import { run } from "../maybe.ts";
import type { Identity } from "../message.ts";
import { cutText } from "../unicode.ts";
import type { Needs } from "./route.ts";

/** Wrong credentials of one network. */
const GUESSES: Rate = { perSecond: 0.5, burst: 20 };

export interface Caller {
  /** Absent for the admin key, and where no credential is needed. */
  identity?: Identity;
  isAdmin: boolean;
  address: string;
}

export class Access {
  readonly #hub: Hub;
  readonly #adminKey?: Uint8Array;
  readonly #guesses = new Buckets(GUESSES);

  constructor(hub: Hub) {
    const { adminToken } = hub.config;
    this.#hub = hub;
    if (adminToken) this.#adminKey = digest(adminToken);
  }

  /** Throws `unauthorized`, `token_expired`, `forbidden`, `rate_limited`, or `unavailable`. */
  async check(request: Request, peer: Peer, needs: Needs): Promise<Caller> {
    const address = addressOf(request.headers, peer, this.#hub.config.trustProxy);
    if (needs === "nothing") return { isAdmin: false, address };
    const attempt = `Cannot ${request.method} "${cutText(new URL(request.url).pathname, 200)}"`;
    const caller = await this.#identify(request.headers, networkOf(address), attempt);
    if (needs === "admin" && !caller.isAdmin) {
      throw new ParleyError("forbidden", `${attempt}: it takes the admin key or an admin's role`);
    }
    return { ...caller, address };
  }

  async #identify(headers: Headers, network: string, attempt: string): Promise<Omit<Caller, "address">> {
    const key = headers.get("x-api-key");
    const token = bearerOf(headers);
    if (!key && !token) {
      throw new ParleyError("unauthorized", `${attempt}: a credential is needed, as "Authorization: Bearer …"`);
    }
    const retryAfter = this.#guesses.waitMs(network);
    if (retryAfter > 0) {
      throw new ParleyError("rate_limited", `${attempt}: too many wrong credentials came from here`, { retryAfter });
    }
    if (this.#isAdminKey(key) || this.#isAdminKey(token)) return { isAdmin: true };
    const identity = await this.#verify(token, network);
    await run(checkBlock(this.#hub, identity));
    return { identity, isAdmin: identity.roles.some((role) => this.#hub.config.adminRoles.includes(role)) };
  }

  async #verify(token: string | undefined, network: string): Promise<Identity> {
    try {
      if (!token) throw new ParleyError("unauthorized", "Invalid API key");
      return await this.#hub.verifier.verify(token);
    } catch (error) {
      // An expired token is a client that slept, not a guess.
      if (error instanceof ParleyError && error.code === "unauthorized") this.#guesses.take(network);
      throw error;
    }
  }

  /** Digests have one length, so neither the key's nor where it first differs shows in the time this takes. */
  #isAdminKey(given: string | null | undefined): boolean {
    return this.#adminKey !== undefined && !!given && timingSafeEqual(digest(given), this.#adminKey);
  }
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
