/**
 * One connection of the load client: opening request, the opening steps of its protocol, then deliveries, which it hands
 * to the crowd as bytes. It knows nothing of rooms full of others, of rates or of clocks.
 */
import { Buffer } from "node:buffer";
import type { Wire, WireHandler } from "./dial.ts";
import { FrameReader, type FrameVisitor, maskedFrame, OPCODE, openingRequest, payloadBytes } from "./frames.ts";
import type { Protocol, Seat, Step } from "./protocol.ts";

export interface ConnectionEvents {
  onReady(connection: Connection): void;
  /** A data frame after the opening; the bytes are only lent. */
  onFrame(connection: Connection, bytes: Uint8Array, start: number, end: number): void;
  onClose(connection: Connection, reason: string): void;
}

export interface Place {
  readonly number: number;
  readonly port: number;
  readonly protocol: Protocol;
  readonly seat: Seat;
}

/** Every byte as the character of its number; TextDecoder's "latin1" is Windows-1252 and is not that. */
const latin1 = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");

export class Connection implements WireHandler {
  readonly place: Place;
  readonly #events: ConnectionEvents;
  readonly #reader = new FrameReader();
  readonly #visit: FrameVisitor = (opcode, bytes, start, end) => this.#frame(opcode, bytes, start, end);
  #wire: Wire | undefined;
  #head: string | undefined = "";
  #steps: Step[];
  #onSteps: (() => void) | undefined;
  #closeCode = 1006;

  constructor(place: Place, events: ConnectionEvents) {
    this.place = place;
    this.#events = events;
    this.#steps = [...place.protocol.opening(place.seat)];
    this.#onSteps = () => events.onReady(this);
  }

  onOpen(wire: Wire): void {
    this.#wire = wire;
    const { port, protocol, seat } = this.place;
    wire.write(openingRequest({ port, path: protocol.path(seat), headers: protocol.headers?.(seat) ?? {} }));
  }

  onChunk(chunk: Uint8Array): void {
    if (this.#head === undefined) this.#reader.push(chunk, this.#visit);
    else this.#answer(chunk);
  }

  onClose(reason: string): void {
    const refused = this.#head ? `: answered "${this.#head.split("\r\n")[0]}"` : "";
    this.#events.onClose(this, `${this.#closeCode} ${reason}${refused}`);
  }

  /** Runs further steps (leave, join); frames meanwhile count as deliveries only if they carry a marker. */
  perform(steps: readonly Step[], done: () => void): void {
    this.#steps = [...steps];
    this.#onSteps = done;
    this.#advance();
  }

  send(payload: string | Uint8Array): void {
    const opcode = typeof payload === "string" ? OPCODE.text : OPCODE.binary;
    this.write(maskedFrame(opcode, payloadBytes(payload), this.#key()));
  }

  /** A frame that is masked already. */
  write(frame: Uint8Array): void {
    this.#wire?.write(frame);
  }

  stall(): void {
    this.#wire?.pause();
  }

  close(): void {
    this.#wire?.close();
  }

  /** Any number serves as a mask; a fresh one for each frame is what browsers send. */
  #key(): number {
    return Math.floor(Math.random() * 2 ** 32);
  }

  #answer(chunk: Uint8Array): void {
    this.#head += latin1(chunk);
    const end = this.#head!.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (!this.#head!.startsWith("HTTP/1.1 101")) return this.close();
    const rest = Buffer.from(this.#head!.slice(end + 4), "latin1");
    this.#head = undefined;
    this.#advance();
    if (rest.length > 0) this.#reader.push(rest, this.#visit);
  }

  #advance(): void {
    const step = this.#steps[0];
    if (step === undefined) {
      const done = this.#onSteps;
      this.#onSteps = undefined;
      done?.();
    } else if (step.send !== undefined) this.send(step.send);
  }

  #frame(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (opcode === OPCODE.ping) return this.write(maskedFrame(OPCODE.pong, bytes.slice(start, end), this.#key()));
    if (opcode === OPCODE.close) {
      this.#closeCode = end - start >= 2 ? bytes[start]! * 256 + bytes[start + 1]! : 1005;
      return this.close();
    }
    if (opcode === OPCODE.pong || this.#isHeartbeat(bytes, start, end)) return;
    const until = this.#steps[0]?.until;
    if (until !== undefined && latin1(bytes, start, end).includes(until)) {
      this.#steps.shift();
      return this.#advance();
    }
    this.#events.onFrame(this, bytes, start, end);
  }

  #isHeartbeat(bytes: Uint8Array, start: number, end: number): boolean {
    const heartbeat = this.place.protocol.heartbeat;
    if (!heartbeat || end - start !== heartbeat.ping.length || bytes[start] !== heartbeat.ping.charCodeAt(0)) {
      return false;
    }
    this.send(heartbeat.pong);
    return true;
  }
}
