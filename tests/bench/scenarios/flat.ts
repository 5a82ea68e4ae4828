/**
 * Flatness: the same room of a hundred talks while more and more others sit idle, in few rooms or in many. What a message
 * and a handshake cost must not depend on them.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import type { Metrics } from "../measure/metrics.ts";
import { cpuUs } from "../measure/process.ts";
import { measureWindow } from "../measure/window.ts";
import type { Running, Server } from "../servers/server.ts";
import { isLimit, isParley, type Outcome, type Scenario, type Settings, spoken } from "./scenario.ts";
import { TEXT_BYTES } from "./traffic.ts";

interface Others {
  readonly load: string;
  readonly rooms: number;
  readonly members: number;
}

/** The first is what the others are compared with. */
export const OTHERS: readonly Others[] = [
  { load: "100 connections, 1 room", rooms: 0, members: 0 },
  { load: "1,000 connections, 91 rooms", rooms: 90, members: 10 },
  { load: "10,000 connections, 991 rooms", rooms: 990, members: 10 },
  { load: "10,000 connections, 2 rooms", rooms: 1, members: 9_900 },
  { load: "10,000 connections, 9,901 rooms", rooms: 9_900, members: 1 },
];

/** The lanes are for the warm-up; one of them is measured. */
const TALKERS = { rooms: 1, members: 100, lanesPerRoom: 16, textBytes: TEXT_BYTES };
/** So that the server's code is compiled before its handshakes are measured. */
const WARM_UP = { rooms: 200, members: 10, lanesPerRoom: 1, textBytes: 0, hall: "early" };
const PROBE = { rooms: 100, members: 10, lanesPerRoom: 1, textBytes: 0, hall: "late" };
/** The server has seen a crowd go. */
const QUIET_MS = 1_500;

export const flat: Scenario = {
  name: "flat",
  title: "The same with more and more others",
  about:
    `A room of ${TALKERS.members} at 1 in flight, then ${PROBE.rooms * PROBE.members} more connections that join ` +
    "rooms of ten, while all others are idle.",
  compare: "cpuUs",
  columns: ["cpuUs", "joinedUs", "p50Ms", "p99Ms", "lost", "duplicated", "closedEarly"],
  takes: (server) => isParley(server) || isLimit(server),
  async run(server, settings) {
    const outcomes: Outcome[] = [];
    for (const others of OTHERS) {
      const running = await server.start({});
      try {
        outcomes.push({ load: others.load, metrics: await among(others, { server, running, settings }) });
      } finally {
        await running.stop();
      }
    }
    return outcomes;
  },
};

interface Run {
  readonly server: Server;
  readonly running: Running;
  readonly settings: Settings;
}

async function among({ rooms, members }: Others, { server, running, settings }: Run): Promise<Metrics> {
  const { pids, ports } = running;
  const line = { protocols: [spoken(server)], dial: dialBun, ports };
  (await Crowd.open({ ...line, ...WARM_UP })).close();
  await delay(QUIET_MS);
  const idle = await Crowd.open({ ...line, rooms, members, lanesPerRoom: 1, textBytes: 0, hall: "idle" });
  const talkers = await Crowd.open({ ...line, ...TALKERS });
  const load = { kind: "closed", inFlight: 1 } as const;
  const metrics = await measureWindow(talkers, { load, seconds: settings.seconds, pids });
  const before = cpuUs(pids);
  const probe = await Crowd.open({ ...line, ...PROBE });
  const joinedUs = (cpuUs(pids) - before) / probe.connections.length;
  for (const crowd of [idle, talkers, probe]) crowd.close();
  return { ...metrics, joinedUs };
}
