/**
 * One of several workers: a thread with a server of its own that shares the ports with the others.
 *
 * main.ts calls it in every thread but the first; workers.ts started the thread, and says when to drain. It must not
 * listen to signals: on Deno they reach every thread.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { Config } from "./config.ts";
import { createLog, type Level, LEVELS, type Log } from "./log.ts";
import { createServer, type WorkerPlace } from "./server.ts";

/** What a worker is started with. */
export interface WorkerData {
  /** Counts from 1. */
  id: number;
  config: Config;
  place: WorkerPlace;
  /** Of the log. */
  colour: boolean;
}

/** What it is told. */
export type Order = "ping" | "drain";

/** What it says. */
export type Report =
  | { is: "pong" }
  | { is: "ready"; ports: number[]; adminPorts: number[]; runtime: "bun" | "deno" }
  | { is: "failed"; reason: string };

export function runWorker(): void {
  const { id, config, place, colour }: WorkerData = workerData;
  const log = signed(createLog({ level: config.logLevel, format: config.logFormat, colour }), id);
  const report = (report: Report) => parentPort!.postMessage(report);
  const starting = createServer(config, { log, worker: place });
  parentPort!.on("message", (order: Order) => {
    if (order === "ping") return report({ is: "pong" });
    // Ends this thread, not the process.
    starting.then((server) => server.stop()).then(() => process.exit(0), (error) => {
      log.error("could not stop in good order", { error });
      process.exit(1);
    });
  });
  starting.then(
    ({ ports, adminPorts, runtime }) => report({ is: "ready", ports, adminPorts, runtime }),
    (error) => report({ is: "failed", reason: error instanceof Error ? error.message : String(error) }),
  );
}

/** A log whose lines say which worker wrote them. */
function signed(log: Log, worker: number): Log {
  const write = (level: Level): Log[Level] => (message, fields) => log[level](message, { worker, ...fields });
  return Object.fromEntries(LEVELS.map((level) => [level, write(level)])) as unknown as Log;
}
