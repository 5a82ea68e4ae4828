/**
 * The audit trail: who sent whom away or spoke to everybody, and who was refused, as lines of the log at `info` that have
 * `audit=true`.
 *
 * Lines are written where such things are decided, on the node that was asked. It must never be given a token.
 */
import { networkOf } from "./address.ts";
import type { ParleyError } from "../errors.ts";
import type { Log, LogFields } from "../log.ts";
import type { Identity } from "../message.ts";
import { type Clock, TokenBucket, TokenBuckets } from "../token_bucket.ts";

/** Who did it, and from where. */
export interface Actor {
  /** Absent for who has the admin key. */
  identity?: Pick<Identity, "user">;
  address: string;
}

/** Anybody may show bad tokens as often as they like, but not fill the log with them. */
const REFUSALS_PER_ADDRESS = { perSecond: 1, burst: 1 };
/** Whoever has a network of IPv6 has many addresses. */
const REFUSALS_IN_ALL = { perSecond: 20, burst: 100 };

export class Audit {
  readonly #log: Log;
  readonly #refusals: TokenBuckets;
  readonly #allRefusals: TokenBucket;

  constructor(log: Log, clock: Clock = {}) {
    this.#log = log;
    this.#refusals = new TokenBuckets(REFUSALS_PER_ADDRESS, clock);
    this.#allRefusals = new TokenBucket(REFUSALS_IN_ALL, clock);
  }

  /** `what` is a constant; `whom` names the user, connection or room. */
  done(what: string, { identity, address }: Actor, whom: LogFields = {}): void {
    const by = identity ? `user:${identity.user}` : "admin-key";
    this.#log.info(what, { audit: true, by, address, ...whom });
  }

  /** `at`: the door. At most one line a second for an address, and twenty in all; the metrics count every one. */
  refused(address: string, at: "upgrade" | "socketio" | "authenticate" | "http", error: ParleyError): void {
    const { code, message, by } = error;
    if (this.#refusals.take(networkOf(address)) > 0 || this.#allRefusals.take() > 0) return;
    const what = by === undefined ? "a credential was refused" : "a connection was refused";
    this.#log.info(what, { audit: true, address, at, code, reason: message, ...(by !== undefined && { by }) });
  }
}
