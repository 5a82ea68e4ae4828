/**
 * Topics in JavaScript: who is subscribed to what, and a walk over a topic's subscribers.
 *
 * adapters/deno.ts fans out through it, and Socket.IO's polling members on both runtimes. It knows nothing of frames: what
 * is done to a subscriber is the caller's. Most sockets are in a handful of topics, so a subscriber's own list is a plain
 * array, and there is nothing else per subscription but its place in the topic's Set.
 */
const NOBODY: ReadonlySet<never> = new Set<never>();

export class Topics<S extends object> {
  readonly #subscribers: Map<string, Set<S>> = new Map();
  readonly #topics: Map<S, string[]> = new Map();

  /** Topics with subscribers. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** Idempotent. */
  subscribe(subscriber: S, topic: string): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers?.has(subscriber)) return;
    if (subscribers) subscribers.add(subscriber);
    else this.#subscribers.set(topic, new Set([subscriber]));
    const topics = this.#topics.get(subscriber);
    if (topics) topics.push(topic);
    else this.#topics.set(subscriber, [topic]);
  }

  /** Idempotent. */
  unsubscribe(subscriber: S, topic: string): void {
    if (!this.#remove(subscriber, topic)) return;
    const topics = this.#topics.get(subscriber);
    if (!topics) return;
    if (topics.length === 1) this.#topics.delete(subscriber);
    else topics.splice(topics.indexOf(topic), 1);
  }

  /** Out of all topics; idempotent. */
  leave(subscriber: S): void {
    const topics = this.#topics.get(subscriber);
    if (!topics) return;
    this.#topics.delete(subscriber);
    for (const topic of topics) this.#remove(subscriber, topic);
  }

  /**
   * Who is subscribed, in the order of their subscription, live: who leaves during the walk is not visited any more, and
   * who joins during it is, so a walk must not subscribe anybody.
   */
  subscribers(topic: string): ReadonlySet<S> {
    return this.#subscribers.get(topic) ?? NOBODY;
  }

  #remove(subscriber: S, topic: string): boolean {
    const subscribers = this.#subscribers.get(topic);
    if (!subscribers?.delete(subscriber)) return false;
    if (subscribers.size === 0) this.#subscribers.delete(topic);
    return true;
  }
}
