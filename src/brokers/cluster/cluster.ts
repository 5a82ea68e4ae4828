/**
 * The cluster as one: who and what is in it, out of what every node answers for itself, and what nodes have each other do.
 * Written once over {@link Broker.ask}: it knows neither how many nodes there are nor where, and waits for nothing where
 * the broker answers at once.
 *
 * The id of a connection names the node that holds it, so nobody else is asked about it.
 */
import type {
  Broker,
  ConnectionInfo,
  ConnectionQuery,
  Control,
  Delivered,
  Delivery,
  Directory,
  NodeAnswers,
  NodeCommand,
  NodeQuestion,
  NodeStats,
  Page,
  RoomInfo,
  RoomQuery,
} from "../../broker.ts";
import { ParleyError } from "../../errors.ts";
import { looksLikeId, nodeOf } from "../../id.ts";
import { after, type MaybePromise, run, type Steps, wait } from "../../maybe.ts";
import { addUpRooms, mergePages, pageOf } from "./pages.ts";

export class Cluster implements Directory, Control {
  readonly #broker: Pick<Broker, "ask">;

  constructor(broker: Pick<Broker, "ask">) {
    this.#broker = broker;
  }

  connections(query: ConnectionQuery): MaybePromise<Page<ConnectionInfo>> {
    const question = { what: "connections", query } as const;
    const pages = query.id === undefined ? this.#askAll(question) : this.#askHolder(query.id, question);
    return after(pages, (pages) => mergePages(pages, query.limit));
  }

  rooms(query: RoomQuery): MaybePromise<Page<RoomInfo>> {
    return run(this.#rooms(query));
  }

  *#rooms(query: RoomQuery): Steps<Page<RoomInfo>> {
    const { values, asked } = yield* wait(this.#broker.ask({ what: "rooms", query }));
    const page = pageOf(addUpRooms(values), query);
    if (query.member === undefined || page.items.length === 0 || asked === 1) return page;
    // Only nodes that hold the member have named its rooms; others may have members of the same rooms.
    const ids = page.items.map(({ id }) => id);
    const counted = addUpRooms(yield* wait(this.#askAll({ what: "rooms", query: { ids, limit: query.limit } })));
    const known = new Map(counted.map((room) => [room.id, room]));
    return { ...page, items: page.items.map((room) => known.get(room.id) ?? room) };
  }

  roomsOf(user: string): MaybePromise<string[]> {
    return after(this.#askAll({ what: "rooms_of", user }), (rooms) => [...new Set(rooms.flat())]);
  }

  stats(): MaybePromise<NodeStats[]> {
    return this.#askAll({ what: "stats" });
  }

  reaches(node: string): MaybePromise<boolean> {
    return after(this.#broker.ask({ what: "rooms_of", user: "" }, node), ({ values }) => values.length > 0);
  }

  execute(command: NodeCommand): MaybePromise<number> {
    const question = { what: "execute", command } as const;
    const connection = "connection" in command ? command.connection : undefined;
    const reached = connection === undefined ? this.#askAll(question) : this.#askHolder(connection, question);
    return after(reached, (counts) => counts.reduce((sum, count) => sum + count, 0));
  }

  send(delivery: Delivery): MaybePromise<Delivered> {
    const answers = this.#askHolder(delivery.connection, { what: "send", delivery });
    return after(answers, ([delivered]) => delivered ?? { reached: false });
  }

  #askAll<What extends keyof NodeAnswers>(
    question: NodeQuestion & { what: What },
  ): MaybePromise<NodeAnswers[What][]> {
    return after(this.#broker.ask<What>(question), ({ values }) => values);
  }

  /** The one answer of the node that holds the connection; none if there is no such node. */
  #askHolder<What extends keyof NodeAnswers>(
    connection: string,
    question: NodeQuestion & { what: What },
  ): MaybePromise<NodeAnswers[What][]> {
    // Whatever else somebody may have written there is not the name of a node.
    if (!looksLikeId(connection)) return [];
    const asked = this.#broker.ask<What>(question, nodeOf(connection));
    return after(asked, ({ values, asked }) => {
      // "Not there" is an answer, and this is not one: it may be tried again.
      if (values.length >= asked) return values;
      throw new ParleyError("unavailable", `Cannot reach connection "${connection}": its node does not answer`);
    });
  }
}
