/**
 * The server without a network: hub, commands, gateway and node over a broker of choice and sockets that write down what
 * they are sent. For tests of what happens between two waits.
 */
import type { Peer, RuntimeAdapter, Socket } from "../src/adapter.ts";
import { Admission } from "../src/gateway/admission.ts";
import { ServerApi } from "../src/commands/server_api.ts";
import type { Broker } from "../src/broker.ts";
import { Cluster } from "../src/brokers/cluster/cluster.ts";
import { type Config, type ConfigOverrides, defaultConfig } from "../src/config/config.ts";
import { Dispatcher } from "../src/commands/dispatcher.ts";
import { createDialects, undecidedAmong } from "../src/dialects/all.ts";
import { EndpointTable } from "../src/gateway/endpoint.ts";
import { ParleyError } from "../src/errors.ts";
import { Gateway } from "../src/gateway/websocket.ts";
import { PolicyChain } from "../src/policies/chain.ts";
import type { Hooks } from "../src/policies/hooks.ts";
import { ProgramPolicy } from "../src/policies/program.ts";
import { Hub } from "../src/hub/hub.ts";
import { IdSource } from "../src/id.ts";
import { Lifecycle } from "../src/gateway/lifecycle.ts";
import { createLog } from "../src/log.ts";
import { Node } from "../src/hub/node.ts";
import { Origins } from "../src/gateway/origins.ts";
import { identityOfProgram } from "../src/verifiers/program.ts";
import { RoomRules } from "../src/policies/rules.ts";
import { Stats } from "../src/hub/metrics.ts";
import { Topics } from "../src/adapters/topics.ts";
import type { Identity } from "../src/message.ts";

export type JsonFrame = Record<string, unknown>;

const PEER: Peer = { address: "192.0.2.1", port: 3000, secure: false };

/** A socket that keeps what it is sent, and tells its end when the running code has returned. */
export class FakeSocket implements Socket {
  context: unknown;
  bufferedBytes = 0;
  readonly frames: JsonFrame[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly #topics: Topics<FakeSocket>;
  readonly #gateway: Gateway;

  constructor(gateway: Gateway, topics: Topics<FakeSocket>, context: unknown) {
    this.#gateway = gateway;
    this.#topics = topics;
    this.context = context;
  }

  send(frame: string | Uint8Array): boolean {
    if (this.closed) return false;
    this.frames.push(JSON.parse(String(frame)));
    return true;
  }

  subscribe(topic: string): void {
    if (!this.closed) this.#topics.subscribe(this, topic);
  }

  unsubscribe(topic: string): void {
    this.#topics.unsubscribe(this, topic);
  }

  close(code: number, reason: string): void {
    if (this.closed) return;
    this.closed = { code, reason };
    this.#topics.leave(this);
    queueMicrotask(() => this.#gateway.close(this, code, reason));
  }

  abandon(code: number, reason: string): void {
    this.close(code, reason);
  }

  /** What its client says. */
  say(frame: JsonFrame): void {
    if (!this.closed) this.#gateway.message(this, JSON.stringify(frame));
  }

  /** Frames that have these fields. */
  heard(expected: JsonFrame = {}): JsonFrame[] {
    return this.frames.filter((frame) => Object.entries(expected).every(([name, value]) => frame[name] === value));
  }
}

export interface TestCoreOptions extends ConfigOverrides {
  hooks?: Hooks;
}

export class TestCore {
  readonly config: Config;
  readonly hub: Hub;
  readonly node: Node;
  readonly api: ServerApi;
  readonly admission: Admission;
  readonly topics = new Topics<FakeSocket>();
  readonly log: string[] = [];
  readonly gateway: Gateway;

  constructor(broker: Broker, { hooks = {}, ...overrides }: TestCoreOptions = {}) {
    this.config = defaultConfig({
      jwtSecret: "x".repeat(32),
      websocketMessageRate: 0,
      websocketByteRate: 0,
      websocketJoinRate: 0,
      ...overrides,
    });
    const { config } = this;
    const origins = new Origins(config.websocketAllowedOrigins);
    const stats = new Stats();
    const adapter: Pick<RuntimeAdapter, "publish" | "zombies"> = {
      zombies: 0,
      publish: (topic, frame, except) => {
        for (const socket of this.topics.subscribers(topic)) if (socket !== except) socket.send(frame);
      },
    };
    const rules = new RoomRules(config.rooms, config.defaultRoom);
    this.hub = new Hub({
      config,
      adapter,
      broker,
      cluster: new Cluster(broker),
      verifier: { verify, stands: () => true },
      rules,
      policies: new PolicyChain({ rules, program: new ProgramPolicy({ hooks, identityOf: identityOfProgram }) }),
      ids: new IdSource(),
      stats,
      log: createLog({ level: "debug", write: (line) => this.log.push(line) }),
      maxBufferedBytes: 1e6,
    });
    const dialects = createDialects(config);
    const endpoints = new EndpointTable({ dialects, undecidedAmong, requireAuth: config.websocketRequireAuth });
    const lifecycle = new Lifecycle(this.hub, new Dispatcher(this.hub));
    this.admission = new Admission({ config, origins, stats, log: this.hub.log });
    const fetch = () => new Response();
    this.gateway = new Gateway({ hub: this.hub, admission: this.admission, origins, lifecycle, endpoints, fetch });
    this.node = new Node(this.hub, adapter);
    this.api = new ServerApi(this.hub);
    broker.start(this.node);
  }

  /** A client at this path, opened in the turn its upgrade was granted. */
  async connect(path: string, headers: Record<string, string> = {}): Promise<FakeSocket> {
    return (await this.knock(path, headers))();
  }

  /** Up to the grant of the upgrade; what it returns opens the socket. */
  async knock(path: string, headers: Record<string, string> = {}): Promise<() => FakeSocket> {
    const granted = await this.gateway.upgrade(new Request(`http://parley.test${path}`, { headers }), PEER);
    if (granted instanceof Response) throw new Error(`refused with ${granted.status}: ${await granted.text()}`);
    return () => {
      const socket = new FakeSocket(this.gateway, this.topics, granted.context);
      this.gateway.open(socket);
      return socket;
    };
  }

  /** What is left of all connections; zeros when everything was given back. */
  leftovers(): Record<string, number> {
    const { connections, rooms, perUser: turns } = this.hub;
    return { connections: connections.size, rooms: rooms.size, turns: turns.size, topics: this.topics.size };
  }
}

/** A token is the JSON of an identity's parts. */
export function token(user: string, parts: Partial<Identity> = {}): string {
  return encodeURIComponent(JSON.stringify({ user, id: user, name: user, groups: [], rooms: [], roles: [], ...parts }));
}

async function verify(token: string): Promise<Identity> {
  await Promise.resolve();
  try {
    return JSON.parse(token.startsWith("%") ? decodeURIComponent(token) : token);
  } catch {
    throw new ParleyError("unauthorized", "Invalid token: it is none");
  }
}
