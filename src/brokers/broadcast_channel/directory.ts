/**
 * The directory and the control of all workers: every node that is asked, this one included, answers over the sequencer.
 * Used by the broker.
 */
import type {
  ConnectionInfo,
  ConnectionQuery,
  Control,
  Directory,
  LocalNode,
  NodeStats,
  Order,
  Page,
  RoomInfo,
  RoomQuery,
} from "../../broker.ts";
import { ParleyError } from "../../errors.ts";
import { nodeOf } from "../../id.ts";
import type { Log } from "../../log.ts";
import type { MaybePromise } from "../../maybe.ts";
import { mergePages, pageOfRooms } from "../pages.ts";
import type { Answers } from "./link.ts";
import type { Question } from "./messages.ts";

/** {@link Link.survey}. */
export type Survey = (question: Question, node?: string) => Promise<Answers>;

export class WorkersDirectory implements Directory, Control {
  readonly #survey: Survey;

  constructor(survey: Survey) {
    this.#survey = survey;
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
    const { values } = await this.#survey({ what: "stats" });
    return values as NodeStats[];
  }

  async give(order: Order): Promise<number> {
    const connection = "connection" in order ? order.connection : undefined;
    const node = connection === undefined ? undefined : nodeOf(connection);
    const { values, asked } = await this.#survey({ what: "order", order }, node);
    if (node !== undefined && values.length < asked) {
      throw new ParleyError("unavailable", `Cannot reach connection "${connection}": its worker does not answer`);
    }
    return values.reduce<number>((sum, reached) => sum + Number(reached), 0);
  }
}

/** What this node answers to the others; nothing where it fails. */
export function answerer(node: LocalNode, log: Log): (question: Question) => Promise<unknown> {
  return async (question) => {
    try {
      return await answer(node, question);
    } catch (error) {
      log.error("could not answer another worker", { what: question.what, error });
    }
  };
}

function answer(node: LocalNode, question: Question): MaybePromise<unknown> {
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
      return node.obey(question.order);
  }
}
