/**
 * Flatness: the same room of a hundred talks while more and more others sit idle, in few rooms or in many. What a message
 * and a handshake cost must not depend on them. A server without the others runs beside each, and the windows alternate:
 * a machine that slows down for a minute would otherwise look like a server that does.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import type { Metrics } from "../measure/metrics.ts";
import { cpuUs } from "../measure/process.ts";
import { spreadOf } from "../measure/statistics.ts";
import { measureWindow } from "../measure/window.ts";
import type { Running, Server } from "../servers/server.ts";
import { isParley, type Outcome, type Scenario, type Settings, spoken } from "./scenario.ts";
import { TEXT_BYTES } from "./traffic.ts";

interface Others {
  readonly load: string;
  readonly rooms: number;
  readonly members: number;
}

const NOBODY = { rooms: 0, members: 0 };
export const OTHERS: readonly Others[] = [
  { load: "1,000 connections, 91 rooms", rooms: 90, members: 10 },
  { load: "10,000 connections, 991 rooms", rooms: 990, members: 10 },
  { load: "10,000 connections, 2 rooms", rooms: 1, members: 9_900 },
  { load: "10,000 connections, 9,901 rooms", rooms: 9_900, members: 1 },
];

/** The lanes are for the warm-up; one of them is measured. */
const TALKERS = { rooms: 1, members: 100, lanesPerRoom: 16, textBytes: TEXT_BYTES };
/** So that the server's code is compiled before its handshakes are measured. */
const WARM_UP = { rooms: 200, members: 10, lanesPerRoom: 1, textBytes: 0, hall: "early" };
const PROBE = { rooms: 50, members: 10, lanesPerRoom: 1, textBytes: 0, hall: "late" };
/** The server has seen a crowd go. */
const QUIET_MS = 1_000;
const ROUNDS = 3;

export const flat: Scenario = {
  name: "flat",
  title: "The same among more and more others",
  about:
    `A room of ${TALKERS.members} at 1 in flight, then ${PROBE.rooms * PROBE.members} more connections that join ` +
    "rooms of ten, while all others are idle; beside it, turn by turn, the same on a server without the others.",
  compare: "amongRatio",
  columns: ["amongRatio", "joinedRatio", "cpuUs", "joinedUs", "lost", "duplicated", "closedEarly"],
  takes: isParley,
  async run(server, settings) {
    const outcomes: Outcome[] = [];
    for (const others of OTHERS) {
      outcomes.push({ load: others.load, metrics: await compared(server, settings, others) });
    }
    return outcomes;
  },
};

async function compared(server: Server, settings: Settings, others: Others): Promise<Metrics> {
  const stages: RunningServer[] = [];
  try {
    for (const seated of [NOBODY, others]) stages.push(await open(server, await server.start({}), seated));
    const rounds: Metrics[][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const readings: Metrics[] = [];
      for (const stage of stages) readings.push(await read(stage, settings.seconds));
      rounds.push(readings);
    }
    const ratio = (name: "cpuUs" | "joinedUs") =>
      spreadOf(rounds.map(([alone, among]) => among![name]! / alone![name]!))?.median;
    return { ...rounds.at(-1)![1], amongRatio: ratio("cpuUs"), joinedRatio: ratio("joinedUs") };
  } finally {
    for (const { crowds, running } of stages) {
      for (const crowd of crowds) crowd.close();
      await running.stop();
    }
  }
}

interface RunningServer {
  readonly server: Server;
  readonly running: Running;
  readonly talkers: Crowd;
  readonly crowds: readonly Crowd[];
}

async function open(server: Server, running: Running, { rooms, members }: typeof NOBODY): Promise<RunningServer> {
  const line = lineTo(server, running);
  (await Crowd.open({ ...line, ...WARM_UP })).close();
  await delay(QUIET_MS);
  const idle = await Crowd.open({ ...line, rooms, members, lanesPerRoom: 1, textBytes: 0, hall: "idle" });
  const talkers = await Crowd.open({ ...line, ...TALKERS });
  return { server, running, talkers, crowds: [idle, talkers] };
}

async function read({ server, running, talkers }: RunningServer, seconds: number): Promise<Metrics> {
  const { pids } = running;
  const metrics = await measureWindow(talkers, { load: { kind: "closed", inFlight: 1 }, seconds, pids, awake: true });
  const before = cpuUs(pids);
  const probe = await Crowd.open({ ...lineTo(server, running), ...PROBE });
  const joinedUs = (cpuUs(pids) - before) / probe.connections.length;
  probe.close();
  await delay(QUIET_MS);
  return { ...metrics, joinedUs };
}

const lineTo = (server: Server, { ports }: Running) => ({ protocols: [spoken(server)], dial: dialBun, ports });
