/**
 * Stalled readers: a tenth of a room stops reading while large messages flow at a fixed rate. What the others notice is
 * their p99 beside that of the same run in which everybody reads; what it costs the server is its memory.
 */
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import { residentBytes } from "../measure/process.ts";
import { measureWindow } from "../measure/window.ts";
import type { Server } from "../servers/server.ts";
import { mainServers, type Outcome, type Scenario, spoken } from "./scenario.ts";

const MEMBERS = 200;
const TEXT_BYTES = 16 * 1024;
const PER_SECOND = 50;
/** The kernel swallows some megabytes for each stalled socket before the server has to hold anything. */
const SECONDS = 10;

export const stalled: Scenario = {
  name: "stalled",
  title: "A tenth of the readers stalled",
  about: `One room of ${MEMBERS}, ${PER_SECOND} messages of 16 KiB a second for ${SECONDS} s; 20 members stop reading.`,
  compare: "p99Ratio",
  columns: ["p99Ratio", "p50Ms", "p99Ms", "cpuUs", "growthMb", "residentMb", "lost", "duplicated", "closedEarly"],
  takes: mainServers,
  async run(server) {
    const all = await oneRun(server, 0);
    const some = await oneRun(server, MEMBERS / 10);
    const p99Ratio = some.metrics.p99Ms! / all.metrics.p99Ms!;
    return [all, { ...some, metrics: { ...some.metrics, p99Ratio } }];
  },
};

async function oneRun(server: Server, stalledReaders: number): Promise<Outcome> {
  const running = await server.start({});
  try {
    const seating = { rooms: 1, members: MEMBERS, lanesPerRoom: 20, stalled: stalledReaders, textBytes: TEXT_BYTES };
    const protocols = [spoken(server)];
    const crowd = await Crowd.open({ ...seating, protocols, dial: dialBun, ports: running.ports });
    const before = residentBytes(running.pids);
    crowd.stall();
    const load = { kind: "open", perSecond: PER_SECOND } as const;
    const metrics = await measureWindow(crowd, { load, seconds: SECONDS, pids: running.pids });
    const growthMb = metrics.residentMb! - before / 1e6;
    crowd.close();
    return { load: stalledReaders ? "20 of 200 stalled" : "all read", metrics: { ...metrics, growthMb } };
  } finally {
    await running.stop();
  }
}
