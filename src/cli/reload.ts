/**
 * Reads the configuration anew while the server runs, hands over what can change under way, and logs what did and what
 * did not.
 *
 * Whatever is wrong with the new one is logged, too, and all of the old one stays.
 */
import { type Config, loadConfig, renewalOf, type Sources } from "../config/config.ts";
import { DIALECT_FAMILIES } from "../dialects/all.ts";
import { ParleyError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Running } from "../server.ts";

export interface ReloadParts {
  /** The one that is running, and what was said of it. */
  config: Config;
  notes: readonly string[];
  sources: Sources;
  log: Log;
}

export class Reload {
  readonly #sources: Sources;
  readonly #log: Log;
  readonly #notes: Set<string>;
  #running: Config;

  constructor({ config, notes, sources, log }: ReloadParts) {
    this.#sources = sources;
    this.#log = log;
    this.#notes = new Set(notes);
    this.#running = config;
  }

  async applyTo(server: Pick<Running, "renew">): Promise<void> {
    const loaded = loadConfig(this.#sources, DIALECT_FAMILIES);
    if ("problems" in loaded) return this.#reportProblems(loaded.problems);
    for (const note of loaded.notes) if (!this.#notes.has(note)) this.#log.warn(note);
    for (const note of loaded.notes) this.#notes.add(note);
    const renewal = renewalOf(this.#running, loaded.config);
    if (renewal.waiting.length > 0) this.#log.warn("settings wait for a restart", { changed: renewal.waiting });
    if (renewal.taken.length === 0) return this.#log.info("the configuration was read anew, nothing is taken over");
    try {
      const { hasCertificate } = await server.renew(renewal);
      this.#running = { ...this.#running, ...renewal.changes };
      this.#log.info("the configuration was read anew", { changed: renewal.taken });
      if (!hasCertificate) {
        this.#log.warn("the certificate waits for a restart: this runtime cannot change it under way");
      }
    } catch (error) {
      if (!(error instanceof ParleyError && error.code === "bad_message")) throw error;
      this.#reportProblems([error.message]);
    }
  }

  #reportProblems(problems: readonly string[]): void {
    for (const problem of problems) {
      this.#log.error("the configuration cannot be read anew, the old one stays", { problem });
    }
  }
}
