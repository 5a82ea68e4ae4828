/**
 * The batches that have left the sequencer, until every worker has delivered them.
 *
 * Bounded: a worker that is further behind starts over with what the rooms' histories have.
 */
import type { Batch } from "./messages.ts";

const MAX_CHARS = 32 * 1024 * 1024;
/** What one answer holds at least, if there is so much. */
const ANSWER_CHARS = 1024 * 1024;

export class BatchLog {
  readonly #maxChars: number;
  #batches: Batch[] = [];
  #chars = 0;
  /** Of the newest batch. */
  number = 0;
  /** Characters of all batches there ever were. */
  posted = 0;

  constructor(maxChars: number = MAX_CHARS) {
    this.#maxChars = maxChars;
  }

  append(text: string): Batch {
    const batch = { number: ++this.number, text };
    this.#batches.push(batch);
    this.#chars += text.length;
    this.posted += text.length;
    if (this.#chars > this.#maxChars) this.#drop((left) => left > this.#maxChars / 2);
    return batch;
  }

  /** What follows the batch, as much as one answer holds; undefined: it is not here any more. */
  after(number: number): Batch[] | undefined {
    const from = number + 1 - (this.number - this.#batches.length + 1);
    if (from < 0) return undefined;
    let to = from;
    for (let chars = 0; to < this.#batches.length && chars < ANSWER_CHARS; to++) {
      chars += this.#batches[to]!.text.length;
    }
    return this.#batches.slice(from, to);
  }

  /** Everybody has the batches up to this one. */
  forget(number: number): void {
    this.#drop((_, batch) => batch.number <= number);
  }

  /** Drops the oldest batches while `goes`; half of a full log at once, for taking one by one from an array is slow. */
  #drop(goes: (charsLeft: number, batch: Batch) => boolean): void {
    let count = 0;
    while (count < this.#batches.length && goes(this.#chars, this.#batches[count]!)) {
      this.#chars -= this.#batches[count++]!.text.length;
    }
    this.#batches.splice(0, count);
  }
}
