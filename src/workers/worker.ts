/**
 * One of several workers: a thread with a server of its own that shares the ports with the others.
 *
 * The first thread starts it and tells it what to do. It must not listen to signals: on Deno they reach every thread.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { Config, Renewal } from "../config/config.ts";
import { ParleyError, reasonOf } from "../errors.ts";
import { demoPages } from "../demo/pages.ts";
import { createLog, type Level, LEVELS, type Log } from "../log.ts";
import { createServer, type Renewed, type Running, type WorkerPlace } from "../server.ts";

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
export type WorkerCommand = "ping" | "drain" | { renew: Renewal };

/** What it says. */
export type Report =
  | { is: "pong" }
  | { is: "ready"; ports: number[]; adminPorts: number[]; runtime: "bun" | "deno" }
  | { is: "renewed"; renewed: Renewed }
  /** What it should take over is unusable, and it goes on as before. */
  | { is: "unusable"; reason: string }
  | { is: "failed"; reason: string };

export function runWorker(): void {
  const { id, config, place, colour }: WorkerData = workerData;
  const log = namingWorker(createLog({ level: config.logLevel, format: config.logFormat, colour }), id);
  const report = (report: Report) => parentPort!.postMessage(report);
  const starting = createServer(config, { log, pages: demoPages, worker: place });
  // In a worker process.exit ends its thread, not the process.
  const fail = (what: string) => (error: unknown) => {
    log.error(what, { error });
    process.exit(1);
  };
  parentPort!.on("message", (command: WorkerCommand) => {
    if (command === "ping") return report({ is: "pong" });
    if (command === "drain") {
      starting.then((server) => server.stop()).then(() => process.exit(0), fail("could not stop in good order"));
      return;
    }
    starting.then((server) => renew(server, command.renew)).then(report, fail("could not take over what changed"));
  });
  starting.then(
    ({ ports, adminPorts, runtime }) => report({ is: "ready", ports, adminPorts, runtime }),
    (error) => report({ is: "failed", reason: reasonOf(error) }),
  );
}

async function renew(server: Running, renewal: Renewal): Promise<Report> {
  try {
    return { is: "renewed", renewed: await server.renew(renewal) };
  } catch (error) {
    if (!(error instanceof ParleyError && error.code === "bad_message")) throw error;
    return { is: "unusable", reason: error.message };
  }
}

/** A log whose lines say which worker wrote them. */
function namingWorker(log: Log, worker: number): Log {
  const write = (level: Level): Log[Level] => (message, fields) => log[level](message, { worker, ...fields });
  return Object.fromEntries(LEVELS.map((level) => [level, write(level)])) as unknown as Log;
}
