/**
 * Two nodes over one Redis: the members of every room are spread over both, so each message crosses. CPU is that of the
 * two nodes together; Redis has a column of its own.
 */
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import type { Load } from "../load/load.ts";
import { cpuUs } from "../measure/process.ts";
import { measureWindow } from "../measure/window.ts";
import { startRedis } from "../servers/redis.ts";
import { type Outcome, type Scenario, spoken } from "./scenario.ts";
import { TEXT_BYTES, titleOf } from "./traffic.ts";

interface Shape {
  readonly rooms: number;
  readonly members: number;
  readonly load: Load;
  readonly slow?: boolean;
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
  slow: true,
  takes: ({ clusters }) => clusters === true,
  async run(server, { seconds }): Promise<Outcome[]> {
    const redis = await startRedis();
    try {
      const running = await server.start({ nodes: 2, redisUrl: `redis://127.0.0.1:${redis.port}` });
      try {
        const { rooms, members, load } = shape;
        const seating = {
          rooms,
          members,
          lanesPerRoom: load.kind === "closed" ? load.inFlight : 1,
          textBytes: TEXT_BYTES,
        };
        const protocols = [spoken(server)];
        const crowd = await Crowd.open({ ...seating, protocols, dial: dialBun, ports: running.ports });
        const before = cpuUs([redis.pid]);
        const metrics = await measureWindow(crowd, { load, seconds, pids: running.pids });
        const brokerUs = (cpuUs([redis.pid]) - before) / crowd.ledger.published;
        crowd.close();
        return [{ load: titleOf(load), metrics: { ...metrics, brokerUs } }];
      } finally {
        await running.stop();
      }
    } finally {
      await redis.stop();
    }
  },
}));
