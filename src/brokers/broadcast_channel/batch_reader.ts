/**
 * Delivers the batches one by one in the order of their numbers, whichever way they come, and asks for those that do not.
 *
 * Deno drops silently what a reader of a channel is more than 256 messages behind. A hole shows when a later batch
 * arrives, or when the port, which loses nothing, names a number that does not arrive.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { Batch, Repair } from "./messages.ts";

/** By how much one of channel and port may be behind the other before a batch counts as lost. */
const LATE_MS = 20;
/** Batches held while others are missing; what does not fit is asked for again. */
const HELD_LIMIT = 1_000;

export interface BatchReaderParts {
  /** Synchronous; must not throw. */
  deliver(text: string): void;
  /** Asks for the batches after this one; {@link BatchReader.repair} is the answer. */
  ask(after: number): void;
}

export class BatchReader {
  readonly #parts: BatchReaderParts;
  readonly #held = new Map<number, Batch>();
  /** The newest that is known to exist. */
  #newest = 0;
  #isAsking = true;
  #late: ReturnType<typeof setTimeout> | undefined;
  /** Of the last batch that was delivered. */
  delivered = 0;

  /** It waits for a first {@link repair} that says where to begin. */
  constructor(parts: BatchReaderParts) {
    this.#parts = parts;
  }

  /** From the channel, or from the port. */
  receive(batch: Batch): void {
    this.#take(batch);
    this.expect(batch.number);
  }

  /** The batch exists: it has to come soon. */
  expect(number: number): void {
    this.#newest = Math.max(this.#newest, number);
    if (number <= this.delivered) return;
    this.#late ??= setTimeout(() => {
      this.#late = undefined;
      if (this.delivered < number) this.#ask();
      else if (this.delivered < this.#newest) this.expect(this.#newest);
    }, LATE_MS);
  }

  /** The answer to what was asked. */
  repair(answer: Exclude<Repair, { gone: true }>): void {
    this.#isAsking = false;
    if ("anew" in answer) {
      this.delivered = Math.max(this.delivered, answer.anew.number - 1);
      for (const number of this.#held.keys()) if (number <= this.delivered) this.#held.delete(number);
      this.#take(answer.anew);
    } else {
      for (const batch of answer.batches) this.#take(batch);
    }
    if (this.delivered < this.#newest) this.#ask();
  }

  close(): void {
    clearTimeout(this.#late);
    this.#held.clear();
  }

  #take(batch: Batch): void {
    if (batch.number <= this.delivered) return;
    this.#newest = Math.max(this.#newest, batch.number);
    if (batch.number === this.delivered + 1) this.#deliver(batch);
    else if (this.#held.size < HELD_LIMIT) this.#held.set(batch.number, batch);
    for (let next = this.#held.get(this.delivered + 1); next; next = this.#held.get(this.delivered + 1)) {
      this.#deliver(next);
    }
  }

  #deliver(batch: Batch): void {
    this.#held.delete(batch.number);
    this.#parts.deliver(batch.text);
    this.delivered = batch.number;
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#parts.ask(this.delivered);
  }
}
