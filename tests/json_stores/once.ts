/** Publishes made once, in a JSON file: of each sender the last 256. */
import type { MessageEvent } from "../../src/message.ts";
import type { OnceKey, OnceStore, Original, Repeat } from "../../src/stores.ts";
import type { JsonFile } from "./json_file.ts";

const REMEMBERED_MS = 5 * 60_000;
const KEYS_PER_SENDER = 256;

interface Publish extends Repeat {
  key: string;
  at: number;
}

export class JsonOnce implements OnceStore {
  readonly #file: JsonFile<Publish[]>;
  readonly #now: () => number;

  constructor(file: JsonFile<Publish[]>, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  find({ sender, key }: OnceKey): Repeat | undefined {
    const publish = this.#of(sender).find((each) => each.key === key);
    return publish && { position: publish.position, duplicateOf: publish.duplicateOf };
  }

  remember({ sender, key }: OnceKey, { id, timestamp, position }: Original & Pick<MessageEvent, "position">): void {
    const publish = { key, position, duplicateOf: { id, timestamp }, at: this.#now() };
    this.#file.set(sender, [...this.#of(sender), publish].slice(-KEYS_PER_SENDER));
  }

  #of(sender: string): Publish[] {
    return (this.#file.get(sender) ?? []).filter(({ at }) => this.#now() - at < REMEMBERED_MS);
  }
}
