/**
 * A broker as far away as a network makes it: the memory broker, asked in order, with every answer a few turns later, and
 * failing when a test wants it to.
 *
 * It keeps the contract of src/broker.ts: `leave` and `unsubscribe` never fail, a failed call had no effect.
 */
import { setImmediate } from "node:timers";
import type {
  Answers,
  Broker,
  BrokerHealth,
  LocalNode,
  NodeAnswers,
  NodeQuestion,
  PresenceStore,
  PublishOptions,
  PublishResult,
  RoutedEvent,
} from "../src/broker.ts";
import type { MemoryBroker } from "../src/brokers/memory/broker.ts";
import { memoryBroker } from "./memory_broker.ts";
import type { Grants, History, Inbox } from "../src/stores.ts";
import { ParleyError } from "../src/errors.ts";
import type { MaybePromise } from "../src/maybe.ts";

const COMMANDS = new Set(["execute", "send"]);
const NEVER_FAILS = new Set(["leave", "unsubscribe", "close"]);

export class SlowBroker implements Broker {
  readonly name = "slow";
  readonly spansMachines = false;
  readonly engine: MemoryBroker;
  readonly history: History;
  readonly presence: PresenceStore;
  readonly inbox: Inbox;
  readonly grants: Grants;
  /** Rooms the node is subscribed to. */
  readonly subscribed = new Set<string>();
  /** Whether the next call with this name fails. */
  fails: (call: string) => boolean = () => false;
  /** Called when a call has taken effect, before its answer is on the way. */
  onEffect: (call: string) => void = () => {};
  #line: Promise<unknown> = Promise.resolve();

  constructor() {
    this.engine = memoryBroker();
    this.history = this.#afar(this.engine.history, ["read"]);
    this.presence = this.#afar<PresenceStore>(this.engine.presence, [
      ...["enter", "leave", "identify", "update", "roster", "count", "contains", "setStatus", "status"] as const,
    ]);
    this.inbox = this.#afar<Inbox>(this.engine.inbox, ["add", "list", "markRead", "unread"]);
    this.grants = this.#afar<Grants>(this.engine.grants, ["setGroup", "groups", "block", "blockedFor"]);
  }

  start(node: LocalNode): void {
    this.engine.start(node);
  }

  async subscribe(room: string): Promise<void> {
    await this.#call("subscribe", () => this.engine.subscribe(room));
    this.subscribed.add(room);
  }

  async unsubscribe(room: string): Promise<void> {
    await this.#call("unsubscribe", () => this.engine.unsubscribe(room));
    this.subscribed.delete(room);
  }

  publish(routed: RoutedEvent, options?: PublishOptions): Promise<PublishResult> {
    return this.#call("publish", () => this.engine.publish(routed, options));
  }

  ask<What extends keyof NodeAnswers>(
    question: NodeQuestion & { what: What },
    node?: string,
  ): Promise<Answers<NodeAnswers[What]>> {
    return this.#call(question.what, () => this.engine.ask<What>(question, node));
  }

  health(): BrokerHealth {
    return this.engine.health();
  }

  close(): void {
    this.engine.close();
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    let seen: unknown;
    while (seen !== this.#line) {
      seen = this.#line;
      await seen;
      for (let n = 0; n < 10; n++) await turn();
    }
  }

  #afar<T extends object>(part: T, names: (keyof T & string)[]): T {
    const afar: Record<string, unknown> = {};
    for (const name of names) {
      const work = part[name] as (...given: unknown[]) => MaybePromise<unknown>;
      afar[name] = (...given: unknown[]) => this.#call(name, () => work.apply(part, given));
    }
    return afar as T;
  }

  async #call<T>(name: string, work: () => MaybePromise<T>): Promise<T> {
    const before = this.#line;
    const done = (async () => {
      await before;
      await turn();
      if (!NEVER_FAILS.has(name) && this.fails(name)) throw new ParleyError("unavailable", `Cannot ${name}: away`);
      // A command may wait for its node, which asks again: it must not stand in the line itself.
      const answer = COMMANDS.has(name) ? undefined : await work();
      this.onEffect(name);
      return answer;
    })();
    this.#line = done.then(() => undefined, () => undefined);
    const answer = await done;
    // The way back is longer: others' calls take effect while an answer travels.
    for (let n = 0; n < 3; n++) await turn();
    return COMMANDS.has(name) ? await work() : answer as T;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
