/**
 * Keeps the load client's event loop turning instead of sleeping in the kernel. Over loopback the process that sends to
 * a sleeping reader pays for waking it, in a virtual machine with an exit of several µs, and the slower a server is, the
 * more often its reader has fallen asleep. Readers on other machines are not woken by the server. What the loop does not
 * use is told by its idle turns, as CPU time says nothing any more.
 */
export class Vigil {
  /** In turns in which nothing had arrived, since the start. */
  idleMs = 0;
  readonly #arrived: () => number;
  readonly #nowMs: () => number;
  #last: number;
  #turnedAt: number;
  #over = false;

  /** `arrived` counts what has been received so far. */
  constructor(arrived: () => number, nowMs = () => performance.now()) {
    this.#arrived = arrived;
    this.#nowMs = nowMs;
    this.#last = arrived();
    this.#turnedAt = nowMs();
    setImmediate(this.#turn);
  }

  end(): void {
    this.#over = true;
  }

  readonly #turn = (): void => {
    if (this.#over) return;
    const now = this.#nowMs();
    const arrived = this.#arrived();
    if (arrived === this.#last) this.idleMs += now - this.#turnedAt;
    this.#last = arrived;
    this.#turnedAt = now;
    setImmediate(this.#turn);
  };
}
