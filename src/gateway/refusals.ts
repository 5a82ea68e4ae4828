/**
 * Refusals that a browser can read, since it never learns the status of a refused upgrade: a client that asks for it is
 * let in, told by an error in its dialect, and closed with a code.
 *
 * The gateway asks how an error is said so, and for a place to say it in. Places are few: whoever is refused so costs a
 * socket, and on Deno for as long as its peer likes. Where there is none, the refusal is plain HTTP.
 */
import { networkOf } from "../hub/address.ts";
import type { AnyDialect } from "../dialect.ts";
import { CLOSE, type ErrorCode, type ParleyError } from "../errors.ts";

const MAX_PLACES = 100;
const MAX_PLACES_PER_NETWORK = 10;
/** A granted upgrade that has not opened by then is one of a client that has gone. */
const OPENING_MS = 5000;

/** How a socket is closed. */
export interface CloseReason {
  code: number;
  reason: string;
}

/** The close that stands for an error in the dialect; none: it is said in plain HTTP to everybody. */
export function closeReasonOf(
  error: ParleyError,
  { refusal }: Pick<AnyDialect, "refusal"> = {},
): CloseReason | undefined {
  const { code, reason } = error;
  const fallback = refusal === "close" ? { code: CLOSE.policy, reason: reason ?? code } : undefined;
  switch (code) {
    case "unauthorized":
      return { code: CLOSE.tokenExpired, reason: "Not authenticated" };
    case "token_expired":
      return { code: CLOSE.tokenExpired, reason: "Token expired" };
    case "forbidden":
      return reason === undefined ? fallback : { code: CLOSE.kicked, reason };
    case "unavailable":
      // Where WebSockets are switched off there are none for refusals either.
      return reason === "disabled" ? undefined : { code: CLOSE.tryLater, reason: reason ?? code };
    case "rate_limited":
      return { code: CLOSE.tryLater, reason: reason ?? code };
    default:
      return fallback;
  }
}

/** How a policy's refusal ends in a dialect that closes for want of a good token; other codes are said in HTTP. */
export const TOKEN_CLOSES: { readonly [code in ErrorCode]?: string } = {
  unauthorized: "Invalid token",
  token_expired: "Invalid token",
  forbidden: "Not allowed",
};

/** Taken from the grant of an upgrade until its socket is gone. */
export interface RefusalSlot {
  readonly network: string;
}

export class Refusals {
  readonly #now: () => number;
  readonly #taken = new Set<RefusalSlot>();
  readonly #perNetwork = new Map<string, number>();
  /** Those whose socket has not opened yet, oldest first, and since when. */
  readonly #opening = new Map<RefusalSlot, number>();

  constructor({ now = () => performance.now() }: { now?: () => number } = {}) {
    this.#now = now;
  }

  /** None: there are too many refusals, of this network or in all. */
  take(address: string): RefusalSlot | undefined {
    this.#forgetUnopened();
    const network = networkOf(address);
    const count = this.#perNetwork.get(network) ?? 0;
    if (this.#taken.size >= MAX_PLACES || count >= MAX_PLACES_PER_NETWORK) return undefined;
    const place = { network };
    this.#taken.add(place);
    this.#perNetwork.set(network, count + 1);
    this.#opening.set(place, this.#now());
    return place;
  }

  /** Its socket has opened, and is going to be given back. */
  opened(place: RefusalSlot): void {
    this.#opening.delete(place);
  }

  /** Idempotent. */
  giveBack(place: RefusalSlot): void {
    this.#opening.delete(place);
    if (!this.#taken.delete(place)) return;
    const count = this.#perNetwork.get(place.network)!;
    if (count > 1) this.#perNetwork.set(place.network, count - 1);
    else this.#perNetwork.delete(place.network);
  }

  #forgetUnopened(): void {
    const now = this.#now();
    for (const [place, sinceMs] of this.#opening) {
      if (now - sinceMs < OPENING_MS) return;
      this.giveBack(place);
    }
  }
}
