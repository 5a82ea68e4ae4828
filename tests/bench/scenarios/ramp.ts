/**
 * Connection ramp: 10,000 handshakes as fast as the server takes them, 64 under way at a time, each complete when the
 * greeting has come. Parley also with an HS256 token verified in each.
 */
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import { cpuUs } from "../measure/process.ts";
import { isClientBound } from "../measure/statistics.ts";
import type { Server } from "../servers/server.ts";
import { everybody, isParley, type Outcome, type Scenario, type Settings, spoken } from "./scenario.ts";

const CONNECTIONS = 10_000;
const QUICK_CONNECTIONS = 2_000;

export const ramp: Scenario = {
  name: "ramp",
  title: "Connection ramp",
  about: `${CONNECTIONS.toLocaleString("en")} handshakes on a fresh server, 64 at a time, until each has its greeting.`,
  compare: "handshakeUs",
  columns: ["handshakeUs", "handshakes", "serverShare", "clientShare"],
  takes: everybody,
  async run(server, settings) {
    const outcomes = [await climb(server, settings, false)];
    if (isParley(server)) outcomes.push(await climb(server, settings, true));
    return outcomes;
  },
};

async function climb(server: Server, { quick }: Settings, tokens: boolean): Promise<Outcome> {
  const running = await server.start({});
  try {
    const rooms = quick ? QUICK_CONNECTIONS : CONNECTIONS;
    const seating = { rooms, members: 1, lanesPerRoom: 1, textBytes: 0 };
    const own = process.cpuUsage();
    const [cpuBefore, startedMs] = [cpuUs(running.pids), performance.now()];
    const protocols = [spoken(server, "greeted")];
    const crowd = await Crowd.open({ ...seating, protocols, tokens, dial: dialBun, ports: running.ports });
    const wallUs = (performance.now() - startedMs) * 1000;
    const used = cpuUs(running.pids) - cpuBefore;
    const ownUsed = process.cpuUsage(own);
    crowd.close();
    const shares = { server: used / wallUs, client: (ownUsed.user + ownUsed.system) / wallUs };
    const handshakes = isClientBound(shares) ? NaN : rooms / wallUs * 1e6;
    const metrics = { handshakeUs: used / rooms, handshakes, serverShare: shares.server, clientShare: shares.client };
    return { load: "handshakes", variant: tokens ? "HS256 token" : undefined, metrics };
  } finally {
    await running.stop();
  }
}
