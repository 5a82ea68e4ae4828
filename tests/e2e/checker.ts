/**
 * The history checker: clients write down what they sent and what they saw, and the checker says what is wrong with it.
 *
 * It knows nothing of servers, sockets or brokers, only of the promises: a member sees every kept message after the
 * position it was told, once and in the room's one order, or is told that it cannot; everybody sees the same message at
 * the same place; and what members believe about each other comes true. Every finding is a sentence.
 */

export interface Position {
  epoch: string;
  offset: number;
}

export interface Seen {
  /** What the sender called it: unique over the whole test. */
  key: string;
  position: Position;
}

/** The answer to a join. */
export interface Joined {
  position: Position;
  /** Only with `recovered: true` do the messages continue what was seen before. */
  recovered?: boolean;
  messages?: Seen[];
  /** Connections in the room, the own one included. */
  members: string[];
}

export interface Report {
  /** Accepted, and not seen by one who was promised to see it. */
  lost: string[];
  /** Seen twice by one member, or at two places by two. */
  duplicated: string[];
  /** Seen after a later one, or another message at the same place. */
  reordered: string[];
  /** Believed to be in a room, and not there. */
  ghosts: string[];
  /** In a room, and not known to be. */
  missing: string[];
  /** Told too late, or twice. */
  lateLeaves: string[];
}

/** What a report of a faultless history is. */
export const FAULTLESS: Report = { lost: [], duplicated: [], reordered: [], ghosts: [], missing: [], lateLeaves: [] };

/** Members of a dead node are gone within this. */
const LEAVE_WITHIN_MS = 15_000;

type Record_ =
  | ({ what: "joined" } & Joined)
  | ({ what: "saw" } & Seen)
  | { what: "reset"; position: Position }
  | { what: "away" }
  | { what: "member_joined" | "member_left"; connection: string }
  | { what: "members"; members: string[] };

type Timed = Record_ & { at: number };

/** What one client writes down about one room, in the order of its frames. */
export class Witness {
  readonly name: string;
  readonly room: string;
  readonly records: Timed[] = [];
  /** Keys of its messages that the server accepted. */
  readonly accepted = new Map<string, Position>();
  readonly #now: () => number;

  constructor(name: string, room: string, now: () => number) {
    this.name = name;
    this.room = room;
    this.#now = now;
  }

  joined(answer: Joined): void {
    this.#write({ what: "joined", ...answer });
  }

  saw(seen: Seen): void {
    this.#write({ what: "saw", ...seen });
  }

  /** The room lost events, and goes on from the position. */
  reset(position: Position): void {
    this.#write({ what: "reset", position });
  }

  memberJoined(connection: string): void {
    this.#write({ what: "member_joined", connection });
  }

  /** The room was told as a whole who is in. */
  members(members: string[]): void {
    this.#write({ what: "members", members });
  }

  memberLeft(connection: string): void {
    this.#write({ what: "member_left", connection });
  }

  /** Its own connection is gone: until it joins again nothing is promised to it. */
  away(): void {
    this.#write({ what: "away" });
  }

  /** Its message was accepted, at this place. */
  acceptedAt(key: string, position: Position): void {
    this.accepted.set(key, position);
  }

  #write(record: Record_): void {
    this.records.push({ ...record, at: this.#now() });
  }
}

export class HistoryChecker {
  readonly #now: () => number;
  readonly #witnesses: Witness[] = [];
  readonly #deaths = new Map<string, number>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  witness(name: string, room: string): Witness {
    const witness = new Witness(name, room, this.#now);
    this.#witnesses.push(witness);
    return witness;
  }

  /** The connection ended without a closing: from now on its leave is waited for. */
  died(connection: string): void {
    this.#deaths.set(connection, this.#now());
  }

  /** `present`: who really is in which room, when everything has come to rest. */
  check(present: ReadonlyMap<string, ReadonlySet<string>>): Report {
    const report: Report = { lost: [], duplicated: [], reordered: [], ghosts: [], missing: [], lateLeaves: [] };
    const places = this.#places(report);
    for (const witness of this.#witnesses) {
      new Reading(witness, places, report).read();
      this.#checkBeliefs(witness, present.get(witness.room) ?? new Set(), report);
    }
    return report;
  }

  /** What stands where, from all that was seen and accepted; one place holds one message, and one message has one place. */
  #places(report: Report): Places {
    const places: Places = new Map();
    const byKey = new Map<string, string>();
    for (const { name, room, records, accepted } of this.#witnesses) {
      const seen = records.flatMap((record) => {
        return record.what === "saw" ? [record] : record.what === "joined" ? record.messages ?? [] : [];
      });
      for (const { key, position } of [...seen, ...[...accepted].map(([key, position]) => ({ key, position }))]) {
        const place = placeOf(room, position);
        const stands = places.get(place)?.key ?? key;
        if (stands !== key) report.reordered.push(`${name} saw ${key} at ${place}, where others saw ${stands}`);
        const known = byKey.get(key) ?? place;
        if (known !== place) report.duplicated.push(`${key} stands at ${known} and at ${place}`);
        places.set(place, { key: stands, position });
        byKey.set(key, known);
      }
    }
    return places;
  }

