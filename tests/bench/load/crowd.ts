/**
 * A crowd: every connection of one run, seated in equal rooms, publishing on lanes and entering each delivery into the
 * ledger. A lane is one stream of numbered messages with a publisher of its own. Scenarios open a crowd, let a load
 * drive it and read its books. Nothing on the delivery path allocates or decodes.
 */
import { Connection, type ConnectionEvents } from "./connection.ts";
import type { Dial } from "./dial.ts";
import { maskedFrame, OPCODE, payloadBytes } from "./frames.ts";
import { Ledger, type Seating } from "./ledger.ts";
import { findMarker, isMarker, type Mark, markedText, MARKER_BYTES, readMark, writeMark } from "./marker.ts";
import { Histogram } from "../measure/histogram.ts";
import type { Protocol } from "./protocol.ts";
import { mintToken } from "./token.ts";

export interface CrowdPlan extends Seating {
  readonly dial: Dial;
  readonly ports: readonly number[];
  readonly protocols: readonly Protocol[];
  readonly textBytes: number;
  /** Also connections of protocols that can do without send a token. */
  readonly tokens?: boolean;
  /** Number of the first user in the tokens. */
  readonly firstUser?: number;
  /** Head of its rooms' names, so that two crowds of one server do not meet. */
  readonly hall?: string;
  /** Handshakes under way at a time. */
  readonly atOnce?: number;
}

/** Deliveries whose latency is recorded: those at every seventh seat, so that early and late seats are among them. */
const SAMPLE_EVERY = 7;
const OPEN_WITHIN_MS = 60_000;

interface Lane {
  readonly publisher: Connection;
  readonly template: Uint8Array;
  readonly opcode: number;
  readonly markerAt: number;
}

export class Crowd implements ConnectionEvents {
  readonly plan: CrowdPlan;
  readonly ledger: Ledger;
  readonly latency = new Histogram();
  readonly connections: Connection[] = [];
  closedEarly = 0;
  firstClose = "";
  otherFrames = 0;
  deliveredBytes = 0;
  /** Every reader has every message of the lane: a closed loop publishes the next one. */
  onLaneDone: (lane: number) => void = () => {};
  /** Made when a lane first publishes. */
  readonly #lanes: (Lane | undefined)[] = [];
  readonly #mark: Mark = { lane: 0, sequence: 0, stampUs: 0 };
  /** Where the last marker stood in a frame of each protocol; it rarely moves. */
  readonly #offsets = new Map<Protocol, number>();
  #offset = 0;
  #offsetOf: Protocol | undefined;
  #ready = 0;
  #leaving = false;
  #onProgress: () => void = () => {};

  private constructor(plan: CrowdPlan) {
    this.plan = plan;
    this.ledger = new Ledger(plan);
  }

  /** Resolves when everybody has joined; throws with the count and the first refusal when some could not. */
  static async open(plan: CrowdPlan): Promise<Crowd> {
    const crowd = new Crowd(plan);
    const total = plan.rooms * plan.members;
    const deadline = performance.now() + OPEN_WITHIN_MS;
    const atOnce = plan.atOnce ?? 64;
    while (crowd.#ready < total) {
      while (crowd.connections.length < total && crowd.connections.length - crowd.#ready < atOnce) crowd.#connect();
      await crowd.#progress(deadline);
      if (crowd.closedEarly > 0 || performance.now() > deadline) {
        crowd.close();
        const why = crowd.firstClose || `no answer within ${OPEN_WITHIN_MS / 1000} s`;
        throw new Error(`Cannot seat ${total} connections: ${crowd.#ready} joined, then "${why}"`);
      }
    }
    return crowd;
  }

  get lanes(): number {
    return this.ledger.lanes;
  }

  /** Publishes the next message of `lane`; `dueUs` is when it should have gone out, so that a late client counts too. */
  publish(lane: number, dueUs = nowUs()): void {
    const { publisher, template, opcode, markerAt } = this.#lanes[lane] ??= this.#laneOf(lane);
    writeMark(template, markerAt, { lane, sequence: this.ledger.publish(lane), stampUs: dueUs });
    publisher.write(maskedFrame(opcode, template, Math.floor(Math.random() * 2 ** 32)));
  }

  /** The stalled members of each room stop reading from their sockets. */
  stall(): void {
    const { members } = this.plan;
    for (const connection of this.connections) {
      if (connection.place.number % members >= this.ledger.readers) connection.stall();
    }
  }

  close(): void {
    this.#leaving = true;
    for (const connection of this.connections) connection.close();
  }

  onReady(): void {
    this.#ready++;
    this.#onProgress();
  }

  onClose(connection: Connection, reason: string): void {
    const stalled = connection.place.number % this.plan.members >= this.ledger.readers;
    if (this.#leaving || stalled) return;
    this.closedEarly++;
    this.firstClose ||= reason;
    this.#onProgress();
  }

  onFrame(connection: Connection, bytes: Uint8Array, start: number, end: number): void {
    const { protocol, number } = connection.place;
    if (protocol !== this.#offsetOf) this.#turnTo(protocol);
    let at = start + this.#offset;
    if (at + MARKER_BYTES > end || !isMarker(bytes, at)) {
      at = findMarker(bytes, start, end);
      if (at < 0) {
        this.otherFrames++;
        return;
      }
      this.#offset = at - start;
    }
    this.deliveredBytes += end - start;
    this.#deliver(number, bytes, at);
    if (!protocol.batches) return;
    while ((at = findMarker(bytes, at + MARKER_BYTES, end)) >= 0) this.#deliver(number, bytes, at);
  }

  #deliver(seat: number, bytes: Uint8Array, at: number): void {
    const mark = this.#mark;
    readMark(bytes, at, mark);
    if (seat % SAMPLE_EVERY === 0) this.latency.add(nowUs() - mark.stampUs);
    if (seat % this.plan.members >= this.ledger.readers) return;
    if (this.ledger.receive(seat, mark.lane, mark.sequence)) this.onLaneDone(mark.lane);
  }

  #turnTo(protocol: Protocol): void {
    if (this.#offsetOf) this.#offsets.set(this.#offsetOf, this.#offset);
    this.#offsetOf = protocol;
    this.#offset = this.#offsets.get(protocol) ?? 0;
  }

  #connect(): void {
    const { ports, protocols, tokens, firstUser = 0, members, hall = "room", dial } = this.plan;
    const number = this.connections.length;
    const room = `${hall}${Math.floor(number / members)}`;
    const port = ports[number % ports.length]!;
    const protocol = protocols[number % protocols.length]!;
    const token = tokens || protocol.wantsToken ? mintToken(`user${firstUser + number}`) : undefined;
    const place = { number, port, protocol, seat: { room, token } };
    const connection = new Connection(place, this);
    this.connections.push(connection);
    dial(port, connection);
  }

  #laneOf(lane: number): Lane {
    const { members, lanesPerRoom, textBytes } = this.plan;
    const room = Math.floor(lane / lanesPerRoom);
    const within = Math.floor((lane % lanesPerRoom) * this.ledger.readers / lanesPerRoom);
    const publisher = this.connections[room * members + within]!;
    const { protocol, seat } = publisher.place;
    const frame = protocol.publish(seat.room, markedText(textBytes));
    const template = payloadBytes(frame);
    const opcode = typeof frame === "string" ? OPCODE.text : OPCODE.binary;
    return { publisher, template, opcode, markerAt: findMarker(template, 0, template.length) };
  }

  #progress(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, deadline - performance.now()));
      this.#onProgress = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The load client's clock, in whole microseconds. */
export function nowUs(): number {
  return Math.floor(performance.now() * 1000);
}
