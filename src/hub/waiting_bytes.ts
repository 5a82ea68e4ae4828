/**
 * How many bytes of frames wait on a node, by the network they came from. Each connection may have some wait; a client
 * with a thousand of them must not make a node hold a thousand times as much.
 *
 * It only counts: what does not fit is refused where it came in.
 */

export interface WaitingLimits {
  /** Bytes of one network. */
  perNetwork: number;
  /** Of all of them. */
  inAll: number;
}

const LIMITS: WaitingLimits = { perNetwork: 64 * 1024 * 1024, inAll: 256 * 1024 * 1024 };

export class WaitingBytes {
  readonly #limits: WaitingLimits;
  readonly #networks = new Map<string, number>();
  #all = 0;

  constructor(limits: WaitingLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Networks that have something waiting. */
  get networks(): number {
    return this.#networks.size;
  }

  fits(network: string, bytes: number): boolean {
    const { perNetwork, inAll } = this.#limits;
    return this.#all + bytes <= inAll && (this.#networks.get(network) ?? 0) + bytes <= perNetwork;
  }

  /** `bytes`: less than zero for what waits no longer. */
  add(network: string, bytes: number): void {
    this.#all += bytes;
    const waiting = (this.#networks.get(network) ?? 0) + bytes;
    if (waiting > 0) this.#networks.set(network, waiting);
    else this.#networks.delete(network);
  }
}
