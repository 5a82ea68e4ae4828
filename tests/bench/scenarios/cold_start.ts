/**
 * Cold start: from the moment the process is asked for to the first complete handshake, file cache warm.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Crowd } from "../load/crowd.ts";
import { dialBun } from "../load/dial.ts";
import { residentBytes } from "../measure/process.ts";
import { everybody, type Scenario, spoken } from "./scenario.ts";

export const coldStart: Scenario = {
  name: "cold-start",
  title: "Cold start",
  about: "Process started to first connection joined; the port is tried every millisecond.",
  compare: "startMs",
  columns: ["startMs", "idleMb"],
  takes: everybody,
  async run(server) {
    await (await server.start({})).stop(); // installed, and its files read once
    const startedMs = performance.now();
    const running = await server.start({});
    try {
      const seating = { rooms: 1, members: 1, lanesPerRoom: 1, textBytes: 0 };
      const crowd = await Crowd.open({ ...seating, protocols: [spoken(server)], dial: dialBun, ports: running.ports });
      const startMs = performance.now() - startedMs;
      crowd.close();
      await delay(500);
      return [{ load: "start", metrics: { startMs, idleMb: residentBytes(running.pids) / 1e6 } }];
    } finally {
      await running.stop();
    }
  },
};
