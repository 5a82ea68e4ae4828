/**
 * Connection ramp: 10,000 handshakes as fast as the server takes them, 64 under way at a time, each complete when the
 * greeting has come. First on a fresh server, whose code is still being compiled, then again on the same one. Parley
 * also with an HS256 token verified in each, other tokens the second time.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import { cpuUs } from "../measure/process.ts";
import { isClientBound } from "../measure/statistics.ts";
import type { Metrics } from "../measure/metrics.ts";
import type { Running, Server } from "../servers/server.ts";
import { everybody, isParley, type Outcome, type Scenario, type Settings, spoken } from "./scenario.ts";

const CONNECTIONS = 10_000;
const QUICK_CONNECTIONS = 2_000;
/** The server has seen the first crowd go. */
const QUIET_MS = 1_500;

export const ramp: Scenario = {
  name: "ramp",
  title: "Connection ramp",
  about: `${CONNECTIONS.toLocaleString("en")} handshakes (--quick: ${
    QUICK_CONNECTIONS.toLocaleString("en")
  }), 64 at a time, until each has its greeting; then once more.`,
  compare: "handshakeUs",
  columns: ["handshakeUs", "handshakes", "serverShare", "clientShare"],
  quick: true,
  takes: everybody,
  async run(server, settings) {
    const outcomes = await climbTwice(server, settings, false);
    if (isParley(server)) outcomes.push(...await climbTwice(server, settings, true));
    return outcomes;
  },
};

async function climbTwice(server: Server, { quick }: Settings, tokens: boolean): Promise<Outcome[]> {
  const running = await server.start({});
  try {
    const variant = tokens ? "HS256 token" : undefined;
    const climb = { server, running, tokens, connections: quick ? QUICK_CONNECTIONS : CONNECTIONS };
    const outcomes = [{ load: "fresh server", variant, metrics: await climbOnce(climb) }];
    if (quick) return outcomes;
    await delay(QUIET_MS);
    const again = await climbOnce({ ...climb, firstUser: climb.connections });
    return [...outcomes, { load: "warm server", variant, metrics: again }];
  } finally {
    await running.stop();
  }
}

interface Climb {
  readonly server: Server;
  readonly running: Running;
  readonly tokens: boolean;
  readonly connections: number;
  readonly firstUser?: number;
}

async function climbOnce({ server, running, tokens, connections, firstUser }: Climb): Promise<Metrics> {
  const { pids, ports } = running;
  const seating = { rooms: connections, members: 1, lanesPerRoom: 1, textBytes: 0 };
  const own = process.cpuUsage();
  const [cpuBefore, startedMs] = [cpuUs(pids), performance.now()];
  const protocols = [spoken(server, "greeted")];
  const crowd = await Crowd.open({ ...seating, protocols, tokens, firstUser, dial: dialBun, ports });
  const wallUs = (performance.now() - startedMs) * 1000;
  const used = cpuUs(pids) - cpuBefore;
  const ownUsed = process.cpuUsage(own);
  crowd.close();
  const shares = { server: used / wallUs, client: (ownUsed.user + ownUsed.system) / wallUs };
  const handshakes = isClientBound(shares) ? NaN : connections / wallUs * 1e6;
  return { handshakeUs: used / connections, handshakes, serverShare: shares.server, clientShare: shares.client };
}
