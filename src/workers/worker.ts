/**
 * One of several workers: a thread with a server of its own that shares the ports with the others.
 *
 * The first thread starts it and tells it what to do. It must not listen to signals: on Deno they reach every thread.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { Config, Renewal } from "../config/config.ts";
import { ParleyError } from "../errors.ts";
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
  /** `unusable`: it was what it should take over, and it goes on as before. */
  | { is: "unusable"; reason: string }
  | { is: "failed"; reason: string };

export function runWorker(): void {
  const { id, config, place, colour }: WorkerData = workerData;
  const log = signed(createLog({ level: config.logLevel, format: config.logFormat, colour }), id);
  const report = (report: Report) => parentPort!.postMessage(report);
  const starting = createServer(config, { log, pages: demoPages, worker: place });
  parentPort!.on("message", (order: WorkerCommand) => {
    if (order === "ping") return report({ is: "pong" });
    // What ends it ends this thread, not the process.
    const end = (what: string) => (error: unknown) => {
      log.error(what, { error });
      process.exit(1);
    };
    if (order === "drain") {
      starting.then((server) => server.stop()).then(() => process.exit(0), end("could not stop in good order"));
    } else starting.then((server) => renew(server, order.renew)).then(report, end("could not take over what changed"));
  });
  starting.then(
    ({ ports, adminPorts, runtime }) => report({ is: "ready", ports, adminPorts, runtime }),
    (error) => report({ is: "failed", reason: error instanceof Error ? error.message : String(error) }),
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
function signed(log: Log, worker: number): Log {
  const write = (level: Level): Log[Level] => (message, fields) => log[level](message, { worker, ...fields });
  return Object.fromEntries(LEVELS.map((level) => [level, write(level)])) as unknown as Log;
}
