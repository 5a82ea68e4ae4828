/**
 * The broker of several workers in one process: each has one of these, and the parent thread the Sequencer that all of
 * them reach over their links.
 *
 * What is shared is what the memory broker holds, so it ends with the process and outlives any worker. An event leaves the
 * sequencer once, in a numbered batch over one BroadcastChannel, whatever the number of workers; a worker that lost a
 * batch gets it again, and one that lost more than is kept reads its rooms' histories, or is told that it cannot.
 */
import type {
  Answers,
  Broker,
  BrokerHealth,
  LocalNode,
  NodeAnswers,
  NodeQuestion,
  NodeStats,
  PresenceStore,
  PublishOptions,
  PublishResult,
  RoutedEvent,
} from "../../broker.ts";
import type { Log } from "../../log.ts";
import { EVERYBODY, type MessageEvent } from "../../message.ts";
import type { Grants, History, HistoryPage, HistoryQuery, Inbox } from "../../stores.ts";
import { keyOf, open, writePublish } from "./lines.ts";
import { WorkerLink } from "./link.ts";
import type { SealedPage, Store, StoreCommand, Uplink } from "./messages.ts";

export type { Uplink } from "./messages.ts";

const PRESENCE = [
  "enter",
  "leave",
  "identify",
  "update",
  "roster",
  "count",
  "contains",
  "setStatus",
  "status",
] as const;
const HEALTHY: BrokerHealth = Object.freeze({ ok: true });

export class BroadcastChannelBroker implements Broker {
  readonly name = "broadcast";
  readonly spansMachines = false;
  readonly history: History;
  readonly presence: PresenceStore;
  readonly inbox: Inbox;
  readonly grants: Grants;
  readonly #uplink: Uplink;
  readonly #log: Log;
  #started: WorkerLink | undefined;

  constructor(uplink: Uplink, log: Log) {
    this.#uplink = uplink;
    this.#log = log;
    this.history = { read: (room, query) => this.#read(room, query) };
    this.presence = this.#store("presence", PRESENCE);
    this.inbox = this.#store("inbox", ["add", "list", "markRead", "unread"]);
    this.grants = this.#store("grants", ["setGroup", "groups", "block", "blockedFor"]);
  }

  async start(node: LocalNode): Promise<void> {
    this.#started = new WorkerLink(this.#uplink, {
      node,
      log: this.#log,
      deliver: (routed) => node.deliver(routed),
      missed: (rooms) => void node.execute({ do: "tell_members", rooms }),
      invalid: (error) => {
        node.countInvalidPayload();
        this.#log.error("could not deliver an event of another worker", { error });
      },
    });
    await this.#link.subscribe(EVERYBODY);
  }

  async subscribe(room: string): Promise<void> {
    await this.#link.subscribe(room);
  }

  async unsubscribe(room: string): Promise<void> {
    await this.#link.unsubscribe(room);
  }

  publish(routed: RoutedEvent, options?: PublishOptions): Promise<PublishResult> {
    return this.#link.publish(writePublish(routed, options));
  }

  async ask<What extends keyof NodeAnswers>(
    question: NodeQuestion & { what: What },
    node?: string,
  ): Promise<Answers<NodeAnswers[What]>> {
    const answers = await this.#link.ask(question, node) as Answers<NodeAnswers[What]>;
    if (question.what === "stats") await this.#countRoomsOnce(answers.values as NodeStats[]);
    return answers;
  }

  health(): BrokerHealth {
    return HEALTHY;
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  get #link(): WorkerLink {
    if (!this.#started) throw new TypeError("Cannot use the broadcast broker: it was not started");
    return this.#started;
  }

  /** Figures are added up, and a room may be on several workers: one of them tells all rooms, the others none. */
  async #countRoomsOnce(stats: NodeStats[]): Promise<void> {
    const rooms = await this.#link.call<number>({ do: "call", store: "presence", method: "countRooms", args: [] });
    for (const [at, { counters }] of stats.entries()) counters.parley_rooms = at === 0 ? rooms : 0;
  }

  async #read(room: string, query: HistoryQuery): Promise<HistoryPage> {
    const command: StoreCommand = { do: "read", key: keyOf(room), query };
    // What is delivered after this page may come before the promise settles.
    const page = await this.#link.call<SealedPage>(command, ({ position }) => this.#link.startAt(room, position));
    const { epoch } = page.position;
    const messages = page.messages.map(([offset, sealed]) => open(sealed, room, { epoch, offset }).event);
    return { ...page, messages: messages as MessageEvent[] };
  }

  /** A store whose methods run in the sequencer; arguments and results cross as they are. */
  #store<T extends object>(store: Store, methods: readonly (keyof T & string)[]): T {
    return Object.fromEntries(methods.map((method) => {
      return [method, (...args: unknown[]) => this.#link.call({ do: "call", store, method, args })];
    })) as T;
  }
}
