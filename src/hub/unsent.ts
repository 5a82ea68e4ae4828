/**
 * What clients were told and have not fetched or read yet, by the network they are in: a client with many connections must
 * not make a node hold more than the share of one network.
 *
 * Sessions that poll are counted exactly, and end, the oldest first, where there is too much. WebSockets that do not read
 * are ended by their own limits (see Sweep); meanwhile they make long replies to their network `unavailable`.
 */
import { networkOf } from "./address.ts";
import { LinkedMap } from "../linked_map.ts";

/** A session whose frames wait for its next poll. */
export interface BufferingPoll {
  drop(): void;
}

/** A WebSocket. */
export interface SlowReader {
  readonly bufferedBytes: number;
}

export interface UnsentLimits {
  /** Bytes for one network. */
  perNetwork: number;
  /** For all of them. */
  inAll: number;
}

export const UNSENT_LIMITS: UnsentLimits = { perNetwork: 64 * 1024 * 1024, inAll: 256 * 1024 * 1024 };

/** Sockets with less are not worth the trouble: a thousand of them are a quarter of one network's share. */
const NOTED_BYTES = 16 * 1024;
/** Sockets are asked again at most so often. */
const MEASURE_INTERVAL_MS = 100;

/** What waits in one network, or in all. */
class Share {
  bytes = 0;
  pollBytes = 0;
  /** In the order in which they began to wait. */
  readonly polls = new LinkedMap<BufferingPoll, UnsentShare>();
}

interface UnsentShare {
  readonly network: string;
  bytes: number;
}

export class Unsent {
  readonly #limits: UnsentLimits;
  readonly #all = new Share();
  readonly #networks = new Map<string, Share>();
  readonly #readers = new Map<SlowReader, UnsentShare>();
  #measuredAtMs = -Infinity;

  constructor(limits: UnsentLimits = UNSENT_LIMITS) {
    this.#limits = limits;
  }

  /** Bytes that wait in all. */
  get bytes(): number {
    return this.#all.bytes;
  }

  /** So many bytes wait for the session's next poll; 0: none, or nobody will come for them. */
  setBuffered(address: string, poll: BufferingPoll, bytes: number): void {
    const entry = this.#all.polls.get(poll) ?? { network: networkOf(address), bytes: 0 };
    const more = bytes - entry.bytes;
    entry.bytes = bytes;
    const share = this.#add(entry.network, more);
    for (const each of [share, this.#all]) {
      each.pollBytes += more;
      if (bytes === 0) each.polls.delete(poll);
      else if (!each.polls.has(poll)) each.polls.set(poll, entry);
    }
    if (more <= 0) return;
    this.#endOldest(share, this.#limits.perNetwork);
    this.#endOldest(this.#all, this.#limits.inAll);
  }

  /** The socket was sent a reply. */
  note(address: string, reader: SlowReader): void {
    if (reader.bufferedBytes <= NOTED_BYTES) return;
    this.#measure(reader, this.#readers.get(reader) ?? { network: networkOf(address), bytes: 0 });
  }

  /** The socket is closed. */
  forget(reader: SlowReader): void {
    const entry = this.#readers.get(reader);
    if (!entry) return;
    this.#readers.delete(reader);
    this.#add(entry.network, -entry.bytes);
  }

  /** Whether a further long reply to the address would be too much. */
  isFull(address: string): boolean {
    if (this.bytes < this.#limits.perNetwork) return false;
    const network = networkOf(address);
    if (!this.#isOver(network)) return false;
    const now = performance.now();
    if (now - this.#measuredAtMs >= MEASURE_INTERVAL_MS) {
      this.#measuredAtMs = now;
      for (const [reader, entry] of this.#readers) this.#measure(reader, entry);
    }
    return this.#isOver(network);
  }

  #isOver(network: string): boolean {
    const { perNetwork, inAll } = this.#limits;
    return (this.#networks.get(network)?.bytes ?? 0) >= perNetwork || this.#all.bytes >= inAll;
  }

  #measure(reader: SlowReader, entry: UnsentShare): void {
    const { bufferedBytes } = reader;
    this.#add(entry.network, bufferedBytes - entry.bytes);
    entry.bytes = bufferedBytes;
    if (bufferedBytes > 0) this.#readers.set(reader, entry);
    else this.#readers.delete(reader);
  }

  #add(network: string, bytes: number): Share {
    const share = this.#networks.get(network) ?? new Share();
    share.bytes += bytes;
    this.#all.bytes += bytes;
    if (share.bytes > 0) this.#networks.set(network, share);
    else this.#networks.delete(network);
    return share;
  }

  #endOldest(share: Share, limit: number): void {
    while (share.pollBytes > limit) {
      const { key: poll, value: { network } } = share.polls.oldest!;
      this.setBuffered(network, poll, 0);
      poll.drop();
    }
  }
}
