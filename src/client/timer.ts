/**
 * One pending wait that can be replaced or given up; whoever owns several waits owns several timers.
 */
import type { Platform } from "./platform.ts";

/** Timers can wait 24.8 days; longer ones fire at once. */
const LONGEST_MS = 2e9;

export class Timer {
  readonly #platform: Platform;
  #id: unknown;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Replaces what was pending. */
  set(ms: number, run: () => void): void {
    this.clear();
    this.#id = this.#platform.setTimeout(run, Math.min(ms, LONGEST_MS));
  }

  clear(): void {
    this.#platform.clearTimeout(this.#id);
  }
}
