/**
 * The directory and the control of all workers: every node that is asked, this one included, answers over the sequencer.
 * Used by the broker.
 */
import type {
  ConnectionInfo,
  ConnectionQuery,
  Control,
  Delivered,
  Delivery,
  Directory,
  LocalNode,
  NodeCommand,
  NodeStats,
  Page,
  RoomInfo,
  RoomQuery,
} from "../../broker.ts";
import { ParleyError } from "../../errors.ts";
import { nodeOf } from "../../id.ts";
import type { Log } from "../../log.ts";
import type { MaybePromise } from "../../maybe.ts";
import { mergePages, pageOfRooms } from "../cluster/pages.ts";
import type { Answers } from "./link.ts";
import type { WorkerQuestion } from "./messages.ts";

/** {@link Link.survey}. */
export type Survey = (question: WorkerQuestion, node?: string) => Promise<Answers>;

export interface WorkersDirectoryParts {
  survey: Survey;
  /** Rooms with members on any worker. */
  countRooms(): Promise<number>;
}

export class WorkersDirectory implements Directory, Control {
  readonly #survey: Survey;
  readonly #countRooms: () => Promise<number>;

  constructor({ survey, countRooms }: WorkersDirectoryParts) {
    this.#survey = survey;
    this.#countRooms = countRooms;
  }

  async connections(query: ConnectionQuery): Promise<Page<ConnectionInfo>> {
    const { values } = await this.#survey({ what: "connections", query });
    return mergePages(values as Page<ConnectionInfo>[], query.limit);
  }

  rooms(query: RoomQuery): Promise<Page<RoomInfo>> {
    return pageOfRooms(query, async (query) => (await this.#survey({ what: "rooms", query })).values as RoomInfo[][]);
  }

  async roomsOf(user: string): Promise<string[]> {
    const { values } = await this.#survey({ what: "rooms_of", user });
    return [...new Set((values as string[][]).flat())];
  }

  async stats(): Promise<NodeStats[]> {
    const [{ values }, rooms] = await Promise.all([this.#survey({ what: "stats" }), this.#countRooms()]);
    // Figures are added up, and a room may be on several workers: one of them tells all rooms, the others none.
    return (values as NodeStats[]).map(({ node, counters }, at) => {
      return { node, counters: { ...counters, parley_rooms: at === 0 ? rooms : 0 } };
    });
  }

  async send(delivery: Delivery): Promise<Delivered> {
    const [delivered] = await this.#ofOne(delivery.connection, { what: "send", delivery });
    return delivered as Delivered | undefined ?? { reached: false };
  }

  async execute(order: NodeCommand): Promise<number> {
    const question: WorkerQuestion = { what: "order", order };
    const connection = "connection" in order ? order.connection : undefined;
    const values = connection === undefined
      ? (await this.#survey(question)).values
      : await this.#ofOne(connection, question);
    return values.reduce<number>((sum, reached) => sum + Number(reached), 0);
  }

  /** The answer of the worker that holds the connection; absent without such a worker. */
  async #ofOne(connection: string, question: WorkerQuestion): Promise<unknown[]> {
    const { values, asked } = await this.#survey(question, nodeOf(connection));
    if (values.length === asked && !values.includes(undefined)) return values;
    throw new ParleyError("unavailable", `Cannot reach connection "${connection}": its worker does not answer`);
  }
}

/** What this node answers to the others; nothing where it fails. */
export function answerer(node: LocalNode, log: Log): (question: WorkerQuestion) => Promise<unknown> {
  return async (question) => {
    try {
      return await answer(node, question);
    } catch (error) {
      log.error("could not answer another worker", { what: question.what, error });
    }
  };
}

function answer(node: LocalNode, question: WorkerQuestion): MaybePromise<unknown> {
  switch (question.what) {
    case "connections":
      return node.connections(question.query);
    case "rooms":
      return node.rooms(question.query);
    case "rooms_of":
      return node.roomsOf(question.user);
    case "stats":
      return node.stats();
    case "order":
      return node.execute(question.order);
    case "send":
      return node.send(question.delivery);
  }
}
