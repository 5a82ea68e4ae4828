/**
 * Two nodes over one Redis: the members of every room are spread over both, so each message crosses. CPU is that of the
 * two nodes together; Redis has a column of its own.
 */
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import type { Load } from "../load/load.ts";
import type { Protocol } from "../load/protocol.ts";
import { cpuUs } from "../measure/process.ts";
import { measureWindow } from "../measure/window.ts";
import type { Child } from "../servers/child.ts";
import { countRedisClients, startRedis } from "../servers/redis.ts";
import type { Running } from "../servers/server.ts";
import { type Outcome, type Scenario, spoken } from "./scenario.ts";
import { TEXT_BYTES, titleOf } from "./traffic.ts";

const NODES = 2;

interface Shape {
  readonly rooms: number;
  readonly members: number;
  readonly load: Load;
}

/** Around a thousand messages in flight in each closed loop, and the fixed rate at which latency is promised. */
const SHAPES: readonly Shape[] = [
  { rooms: 1_000, members: 1, load: { kind: "closed", inFlight: 1 } },
  { rooms: 100, members: 10, load: { kind: "closed", inFlight: 8 } },
  { rooms: 10, members: 100, load: { kind: "closed", inFlight: 16 } },
  { rooms: 500, members: 2, load: { kind: "open", perSecond: 10_000 } },
];

export const twoNodes: readonly Scenario[] = SHAPES.map((shape) => ({
  name: `redis-${shape.load.kind === "open" ? "rate" : shape.members}`,
  title: `Two nodes over Redis, ${shape.rooms.toLocaleString("en")} × ${shape.members}`,
  about: "Members of each room on both nodes; CPU of both nodes together.",
  compare: "cpuUs",
  columns: [
    "cpuUs",
    "rate",
    "p50Ms",
    "p99Ms",
    "p999Ms",
    "brokerUs",
    "lost",
    "duplicated",
    "disordered",
    "closedEarly",
    "serverShare",
    "clientShare",
  ],
  takes: ({ clusters }) => clusters === true,
  async run(server, { seconds }): Promise<Outcome[]> {
    const redis = await startRedis();
    try {
      const running = await server.start({ nodes: NODES, redisUrl: `redis://127.0.0.1:${redis.port}` });
      try {
        return [await cross({ shape, running, redis, seconds, protocol: spoken(server) })];
      } finally {
        await running.stop();
      }
    } finally {
      await redis.stop();
    }
  },
}));

interface WorkerForwarding {
  readonly shape: Shape;
  readonly running: Running;
  readonly redis: Child;
  readonly seconds: number;
  readonly protocol: Protocol;
}

/** Throws when the nodes do not talk to Redis: what they deliver then is not what is asked here. */
async function cross({ shape, running, redis, seconds, protocol }: WorkerForwarding): Promise<Outcome> {
  const { rooms, members, load } = shape;
  const clients = await countRedisClients(redis.port);
  if (clients < NODES) throw new Error(`Cannot measure ${NODES} nodes: Redis has ${clients} connections`);
  const seating = { rooms, members, lanesPerRoom: load.kind === "closed" ? load.inFlight : 1, textBytes: TEXT_BYTES };
  const crowd = await Crowd.open({ ...seating, protocols: [protocol], dial: dialBun, ports: running.ports });
  const before = cpuUs([redis.pid]);
  const metrics = await measureWindow(crowd, { load, seconds, pids: running.pids });
  const brokerUs = (cpuUs([redis.pid]) - before) / crowd.ledger.published;
  crowd.close();
  return { load: titleOf(load), metrics: { ...metrics, brokerUs } };
}
