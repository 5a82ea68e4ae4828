/**
 * Join/leave churn: twenty members of a room leave and join again without pause, each waiting for its answers. Below the
 * announcement bound everybody hears of it. The bare servers have no such thing: their row is the least it can cost, two
 * publishes to the room where it is announced, two echoes where it is not.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Crowd } from "../load/crowd.ts";
import type { Connection } from "../load/connection.ts";
import { dialBun } from "../load/dial.ts";
import { cpuUs } from "../measure/process.ts";
import type { Metrics } from "../measure/metrics.ts";
import { Vigil } from "../measure/vigil.ts";
import { measureWindow } from "../measure/window.ts";
import type { Running, Server } from "../servers/server.ts";
import { isLimit, type Outcome, type Scenario, type Settings, speaks, spoken } from "./scenario.ts";
import { TEXT_BYTES } from "./traffic.ts";

const ROOMS = [{ members: 100, announced: true }, { members: 1_000, announced: false }] as const;
const CHURNERS = 20;
/** Until the server's code is compiled. */
const WARM_UP_MS = 2_000;

export const churn: Scenario = {
  name: "churn",
  title: "Join and leave",
  about: "20 members of one room leave and join again. Announced to all in a room of 100, to nobody in one of 1,000.",
  compare: "rejoinUs",
  columns: ["rejoinUs", "rejoins", "closedEarly"],
  takes: (server) => isLimit(server) || speaks("kebab")(server) || speaks("socketio")(server),
  async run(server, settings) {
    const outcomes: Outcome[] = [];
    for (const room of ROOMS) {
      const running = await server.start({ announce: room.announced });
      try {
        const measure = isLimit(server) ? leastCost : rejoining;
        const load = `${room.members.toLocaleString("en")} members, ${room.announced ? "announced" : "not announced"}`;
        outcomes.push({ load, metrics: await measure({ server, running, settings, ...room }) });
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
  readonly members: number;
  readonly announced: boolean;
}

async function leastCost({ server, running, settings, members, announced }: Run): Promise<Metrics> {
  const seating = announced ? { rooms: 1, members, lanesPerRoom: 1 } : { rooms: CHURNERS, members: 1, lanesPerRoom: 1 };
  const protocols = [spoken(server)];
  const crowd = await Crowd.open({ ...seating, protocols, dial: dialBun, ports: running.ports, textBytes: TEXT_BYTES });
  const load = { kind: "closed", inFlight: 1 } as const;
  const { cpuUs: each } = await measureWindow(crowd, {
    load,
    seconds: settings.seconds,
    pids: running.pids,
    awake: true,
  });
  crowd.close();
  return { rejoinUs: each! * seating.members * 2 };
}

async function rejoining({ server, running, settings, members }: Run): Promise<Metrics> {
  const protocol = spoken(server);
  const seating = { rooms: 1, members, lanesPerRoom: 1, textBytes: 0 };
  const crowd = await Crowd.open({ ...seating, protocols: [protocol], dial: dialBun, ports: running.ports });
  let rejoins = 0;
  let churning = true;
  const again = (connection: Connection) => {
    if (!churning) return;
    const { room } = connection.place.seat;
    connection.perform([protocol.leave!(room), protocol.join!(room)], () => {
      rejoins++;
      again(connection);
    });
  };
  const vigil = new Vigil(() => rejoins);
  for (const connection of crowd.connections.slice(0, CHURNERS)) again(connection);
  await delay(WARM_UP_MS);
  const [cpuBefore, before, startedMs] = [cpuUs(running.pids), rejoins, performance.now()];
  await delay(settings.seconds * 1000);
  const done = rejoins - before;
  const used = cpuUs(running.pids) - cpuBefore;
  const perSecond = done / (performance.now() - startedMs) * 1000;
  churning = false;
  vigil.end();
  crowd.close();
  return { rejoinUs: used / done, rejoins: perSecond, closedEarly: crowd.closedEarly };
}
