/**
 * What a delivery to a room costs, whatever its size: one encoding for each form that is spoken there, one publish for
 * each topic, and nothing for a single member. Real hub, rooms, broker and dialects; sockets and the adapter count.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Socket } from "../../src/adapter.ts";
import { ServerApi } from "../../src/commands/server_api.ts";
import { Cluster } from "../../src/brokers/cluster/cluster.ts";
import type { MemoryBroker } from "../../src/brokers/memory/broker.ts";
import { eventually } from "../waiting.ts";
import { memoryBroker } from "../memory_broker.ts";
import { publish } from "../../src/commands/publish.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { Connection } from "../../src/hub/connection.ts";
import type { AnyDialect } from "../../src/dialect.ts";
import { Hub } from "../../src/hub/hub.ts";
import { IdSource } from "../../src/id.ts";
import { createLog } from "../../src/log.ts";
import { run } from "../../src/maybe.ts";
import { join, joinReserved } from "../../src/hub/membership.ts";
import { Node } from "../../src/hub/node.ts";
import { PolicyChain } from "../../src/policies/chain.ts";
import { RoomRules } from "../../src/policies/rules.ts";
import { Stats } from "../../src/hub/metrics.ts";
import { envelope, kebab, namespaceDialect, socketio } from "../dialects.ts";

const MEMBERS = 1_000;

/** What has been done since {@link TestFanout.reset}. */
interface Work {
  /** Names of the dialects, once for each call of encodeEvent. */
  encoded: string[];
  /** Topics, once for each call of publish. */
  published: string[];
  /** Whom each publish left out. */
  excepted: (Socket | undefined)[];
  /** Calls of `send` on any socket. */
  sent: number;
}

class TestFanout implements Disposable {
  readonly hub: Hub;
  readonly members: Connection[] = [];
  #work: Work = nothingDone();
  readonly #broker: MemoryBroker;

  constructor(room: string, dialects: AnyDialect[]) {
    const rooms = [{ match: "busy", coalesce: "20ms" }];
    const config = defaultConfig({ jwtSecret: "x".repeat(32), roomAnnounceMax: 1, rooms });
    this.#broker = memoryBroker();
    const adapter = {
      zombies: 0,
      publish: (topic: string, _frame: unknown, except?: Socket) => {
        this.#work.published.push(topic);
        this.#work.excepted.push(except);
      },
    };
    const rules = new RoomRules(config.rooms, config.defaultRoom);
    this.hub = new Hub({
      config,
      adapter,
      broker: this.#broker,
      cluster: new Cluster(this.#broker),
      verifier: { verify: () => Promise.reject(new Error("nobody shows a token here")), stands: () => true },
      rules,
      policies: new PolicyChain({ rules }),
      ids: new IdSource(),
      stats: new Stats(),
      log: createLog({ level: "error", write: () => undefined }),
      maxBufferedBytes: 1e6,
    });
    this.#broker.start(new Node(this.hub, adapter));
    const counted = dialects.map((dialect) => this.#counted(dialect));
    for (let n = 0; n < MEMBERS; n++) this.#enter(room, counted[n % counted.length]!);
    this.reset();
  }

  /** Forgets what joining took. */
  reset(): void {
    this.#work = nothingDone();
  }

  get work(): Work {
    return this.#work;
  }

  #enter(room: string, dialect: AnyDialect): void {
    const id = this.hub.ids.next();
    const connection = new Connection({ id, socket: this.#socket(), dialect, address: "192.0.2.1" });
    this.hub.open(connection);
    this.hub.addToEverybody(connection);
    run(room.startsWith("group:") ? joinReserved(this.hub, connection, [room]) : join(this.hub, connection, { room }));
    this.members.push(connection);
  }

  #counted(dialect: AnyDialect): AnyDialect {
    return {
      name: dialect.name,
      decode: (input, state) => dialect.decode(input, state),
      encodeReply: (reply) => dialect.encodeReply(reply),
      encodeEvent: (event) => {
        this.#work.encoded.push(dialect.name);
        return dialect.encodeEvent(event);
      },
    };
  }

  #socket(): Socket {
    const send = () => {
      this.#work.sent++;
      return true;
    };
    const ignore = () => undefined;
    return {
      context: undefined,
      bufferedBytes: 0,
      send,
      subscribe: ignore,
      unsubscribe: ignore,
      close: ignore,
      abandon: ignore,
    };
  }

  [Symbol.dispose](): void {
    this.#broker.close();
  }
}

function nothingDone(): Work {
  return { encoded: [], published: [], excepted: [], sent: 0 };
}

const WAYS: Record<string, { room: string; dialects: AnyDialect[]; topics: string[] }> = {
  "two dialects": { room: "lobby", dialects: [envelope, kebab], topics: ["envelope:lobby", "kebab:lobby"] },
  "one family on two wire forms": {
    room: "group:7",
    dialects: [socketio, namespaceDialect("/chat")],
    topics: ["socketio:group:7", "socketio/chat:group:7"],
  },
};

for (const [what, { room, dialects, topics }] of Object.entries(WAYS)) {
  const names = dialects.map(({ name }) => name);
  const message = { kind: "publish" as const, target: { room }, data: { text: "hi" } };

  test(`a message to ${MEMBERS} members of ${what} is encoded twice, published twice and sent to nobody by hand`, () => {
    using fanout = new TestFanout(room, dialects);
    publish(fanout.hub, fanout.members[0]!, { ...message, echo: true });
    assertEquals(fanout.work, { encoded: names, published: topics, excepted: [undefined, undefined], sent: 0 });
  });

  test(`the same to ${what} without its sender`, () => {
    using fanout = new TestFanout(room, dialects);
    const sender = fanout.members[0]!;
    publish(fanout.hub, sender, { ...message, echo: false });
    assertEquals(fanout.work.excepted.map((socket) => socket === sender.socket), [true, true]);
    assertEquals({ ...fanout.work, excepted: [] }, { encoded: names, published: topics, excepted: [], sent: 0 });
  });

  test(`the same to ${what} for an event of the server`, () => {
    using fanout = new TestFanout(room, dialects);
    run(new ServerApi(fanout.hub).sendToRoom(room, { type: "announcement", fields: { data: { message: "hi" } } }));
    assertEquals(fanout.work, { encoded: names, published: topics, excepted: [undefined, undefined], sent: 0 });
  });
}

test("a room whose rule coalesces hands over together what follows the first message closely", async () => {
  using fanout = new TestFanout("busy", [kebab]);
  for (let n = 0; n < 10; n++) {
    publish(fanout.hub, fanout.members[0]!, { kind: "publish", target: { room: "busy" }, data: n, echo: true });
  }
  assertEquals(fanout.work.encoded.length, 10);
  assert(fanout.work.published.length <= 1, "what follows the first in the same turn waits");
  await eventually(() => fanout.work.published.length > 1);
  assertEquals([fanout.work.published.length, fanout.work.sent], [10, 0]);
});
