/**
 * Whether one more connection may come in at all: origin, rate and number of connections, drain. Before anybody asks who
 * it is.
 *
 * Asked for each upgrade and each new Engine.IO session. A stranger can make nothing grow here but a bounded number of
 * small entries.
 */
import { addressOf, isPrivate, networkOf } from "../hub/address.ts";
import type { Peer } from "../adapter.ts";
import type { Config } from "../config/config.ts";
import { ParleyError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Origins } from "./origins.ts";
import type { Stats } from "../hub/metrics.ts";
import { TokenBucket, TokenBuckets } from "../token_bucket.ts";
import { cutText } from "../unicode.ts";

/** What a refused client waits at least, in ms. */
const RETRY_AFTER_MS = 5000;

/** How often the log may say that an address met a limit: a flood of them must not fill it. */
const LIMIT_WARNINGS = { perSecond: 1 / 60, burst: 1 };

export interface AdmissionParts {
  config: Config;
  origins: Origins;
  stats: Stats;
  log: Log;
}

export class Admission {
  /** Set when the server goes away. */
  draining = false;
  /** Who came while it drained. */
  latecomers = 0;
  readonly #config: Config;
  readonly #origins: Origins;
  readonly #stats: Stats;
  readonly #log: Log;
  readonly #rate: TokenBuckets;
  readonly #limitWarnings = new TokenBucket(LIMIT_WARNINGS);
  readonly #perNetwork = new Map<string, number>();
  #connections = 0;
  #hasForwarded = false;

  constructor({ config, origins, stats, log }: AdmissionParts) {
    this.#config = config;
    this.#origins = origins;
    this.#stats = stats;
    this.#log = log;
    this.#rate = new TokenBuckets({ perSecond: config.websocketConnectRate, burst: config.websocketConnectBurst });
  }

  /** The client's address. Throws ParleyError: `unavailable`, `forbidden` or `rate_limited`. */
  check(request: Request, peer: Peer): string {
    const { headers } = request;
    const address = this.addressOf(headers, peer);
    const origin = headers.get("origin");
    if (this.draining) {
      this.latecomers++;
      throw this.#refusal("draining", "unavailable", "the server is going away");
    }
    if (!this.#config.websocketEnabled) throw this.#refusal("disabled", "unavailable", "WebSockets are switched off");
    this.#checkOriginAndRate(origin, address);
    const full = this.fullness(address);
    if (full && !this.#isFull) this.#warnOfLimit(address, "WEBSOCKET_MAX_CONNECTIONS_PER_IP");
    if (full) throw this.#refusal("full", "unavailable", full);
    return address;
  }

  /** One more socket for a client that is in already, as the upgrade of a session. Throws `forbidden` or `rate_limited`. */
  checkUpgrade({ headers }: Request, peer: Peer): void {
    this.#checkOriginAndRate(headers.get("origin"), this.addressOf(headers, peer));
  }

  #checkOriginAndRate(origin: string | null, address: string): void {
    if (!this.#origins.admits(origin)) {
      throw this.#refusal("origin", "forbidden", `origin "${cutText(origin ?? "", 100)}" is not allowed`);
    }
    const waitMs = this.#rate.take(networkOf(address));
    if (waitMs > 0) {
      this.#warnOfLimit(address, "WEBSOCKET_CONNECT_RATE");
      throw this.#refusal("rate", "rate_limited", "too many new connections", waitMs);
    }
  }

  /** Whose request it is. A proxy that nobody told the server of makes all that are behind it one: that is said once. */
  addressOf(headers: Headers, peer: Peer): string {
    const { trustProxy } = this.#config;
    if (trustProxy === 0 && !this.#hasForwarded && headers.has("x-forwarded-for")) {
      this.#hasForwarded = true;
      this.#log.warn(
        "X-Forwarded-For is not believed, so everybody behind a proxy is one address to all limits: if there are " +
          "proxies in front, set TRUST_PROXY to their number",
        { address: peer.address },
      );
    }
    return addressOf(headers, peer, trustProxy);
  }

  /** Why no further connection fits, if none does. */
  fullness(address: string): string | undefined {
    const { websocketMaxConnections: all, websocketMaxConnectionsPerIp: each } = this.#config;
    if (this.#isFull) return `the limit of ${all} connections is reached`;
    if (each > 0 && (this.#perNetwork.get(networkOf(address)) ?? 0) >= each) {
      return `the limit of ${each} connections per address is reached`;
    }
  }

  /** Why a client that was admitted cannot come in after all: others have come, or the server goes away. */
  late(address: string): ParleyError | undefined {
    if (this.draining) {
      this.latecomers++;
      return this.#refusal("draining", "unavailable", "the server is going away");
    }
    const full = this.fullness(address);
    return full === undefined ? undefined : this.#refusal("full", "unavailable", full);
  }

  enter(address: string): void {
    this.#connections++;
    // Behind a private address may be a proxy that is not trusted yet, and with it everybody.
    if (this.#config.websocketMaxConnectionsPerIp === 0 || isPrivate(address)) return;
    const network = networkOf(address);
    this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1);
  }

  leave(address: string): void {
    this.#connections--;
    const network = networkOf(address);
    const count = this.#perNetwork.get(network);
    if (count === undefined) return;
    if (count > 1) this.#perNetwork.set(network, count - 1);
    else this.#perNetwork.delete(network);
  }

  #warnOfLimit(address: string, limit: string): void {
    if (this.#limitWarnings.take() > 0) return;
    this.#log.warn("an address has met its limit, others may have too", { address, limit });
  }

  get #isFull(): boolean {
    const { websocketMaxConnections: all } = this.#config;
    return all > 0 && this.#connections >= all;
  }

  #refusal(
    reason: string,
    code: "unavailable" | "forbidden" | "rate_limited",
    why: string,
    waitMs?: number,
  ): ParleyError {
    this.#stats.refused.add(reason === "full" ? "limit" : reason);
    const retryAfter = code === "forbidden" ? undefined : waitMs ?? RETRY_AFTER_MS;
    return new ParleyError(code, `Cannot connect: ${why}`, { retryAfter, reason });
  }
}
