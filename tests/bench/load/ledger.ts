/**
 * The books of one run: what was published on each lane, and what every reader of its room received of it. The crowd
 * writes into it at every delivery; at the end it names every message that was lost, came twice, came late or came to
 * the wrong room. In order nothing is allocated: only an anomaly costs a Set entry.
 */
export interface Seating {
  readonly rooms: number;
  readonly members: number;
  readonly lanesPerRoom: number;
  /** Members of each room, the last ones, that do not read: nothing is expected of them. */
  readonly stalled?: number;
}

export interface Balance {
  readonly published: number;
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly misdelivered: number;
}

export class Ledger {
  readonly readers: number;
  readonly lanes: number;
  published = 0;
  delivered = 0;
  #duplicated = 0;
  #reordered = 0;
  #misdelivered = 0;
  readonly #seating: Seating;
  /** Last sequence published on a lane, from 1. */
  readonly #last: Int32Array;
  /** Copies of a lane's messages that are still under way. */
  readonly #open: Int32Array;
  /** Highest sequence seen by (seat, lane of its room). */
  readonly #seen: Int32Array;
  readonly #missing = new Map<number, Set<number>>();

  constructor(seating: Seating) {
    this.#seating = seating;
    this.readers = seating.members - (seating.stalled ?? 0);
    this.lanes = seating.rooms * seating.lanesPerRoom;
    this.#last = new Int32Array(this.lanes);
    this.#open = new Int32Array(this.lanes);
    this.#seen = new Int32Array(seating.rooms * seating.members * seating.lanesPerRoom);
  }

  /** The sequence of the next message of `lane`, entered as published. */
  publish(lane: number): number {
    this.published++;
    this.#open[lane]! += this.readers;
    return ++this.#last[lane]!;
  }

  /** Enters one received copy; true when with it every reader has every message of that lane. */
  receive(seat: number, lane: number, sequence: number): boolean {
    const { members, lanesPerRoom } = this.#seating;
    const within = lane - Math.floor(seat / members) * lanesPerRoom;
    if (within < 0 || within >= lanesPerRoom || sequence > this.#last[lane]!) {
      this.#misdelivered++;
      return false;
    }
    const cell = seat * lanesPerRoom + within;
    if (sequence === this.#seen[cell]! + 1) this.#seen[cell] = sequence;
    else if (!this.#outOfOrder(cell, sequence)) return false;
    this.delivered++;
    return --this.#open[lane]! === 0;
  }

  /** Copies published and not yet received by their readers. */
  get underWay(): number {
    return this.published * this.readers - this.delivered;
  }

  balance(): Balance {
    return {
      published: this.published,
      delivered: this.delivered,
      lost: this.underWay,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      misdelivered: this.#misdelivered,
    };
  }

  /** True when the copy counts as received, though late or after a gap; false for a second copy. */
  #outOfOrder(cell: number, sequence: number): boolean {
    const seen = this.#seen[cell]!;
    if (sequence > seen) {
      const missing = this.#missing.get(cell) ?? new Set<number>();
      for (let gap = seen + 1; gap < sequence; gap++) missing.add(gap);
      this.#missing.set(cell, missing);
      this.#seen[cell] = sequence;
      return true;
    }
    if (this.#missing.get(cell)?.delete(sequence)) {
      this.#reordered++;
      return true;
    }
    this.#duplicated++;
    return false;
  }
}
