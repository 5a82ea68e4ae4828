/**
 * A cluster for the fault tests: nodes of both runtimes as processes of their own on one Redis, participants in one room,
 * and the checker that has the last word.
 */
import { assertEquals } from "@std/assert";
import { signToken } from "../../src/verifiers/sign.ts";
import { type Runtime, type ServerProcess, spawnServer } from "../harness.ts";
import { eventually } from "../waiting.ts";
import { FAULTLESS, HistoryChecker } from "./checker.ts";
import { Participant } from "./participant.ts";

const SECRET = "a secret of at least thirty-two bytes";
const ROOM = "hall";
const RUNTIMES: Runtime[] = ["bun", "deno"];
/** When all faults are over: a dead node's members leave within 15 s, and what Redis forgot is compared a little later. */
const REST_MS = 40_000;

export interface TestClusterOptions {
  /** The Redis of node n. */
  url: (node: number) => string;
  nodes: number;
  env?: Record<string, string>;
}

export class TestCluster implements AsyncDisposable {
  readonly checker = new HistoryChecker();
  readonly nodes: ServerProcess[] = [];
  readonly participants: Participant[] = [];
  readonly #options: TestClusterOptions;
  #isOver = false;

  private constructor(options: TestClusterOptions) {
    this.#options = options;
  }

  static async open(options: TestClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(options);
    await Promise.all(Array.from({ length: options.nodes }, (_, n) => cluster.startNode(n)));
    return cluster;
  }

  /** Starts node n, or starts it anew; Bun and Deno take turns. */
  async startNode(n: number): Promise<void> {
    this.nodes[n] = await spawnServer({
      runtime: RUNTIMES[n % 2],
      env: {
        HOST: "127.0.0.1",
        JWT_SECRET: SECRET,
        REDIS_URL: this.#options.url(n),
        HISTORY_SIZE: "5000",
        WEBSOCKET_MESSAGE_RATE: "0",
        WEBSOCKET_BYTE_RATE: "0",
        WEBSOCKET_JOIN_RATE: "0",
        WEBSOCKET_CONNECT_RATE: "0",
        WEBSOCKET_DRAIN: "2s",
        ...this.#options.env,
      },
    });
  }

  /** One who connects to node `at()`, asked anew each time; resolves when it is in the room. */
  async join(name: string, at: () => number): Promise<Participant> {
    const token = await signToken({ user: name, ttlMs: 600_000 }, { secret: SECRET });
    const server = () => `ws://127.0.0.1:${this.nodes[at()]!.port}`;
    const participant = new Participant({ name, room: ROOM, token, server, checker: this.checker });
    this.participants.push(participant);
    await this.#explained(() => eventually(() => participant.isIn, { withinMs: 15_000 }));
    return participant;
  }

  /** Some on each node. */
  async joinAll(perNode: number): Promise<void> {
    for (const n of this.nodes.keys()) {
      for (let each = 0; each < perNode; each++) await this.join(`n${n}p${each}`, () => n);
    }
  }

  /** Everybody publishes while the fault happens; resolves when what they sent has been accepted. */
  async during(fault: () => Promise<void>, everyMs = 40): Promise<number> {
    const chats = this.participants.map((each) => each.chat(everyMs, () => this.#isOver));
    try {
      await fault();
    } finally {
      this.#isOver = true;
    }
    const accepted = await Promise.all(chats);
    return accepted.reduce((sum, count) => sum + count, 0);
  }

  /** Waits until everything has come to rest, and fails with what the checker found. */
  async expectFaultless(): Promise<void> {
    await this.#explained(() => eventually(() => this.participants.every(({ isIn }) => isIn), { withinMs: REST_MS }));
    for (const participant of this.participants) await participant.publish();
    const present = () => new Map([[ROOM, new Set(this.participants.map(({ connection }) => connection!))]]);
    const check = () => assertEquals(this.checker.check(present()), FAULTLESS) ?? true;
    await this.#explained(() => eventually(check, { withinMs: REST_MS, everyMs: 250 }));
  }

  /** A failure shows what the nodes said. */
  async #explained(wait: () => Promise<unknown>): Promise<void> {
    try {
      await wait();
    } catch (error) {
      const logs = this.nodes.map((node, n) => `--- node ${n}\n${node.output().slice(-4_000)}`);
      const people = this.participants.map(({ name, isIn, refusals }) =>
        `${name} ${isIn ? "in" : "out"} ${refusals.at(-1) ?? ""}`
      );
      throw new Error([error instanceof Error ? error.message : error, ...logs, ...people].join("\n"), {
        cause: error,
      });
    }
  }

  async ready(n: number): Promise<boolean> {
    const response = await fetch(`${this.nodes[n]!.url}/readyz`);
    await response.body?.cancel();
    return response.ok;
  }

  /** The node is killed; its members are expected to be gone for the others within 15 s. */
  async kill(n: number): Promise<void> {
    for (const { connection, name } of this.participants) {
      if (connection !== undefined && name.startsWith(`n${n}`)) this.checker.died(connection);
    }
    await this.nodes[n]!.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const participant of this.participants) participant.stop();
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}
