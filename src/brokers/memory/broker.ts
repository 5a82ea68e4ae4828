/**
 * The broker of a server that is alone: every call synchronous, who is present in this process, and what is kept in the
 * stores it is handed.
 *
 * Presence and stores know neither each other nor the node, so that the parent of several workers builds a sequencer of
 * the same parts. `publish` is on the hot path: nothing is allocated there that is not kept or delivered.
 */
import { clearInterval, setInterval } from "node:timers";
import type {
  Answers,
  Broker,
  BrokerHealth,
  LocalNode,
  NodeAnswers,
  NodeQuestion,
  PublishOptions,
  PublishResult,
  RoutedEvent,
} from "../../broker.ts";
import { IdSource } from "../../id.ts";
import { after, type MaybePromise } from "../../maybe.ts";
import { EVERYBODY } from "../../message.ts";
import type { Stores } from "../../stores.ts";
import { MemoryPresence } from "./presence.ts";
import { sweepStores } from "./stores.ts";
import { answer } from "../cluster/questions.ts";

const SWEEP_MS = 15_000;
const NOBODY: Answers<never> = Object.freeze({ values: [], asked: 0 });
const NOTHING_TO_SAY: PublishResult = Object.freeze({});
const HEALTHY: BrokerHealth = Object.freeze({ ok: true });

export interface MemoryBrokerOptions {
  stores: Stores;
  /** Members up to which a room announces joins and leaves. */
  roomAnnounceMax?: number;
  /** Makes the ids of presence events; it must not be the node's own unless it is the same object. */
  ids?: IdSource;
}

export class MemoryBroker implements Broker {
  readonly name = "memory";
  readonly spansMachines = false;
  readonly history: Stores["history"];
  readonly presence: MemoryPresence;
  readonly inbox: Stores["inbox"];
  readonly grants: Stores["grants"];
  readonly #stores: Stores;
  readonly #subscribed = new Set<string>([EVERYBODY]);
  #node: LocalNode | undefined;
  #sweeping: ReturnType<typeof setInterval> | undefined;

  constructor({ stores, roomAnnounceMax: announceMax, ids = new IdSource() }: MemoryBrokerOptions) {
    const { history, inbox, grants, statuses } = stores;
    this.#stores = stores;
    this.history = history;
    this.inbox = inbox;
    this.grants = grants;
    this.presence = new MemoryPresence({ ids, statuses, announceMax, announce: (routed) => this.#deliver(routed) });
  }

  start(node: LocalNode): void {
    this.#node = node;
    this.#sweeping = setInterval(() => this.sweep(), SWEEP_MS);
    this.#sweeping.unref();
  }

  subscribe(room: string): void {
    this.#subscribed.add(room);
  }

  unsubscribe(room: string): void {
    this.#subscribed.delete(room);
  }

  publish(routed: RoutedEvent, options?: PublishOptions): PublishResult {
    const once = options?.once;
    const repeated = once && this.#stores.once.find(once);
    if (repeated) return repeated;
    const { event } = routed;
    const keep = event.kind === "message" ? options?.keep : undefined;
    if (event.kind === "message" && keep) this.history.append(routed.room, event, keep);
    if (once) this.#stores.once.remember(once, event);
    this.#deliver(routed);
    return event.kind === "message" && keep ? { position: event.position } : NOTHING_TO_SAY;
  }

  ask<What extends keyof NodeAnswers>(
    question: NodeQuestion & { what: What },
    node?: string,
  ): MaybePromise<Answers<NodeAnswers[What]>> {
    if (node !== undefined && node !== this.#local.id) return NOBODY;
    return after(answer(this.#local, question), (value) => ({ values: [value as NodeAnswers[What]], asked: 1 }));
  }

  health(): BrokerHealth {
    return HEALTHY;
  }

  /** Forgets what has expired; runs by itself every 15 s. */
  sweep(): void {
    sweepStores(this.#stores);
  }

  close(): void {
    clearInterval(this.#sweeping);
    this.#subscribed.clear();
  }

  get #local(): LocalNode {
    if (!this.#node) throw new TypeError("Cannot use the memory broker: it was not started");
    return this.#node;
  }

  #deliver(routed: RoutedEvent): void {
    if (this.#subscribed.has(routed.room)) this.#node?.deliver(routed);
  }
}
