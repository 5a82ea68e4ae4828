/**
 * Remembers publishes by the key their sender gave them, for five minutes: a repeat is answered, not delivered again.
 *
 * Bounded twice: of one sender the last 256 keys, of all senders together a number of keys, beyond which the senders that
 * were silent longest are forgotten. On the hot path of clients that number their messages.
 */
import { LinkedMap } from "../../linked_map.ts";
import type { MessageEvent, StreamPosition } from "../../message.ts";
import type { OnceKey, OnceStore, Original, Repeat } from "../../stores.ts";

const REMEMBERED_MS = 5 * 60_000;
const KEYS_PER_SENDER = 256;
const MAX_KEYS = 500_000;

interface RememberedPublish {
  key: string;
  id: string;
  timestamp: number;
  position: StreamPosition | undefined;
  at: number;
}

interface Sender {
  byKey: Map<string, RememberedPublish>;
  /** A ring: taking the first key out of a Map over and over is slow on both runtimes. */
  publishes: RememberedPublish[];
  /** How many there ever were. */
  count: number;
}

export class MemoryOnce implements OnceStore {
  readonly #senders = new LinkedMap<string, Sender>();
  readonly #maxKeys: number;
  readonly #now: () => number;
  #keys = 0;

  constructor(now: () => number = () => performance.now(), maxKeys: number = MAX_KEYS) {
    this.#now = now;
    this.#maxKeys = maxKeys;
  }

  /** Keys that are remembered, over all senders. */
  get size(): number {
    return this.#keys;
  }

  find({ sender, key }: OnceKey): Repeat | undefined {
    const publish = this.#senders.get(sender)?.byKey.get(key);
    if (!publish || this.#now() - publish.at >= REMEMBERED_MS) return undefined;
    return { position: publish.position, duplicateOf: { id: publish.id, timestamp: publish.timestamp } };
  }

  remember(
    { sender: name, key }: OnceKey,
    { id, timestamp, position }: Original & Pick<MessageEvent, "position">,
  ): void {
    const sender = this.#use(name);
    const at = this.#now();
    const slot = sender.count++ % KEYS_PER_SENDER;
    let publish = sender.publishes[slot];
    if (publish) {
      // A key that was used again after five minutes stands for its later publish.
      if (sender.byKey.get(publish.key) === publish) sender.byKey.delete(publish.key);
      publish.key = key;
      publish.id = id;
      publish.timestamp = timestamp;
      publish.position = position;
      publish.at = at;
    } else {
      publish = { key, id, timestamp, position, at };
      sender.publishes.push(publish);
      this.#keys++;
    }
    sender.byKey.set(key, publish);
    while (this.#keys > this.#maxKeys) {
      const { key: silent, value } = this.#senders.oldest!;
      this.#forget(silent, value);
    }
  }

  /** Forgets the senders whose keys are all too old. */
  sweep(): void {
    const before = this.#now() - REMEMBERED_MS;
    for (const { key: name, value: sender } of this.#senders) {
      if (sender.publishes[(sender.count - 1) % KEYS_PER_SENDER]!.at > before) break;
      this.#forget(name, sender);
    }
  }

  #use(name: string): Sender {
    const sender = this.#senders.get(name) ?? { byKey: new Map(), publishes: [], count: 0 };
    this.#senders.set(name, sender);
    return sender;
  }

  #forget(name: string, sender: Sender): void {
    this.#senders.delete(name);
    this.#keys -= sender.publishes.length;
  }
}
