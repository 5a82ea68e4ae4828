/** Group changes and blocks in JSON files. */
import type { Grants, Synchronous } from "../../src/stores.ts";
import type { JsonFile } from "./json_file.ts";

export interface JsonGrantsParts {
  groups: JsonFile<[group: string, joined: boolean][]>;
  blocks: JsonFile<number>;
  now: () => number;
}

export class JsonGrants implements Synchronous<Grants> {
  readonly #parts: JsonGrantsParts;

  constructor(parts: JsonGrantsParts) {
    this.#parts = parts;
  }

  setGroup(user: string, group: string, joined: boolean): void {
    const { groups } = this.#parts;
    groups.set(user, [...new Map(groups.get(user)).set(group, joined)]);
  }

  groups(user: string): Record<string, boolean> {
    return Object.fromEntries(this.#parts.groups.get(user) ?? []);
  }

  block(user: string, forMs: number): void {
    this.#parts.blocks.set(user, this.#parts.now() + forMs);
  }

  blockedFor(user: string): number {
    return Math.max(0, Math.ceil((this.#parts.blocks.get(user) ?? 0) - this.#parts.now()));
  }
}
