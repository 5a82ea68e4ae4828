/**
 * Remembers publishes by the key their sender gave them, for five minutes: a repeat is answered, not delivered again.
 *
 * Bounded twice: of one sender the last 256 keys, of all senders together a number of keys, beyond which the senders that
 * were silent longest are forgotten.
 */
import type { PublishResult } from "../../broker.ts";
import type { MessageEvent } from "../../message.ts";

const REMEMBERED_MS = 5 * 60_000;
const KEYS_PER_SENDER = 256;
const MAX_KEYS = 500_000;

export interface Once {
  sender: string;
  key: string;
}

interface Publish {
  event: Pick<MessageEvent, "id" | "position">;
  at: number;
}

export class PublishedOnce {
  /** Senders in the order of their last publish, each with its keys in the order of publishing. */
  readonly #senders = new Map<string, Map<string, Publish>>();
  readonly #maxKeys: number;
  readonly #now: () => number;
  #keys = 0;

  constructor(now: () => number = Date.now, maxKeys: number = MAX_KEYS) {
    this.#now = now;
    this.#maxKeys = maxKeys;
  }

  /** Keys that are remembered, over all senders. */
  get size(): number {
    return this.#keys;
  }

  /** What a repeat is answered; undefined: it is none. */
  find({ sender, key }: Once): PublishResult | undefined {
    const publish = this.#senders.get(sender)?.get(key);
    if (!publish || this.#now() - publish.at >= REMEMBERED_MS) return undefined;
    const { id, position } = publish.event;
    return { position, duplicateOf: { id } };
  }

  /** Call it when the event has its position. */
  remember({ sender, key }: Once, { id, position }: Publish["event"]): void {
    const keys = this.#senders.get(sender) ?? new Map<string, Publish>();
    this.#senders.delete(sender);
    this.#senders.set(sender, keys);
    if (keys.delete(key)) this.#keys--;
    keys.set(key, { event: { id, position }, at: this.#now() });
    this.#keys++;
    if (keys.size > KEYS_PER_SENDER) this.#forgetFirst(keys);
    while (this.#keys > this.#maxKeys) this.#forgetSilent();
  }

  sweep(): void {
    const before = this.#now() - REMEMBERED_MS;
    for (const [sender, keys] of this.#senders) {
      for (const [key, { at }] of keys) {
        if (at > before) break;
        keys.delete(key);
        this.#keys--;
      }
      if (keys.size === 0) this.#senders.delete(sender);
    }
  }

  #forgetFirst(keys: Map<string, Publish>): void {
    for (const key of keys.keys()) {
      keys.delete(key);
      this.#keys--;
      return;
    }
  }

  #forgetSilent(): void {
    for (const [sender, keys] of this.#senders) {
      this.#senders.delete(sender);
      this.#keys -= keys.size;
      return;
    }
  }
}
