/**
 * Finds out that the other side is gone although no close came: a cable pulled, a laptop asleep, a stalled proxy.
 *
 * It asks only after a silence, so a busy connection costs no extra frame. A timer that fires late (sleep, hidden tab)
 * proves nothing about the peer: then it asks anew instead of giving up.
 */
import type { Platform } from "./platform.ts";
import { Timer } from "./timer.ts";

export interface HeartbeatTiming {
  /** Silence after which the peer is asked. */
  heartbeatMs?: number;
  /** How long the answer may take. */
  heartbeatTimeoutMs?: number;
}

export class Heartbeat {
  readonly #platform: Platform;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #on: { ask(): void; dead(): void };
  readonly #timer: Timer;
  #heardAt = 0;
  #isAsking = false;

  constructor(platform: Platform, timing: HeartbeatTiming, on: { ask(): void; dead(): void }) {
    this.#platform = platform;
    this.#intervalMs = timing.heartbeatMs ?? 25_000;
    this.#timeoutMs = timing.heartbeatTimeoutMs ?? 10_000;
    this.#on = on;
    this.#timer = new Timer(platform);
  }

  start(): void {
    this.heard();
    this.#rest();
  }

  stop(): void {
    this.#timer.clear();
  }

  /** Any frame is a sign of life. */
  heard(): void {
    this.#heardAt = this.#platform.now();
    this.#isAsking = false;
  }

  /** Asks at once, unless an answer is already awaited. */
  probe(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#on.ask();
    const dueAt = this.#platform.now() + this.#timeoutMs;
    this.#timer.set(this.#timeoutMs, () => {
      if (!this.#isAsking) return this.#rest();
      if (this.#platform.now() < dueAt + this.#timeoutMs) return this.#on.dead();
      this.#isAsking = false;
      this.probe();
    });
  }

  #rest(): void {
    const leftMs = this.#heardAt + this.#intervalMs - this.#platform.now();
    if (leftMs > 0) this.#timer.set(leftMs, () => this.#rest());
    else this.probe();
  }
}
