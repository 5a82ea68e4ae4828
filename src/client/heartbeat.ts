/**
 * Finds out that the other side is gone although no close came: a cable pulled, a laptop asleep, a stalled proxy.
 *
 * It asks only after a silence, so a busy connection costs no extra frame. A timer that fires late (sleep, hidden tab)
 * proves nothing about the peer: then it asks anew instead of giving up.
 */
import type { Platform } from "./platform.ts";
import { Timer } from "./timer.ts";

/** What the heartbeat needs of its connection. */
export interface Pulse {
  readonly platform: Platform;
  readonly options: { heartbeatMs: number; heartbeatTimeoutMs: number };
  write(text: string): void;
}

export class Heartbeat {
  readonly #pulse: Pulse;
  readonly #dead: () => void;
  readonly #timer: Timer;
  #heardAt = 0;
  #isAsking = false;

  constructor(pulse: Pulse, dead: () => void) {
    this.#pulse = pulse;
    this.#dead = dead;
    this.#timer = new Timer(pulse.platform);
  }

  stop(): void {
    this.#timer.clear();
  }

  /** Any frame is a sign of life. */
  heard(): void {
    this.#heardAt = this.#pulse.platform.now();
    this.#isAsking = false;
  }

  /** Asks at once, unless an answer is already awaited. */
  probe(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#pulse.write('{"type":"heartbeat"}');
    const { platform, options: { heartbeatTimeoutMs: timeoutMs } } = this.#pulse;
    const askedAt = platform.now();
    this.#timer.set(timeoutMs, () => {
      if (!this.#isAsking) return this.start();
      if (platform.now() < askedAt + 2 * timeoutMs) return this.#dead();
      this.#isAsking = false;
      this.probe();
    });
  }

  /** Something was just heard; asks when nothing has been for a while. */
  start(): void {
    const { platform, options } = this.#pulse;
    // A clock may be set back; asking once too often does no harm.
    const leftMs = options.heartbeatMs - Math.abs(platform.now() - this.#heardAt);
    if (leftMs > 0) this.#timer.set(leftMs, () => this.start());
    else this.probe();
  }
}
