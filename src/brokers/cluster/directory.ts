/** The directory and the control of a cluster: this node's own answer, and those of the others. Used by the broker. */
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
import { nodeOf } from "../../id.ts";
import type { MaybePromise } from "../../maybe.ts";
import type { WorkerPeers } from "../broadcast_channel/worker_peers.ts";
import { mergePages, pageOfRooms } from "./pages.ts";
import type { NodeRpc } from "./rpc.ts";

export interface DirectoryParts {
  /** Known once the broker was started. */
  node: () => LocalNode;
  questions: NodeRpc;
  /** If there are other workers in this process. */
  peers?: WorkerPeers;
}

export class RedisDirectory implements Directory, Control {
  readonly #node: () => LocalNode;
  readonly #questions: NodeRpc;
  readonly #peers: WorkerPeers | undefined;

  constructor({ node, questions, peers }: DirectoryParts) {
    this.#node = node;
    this.#questions = questions;
    this.#peers = peers;
  }

  async connections(query: ConnectionQuery): Promise<Page<ConnectionInfo>> {
    const others = await this.#questions.askOthers({ what: "connections", query });
    return mergePages([this.#node().connections(query), ...others as Page<ConnectionInfo>[]], query.limit);
  }

  rooms(query: RoomQuery): Promise<Page<RoomInfo>> {
    return pageOfRooms(query, async (query) => {
      const others = await this.#questions.askOthers({ what: "rooms", query });
      return [this.#node().rooms(query), ...others as RoomInfo[][]];
    });
  }

  async roomsOf(user: string): Promise<string[]> {
    const others = await this.#questions.askOthers({ what: "roomsOf", query: { user } });
    return [...new Set([this.#node().roomsOf(user), ...others as string[][]].flat())];
  }

  stats(): MaybePromise<NodeStats[]> {
    return this.#peers?.stats() ?? [this.#node().stats()];
  }

  reaches(node: string): Promise<boolean> {
    return this.#questions.reaches(node);
  }

  async send(delivery: Delivery): Promise<Delivered> {
    const node = nodeOf(delivery.connection);
    if (node === this.#node().id) return await this.#node().send(delivery);
    const delivered = await this.#questions.askOne(node, { what: "send", query: delivery });
    return delivered as Delivered | undefined ?? { reached: false };
  }

  async execute(order: NodeCommand): Promise<number> {
    if ("connection" in order && order.connection !== undefined) return await this.#giveOne(order, order.connection);
    const [here, ...there] = await Promise.all([
      this.#node().execute(order),
      this.#questions.askOthers({ what: "order", query: order }),
    ]);
    return there.flat().reduce<number>((sum, reached) => sum + Number(reached), here);
  }

  async #giveOne(order: NodeCommand, connection: string): Promise<number> {
    const node = nodeOf(connection);
    if (node === this.#node().id) return await this.#node().execute(order);
    return Number(await this.#questions.askOne(node, { what: "order", query: order }) ?? 0);
  }
}
