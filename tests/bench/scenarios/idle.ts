/**
 * Memory of idle connections: 10,000 joined to 1,000 rooms of ten, then silence. Resident memory of the server, and what
 * the kernel holds for the sockets of both ends, halved.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import { kernelSocketBytes, residentBytes } from "../measure/process.ts";
import { everybody, type Scenario, spoken } from "./scenario.ts";

const MEMBERS = 10;
const ROOMS = 1_000;
const QUICK_ROOMS = 200;
const SETTLE_MS = 2_000;
const QUICK_SETTLE_MS = 500;

export const idle: Scenario = {
  name: "idle",
  title: "Idle connections",
  about: `In rooms of ${MEMBERS}, then silent; read ${SETTLE_MS / 1000} s later (--quick: ${QUICK_SETTLE_MS / 1000}).`,
  compare: "connectionBytes",
  columns: ["connectionBytes", "kernelBytes", "idleMb", "residentMb"],
  quick: true,
  takes: everybody,
  async run(server, { quick }) {
    const running = await server.start({});
    try {
      const rooms = quick ? QUICK_ROOMS : ROOMS;
      const connections = rooms * MEMBERS;
      const seating = { rooms, members: MEMBERS, lanesPerRoom: 1, textBytes: 0 };
      await delay(QUICK_SETTLE_MS);
      const [resident, kernel] = [residentBytes(running.pids), kernelSocketBytes()];
      const protocols = [spoken(server)];
      const crowd = await Crowd.open({ ...seating, protocols, dial: dialBun, ports: running.ports });
      await delay(quick ? QUICK_SETTLE_MS : SETTLE_MS);
      const metrics = {
        connectionBytes: (residentBytes(running.pids) - resident) / connections,
        kernelBytes: (kernelSocketBytes() - kernel) / connections / 2,
        idleMb: resident / 1e6,
        residentMb: residentBytes(running.pids) / 1e6,
      };
      crowd.close();
      return [{ load: `${connections.toLocaleString("en")} connections`, metrics }];
    } finally {
      await running.stop();
    }
  },
};
