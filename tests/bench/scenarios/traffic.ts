/**
 * Scenarios in which messages flow through rooms: a server, a crowd, and one measuring window for each load. Fan-out,
 * echo, dialects and Socket.IO are entries of a table made of these.
 */
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import type { Load } from "../load/load.ts";
import type { Protocol } from "../load/protocol.ts";
import { measureWindow } from "../measure/window.ts";
import type { MetricName } from "../measure/metrics.ts";
import type { Running, Server } from "../servers/server.ts";
import { type Outcome, type Scenario, type Settings, spoken } from "./scenario.ts";

export interface Variant {
  readonly name?: string;
  readonly protocols: readonly Protocol[];
}

export interface Traffic {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly rooms: number;
  readonly members: number;
  readonly loads: readonly Load[];
  readonly quick?: boolean;
  takes(server: Server): boolean;
  variants?(server: Server): readonly Variant[];
}

export const TEXT_BYTES = 88;
/** Enough that the publishers of an open loop rarely follow themselves. */
const LANES_OF_OPEN_LOOP = 50;

const COLUMNS: readonly MetricName[] = [
  "cpuUs",
  "rate",
  "p50Ms",
  "p99Ms",
  "p999Ms",
  "frameBytes",
  "lost",
  "unsettled",
  "duplicated",
  "disordered",
  "closedEarly",
  "serverShare",
  "clientShare",
];

export function traffic({ variants = (server) => [{ protocols: [spoken(server)] }], ...entry }: Traffic): Scenario {
  return {
    ...entry,
    compare: "cpuUs",
    columns: COLUMNS,
    async run(server, settings) {
      const outcomes: Outcome[] = [];
      for (const variant of variants(server)) {
        const running = await server.start({});
        try {
          outcomes.push(...await flow({ ...entry, variant, running, settings }));
        } finally {
          await running.stop();
        }
      }
      return outcomes;
    },
  };
}

interface Flow extends Pick<Traffic, "rooms" | "members" | "loads"> {
  readonly variant: Variant;
  readonly running: Running;
  readonly settings: Settings;
}

async function flow({ rooms, members, loads, variant, running, settings }: Flow): Promise<Outcome[]> {
  const used = settings.quick ? loads.filter((load) => load.kind === "closed") : loads;
  const seating = { rooms, members, lanesPerRoom: Math.max(...used.map(lanesFor(rooms))) };
  const crowd = await Crowd.open({
    ...seating,
    ...variant,
    dial: dialBun,
    ports: running.ports,
    textBytes: TEXT_BYTES,
  });
  try {
    const outcomes: Outcome[] = [];
    for (const load of used) {
      const metrics = await measureWindow(crowd, { load, seconds: settings.seconds, pids: running.pids, awake: true });
      outcomes.push({ load: titleOf(load), variant: variant.name, metrics });
    }
    return outcomes;
  } finally {
    crowd.close();
  }
}

const lanesFor = (rooms: number) => (load: Load): number =>
  load.kind === "closed" ? load.inFlight : Math.ceil(LANES_OF_OPEN_LOOP / rooms);

export function titleOf(load: Load): string {
  return load.kind === "closed" ? `${load.inFlight} in flight` : `${load.perSecond.toLocaleString("en")} msg/s`;
}
