/**
 * How much a server takes in before it lets the runtime write. Used by adapters whose buffers drain between turns only.
 *
 * A burst of large messages, published to a room in one turn, would fill the buffers of members who read as fast as they
 * can, and they would be taken for slow readers. So large frames beyond a share of the buffer wait, in order, for a later
 * turn. Small ones pass at no cost until something waits.
 */
import type { Frame } from "../message.ts";

/** Of what a socket may buffer, what is taken in per turn. */
const SHARE_PER_TURN = 8;
/** Frames up to this do not count: too many of them for a buffer do not fit into a turn. */
const SMALL_BYTES = 512;
/** When so much waits, everything is handled at once: memory has its bound, too. */
const WAITING_LIMIT_BYTES = 16 * 1024 * 1024;

interface Deferred<S> {
  socket: S;
  bytes: number;
  run(): void;
}

export class ReceiveBudget<S> {
  readonly #handle: (socket: S, frame: Frame) => void;
  readonly #bytesPerTurn: number;
  #left: number;
  #waiting: Deferred<S>[] = [];
  #waitingBytes = 0;
  #scheduled = false;

  constructor(maxBufferedBytes: number, handle: (socket: S, frame: Frame) => void) {
    this.#handle = handle;
    this.#bytesPerTurn = maxBufferedBytes / SHARE_PER_TURN;
    this.#left = this.#bytesPerTurn;
  }

  handle(socket: S, frame: Frame): void {
    if (this.#waiting.length > 0 || this.#left <= 0) {
      return this.#defer({ socket, bytes: frame.length, run: () => this.#handle(socket, frame) });
    }
    if (frame.length > SMALL_BYTES) this.#charge(frame.length);
    this.#handle(socket, frame);
  }

  /** When all that the socket has sent is handled: at once, if nothing of it waits. Its end is told so. */
  afterPending(socket: S, run: () => void): void {
    if (this.#waiting.some((each) => each.socket === socket)) this.#defer({ socket, bytes: 0, run });
    else run();
  }

  #defer(waiting: Deferred<S>): void {
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.bytes;
    if (this.#waitingBytes > WAITING_LIMIT_BYTES) this.#release(this.#waiting.length);
  }

  #charge(bytes: number): void {
    this.#left -= bytes;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#scheduled = false;
    this.#left = this.#bytesPerTurn;
    let count = 0;
    for (let left = this.#left; count < this.#waiting.length && left > 0; count++) {
      left -= this.#waiting[count]!.bytes;
    }
    this.#release(count);
  }

  /** Handles the first of those that wait. */
  #release(count: number): void {
    if (count === 0) return;
    const released = this.#waiting.splice(0, count);
    for (const { bytes, run } of released) {
      this.#waitingBytes -= bytes;
      this.#charge(bytes);
      run();
    }
  }
}
