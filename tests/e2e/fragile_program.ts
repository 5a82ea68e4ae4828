/**
 * The executable as workers_fault_test.ts needs it: the same workers, one of which ends or hangs when standard input says
 * so: `end 1`, `spin 2`.
 */
import process from "node:process";
import { isMainThread, workerData } from "node:worker_threads";
import { defaultConfig } from "../../src/config/config.ts";
import { createLog } from "../../src/log.ts";
import { runWorker, type WorkerData } from "../../src/workers/worker.ts";
import { startWorkers } from "../../src/workers/workers.ts";

const channel = new BroadcastChannel("breakage");

if (isMainThread) {
  const [port, secret, hangMs] = process.argv.slice(2);
  const config = defaultConfig({
    ports: [Number(port)],
    host: "127.0.0.1",
    jwtSecret: secret,
    workers: 2,
    websocketConnectRate: 0,
  });
  const parts = { log: createLog(), colour: false, main: import.meta.url, hangMs: Number(hangMs), end: process.exit };
  void startWorkers(config, parts);
  process.stdin.on("data", (text) => channel.postMessage(String(text).trim()));
} else {
  const { id }: WorkerData = workerData;
  channel.onmessage = ({ data }) => {
    if (data === `end ${id}`) process.exit(7);
    if (data === `throw ${id}`) throw new TypeError("this worker is broken");
    while (data === `spin ${id}`);
  };
  runWorker();
}