  #checkBeliefs({ name, room, records }: Witness, present: ReadonlySet<string>, report: Report): void {
    let believed: Set<string> | undefined;
    // Who was believed to be there and left. A leave of somebody unknown may cross the answer to a join.
    const left = new Set<string>();
    for (const record of records) {
      if (record.what === "joined" || (record.what === "members" && believed)) {
        believed = new Set(record.members);
        left.clear();
      } else if (record.what === "away") believed = undefined;
      else if (record.what === "member_joined") {
        believed?.add(record.connection);
        left.delete(record.connection);
      } else if (record.what === "member_left") {
        const { connection, at } = record;
        if (left.has(connection)) report.lateLeaves.push(`${name} was told twice that ${connection} left`);
        if (believed?.delete(connection)) left.add(connection);
        const lateMs = at - (this.#deaths.get(connection) ?? at);
        if (lateMs > LEAVE_WITHIN_MS) {
          report.lateLeaves.push(`${name} was told after ${lateMs} ms that ${connection} left ${room}`);
        }
      }
    }
    if (!believed) return;
    for (const connection of believed) {
      if (!present.has(connection)) report.ghosts.push(`${name} believes ${connection} to be in ${room}`);
    }
    for (const connection of present) {
      if (!believed.has(connection)) report.missing.push(`${name} does not know that ${connection} is in ${room}`);
    }
  }
}

type Places = Map<string, Seen>;

function placeOf(room: string, { epoch, offset }: Position): string {
  return `${room} ${epoch}:${offset}`;
}

/** One witness' messages, from record to record. */
class Reading {
  readonly #witness: Witness;
  readonly #places: Places;
  readonly #report: Report;
  /** Up to here everything was seen that was promised; absent: nothing is promised yet. */
  #upTo: Position | undefined;
  /** Places that were jumped over. */
  #skipped = new Map<string, Position>();
  #seen = new Set<string>();
  #isAway = true;

  constructor(witness: Witness, places: Places, report: Report) {
    this.#witness = witness;
    this.#places = places;
    this.#report = report;
  }

  read(): void {
    for (const record of this.#witness.records) this.#follow(record);
    if (!this.#isAway) this.#skipTo(this.#newest());
    const { name } = this.#witness;
    for (const place of this.#skipped.keys()) {
      this.#report.lost.push(`${name} never saw ${this.#places.get(place)?.key ?? "the message"} at ${place}`);
    }
  }

  #follow(record: Timed): void {
    switch (record.what) {
      case "joined":
        this.#isAway = false;
        if (record.recovered === true) {
          for (const seen of record.messages ?? []) this.#take(seen);
          this.#skipTo(record.position);
        } else {
          this.#upTo = { ...record.position };
        }
        break;
      case "saw":
        this.#take(record);
        break;
      case "reset":
        this.#upTo = { ...record.position };
        break;
      case "away":
        this.#isAway = true;
    }
  }

  #take({ key, position }: Seen): void {
    const { room, name } = this.#witness;
    const { lost, duplicated, reordered } = this.#report;
    const place = placeOf(room, position);
    const upTo = this.#upTo;
    if (this.#seen.has(place)) duplicated.push(`${name} saw ${key} twice`);
    else if (upTo && upTo.epoch !== position.epoch) {
      lost.push(`${name} came from epoch ${upTo.epoch} to ${place} without a reset`);
    } else if (upTo && position.offset <= upTo.offset) {
      this.#skipped.delete(place);
      reordered.push(`${name} saw ${key} at ${place} after ${upTo.offset}`);
    } else this.#skipTo({ ...position, offset: position.offset - 1 });
    this.#seen.add(place);
    if (!upTo || upTo.epoch !== position.epoch || upTo.offset < position.offset) this.#upTo = { ...position };
  }

  /** Everything between what was seen and this was not. */
  #skipTo({ epoch, offset }: Position): void {
    if (this.#upTo?.epoch !== epoch) return;
    for (let at = this.#upTo.offset + 1; at <= offset; at++) {
      const place = placeOf(this.#witness.room, { epoch, offset: at });
      if (!this.#seen.has(place)) this.#skipped.set(place, { epoch, offset: at });
    }
    if (this.#upTo.offset < offset) this.#upTo.offset = offset;
  }

  /** The newest place of the epoch that anybody knows of. */
  #newest(): Position {
    const { epoch = "", offset = 0 } = this.#upTo ?? {};
    let newest = offset;
    const head = `${this.#witness.room} ${epoch}:`;
    for (const [place, { position }] of this.#places) {
      if (place.startsWith(head)) newest = Math.max(newest, position.offset);
    }
    return { epoch, offset: newest };
  }
}
