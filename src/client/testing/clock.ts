/**
 * Time that passes when a test says so: timers for the client and for the fake server, run in the order of their time.
 */
interface Wait {
  at: number;
  run(): void;
}

export class Clock {
  #nowMs: number;
  readonly #waits = new Map<number, Wait>();
  #serial = 0;

  /** Milliseconds since 1970. */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  readonly now = (): number => this.#nowMs;

  readonly setTimeout = (run: () => void, ms: number): number => {
    this.#waits.set(++this.#serial, { at: this.#nowMs + Math.max(0, ms), run });
    return this.#serial;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.#waits.delete(timer as number);
  };

  /** Waits that are pending. */
  get pending(): number {
    return this.#waits.size;
  }

  /** Time passes and no timer runs: the machine sleeps until the clock is turned again. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }

  /** Runs what falls due, in order, and lets promises settle before each. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (let next = await this.#next(end); next; next = await this.#next(end)) {
      this.#waits.delete(next.timer);
      this.#nowMs = Math.max(this.#nowMs, next.at);
      next.run();
    }
    this.#nowMs = end;
  }

  async #next(end: number): Promise<Wait & { timer: number } | undefined> {
    await settled();
    let first: Wait & { timer: number } | undefined;
    for (const [timer, wait] of this.#waits) {
      if (wait.at <= end && !(first && first.at <= wait.at)) first = { ...wait, timer };
    }
    return first;
  }
}

/** More turns than any chain of promises in the client has. */
const TURNS = 50;

/** After everything that promises had still to do. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
}
