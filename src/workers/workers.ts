/**
 * Several workers in one process: starts them, starts them again when they crash, ends the process when one hangs, and
 * drains them all. Runs in the first thread, which serves nobody itself.
 *
 * A worker is a thread that runs the program's own entry point, so a single binary needs no second one. Memory exhaustion
 * and crashes of the runtime itself take the whole process; against them there is the supervisor.
 */
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { URL } from "node:url";
import { type MessagePort, Worker } from "node:worker_threads";
import type { Config, Renewal } from "../config/config.ts";
import { ParleyError } from "../errors.ts";
import type { Log } from "../log.ts";
import { createSharedResources, type Renewed, type Running } from "../server.ts";
import type { Report, WorkerCommand, WorkerData } from "./worker.ts";

const PING_MS = 1_000;
const HANG_MS = 30_000;
/** The first pause before a crashed worker is started again; doubles with each crash. */
const PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
/** A worker that lived this long starts with the first pause again. */
const SETTLED_MS = 30_000;
/** What workers may take beyond the time their connections have. */
const GRACE_MS = 5_000;
/** Exit code of a process that has to be started again: EX_SOFTWARE of sysexits.h. */
const EXIT_UNUSABLE = 70;

export type Ready = Pick<Running, "ports" | "adminPorts" | "runtime">;

export interface WorkersParts {
  count: number;
  /** The module that a worker runs. */
  entry: string | URL;
  /** What the next worker is started with; `leave` follows when it is gone. */
  admit(id: number): { data: unknown; transfer: MessagePort[]; leave(): void };
  log: Log;
  /** A worker that says nothing for so long hangs. */
  hangMs?: number;
  /** How long they may take to end. */
  drainMs: number;
  /** Ends the process. */
  end(code: number): void;
}

interface Slot {
  readonly id: number;
  worker?: Worker;
  unansweredPings: number;
  crashes: number;
  /** Called with its answer to what was renewed, or with nothing when it has ended instead. */
  onRenewed?: (report?: Report & { is: "renewed" | "unusable" }) => void;
  startedAt: number;
  restart?: ReturnType<typeof setTimeout>;
}

export class Workers {
  readonly #parts: WorkersParts;
  readonly #slots: Slot[];
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #isStopping = false;
  #onEnd: () => void = () => undefined;

  constructor(parts: WorkersParts) {
    this.#parts = parts;
    this.#slots = Array.from(
      { length: parts.count },
      (_, n) => ({ id: n + 1, unansweredPings: 0, crashes: 0, startedAt: 0 }),
    );
  }

  /** Rejects if one of them cannot start. */
  async start(): Promise<Ready> {
    this.#watchdog = setInterval(() => this.#checkForHangs(), PING_MS);
    const [ready] = await Promise.all(this.#slots.map((slot) => this.#launch(slot)));
    return ready!;
  }

  /** Resolves when all have taken it over. Throws `bad_message` if it is unusable to them. */
  async renew(renewal: Renewal): Promise<Renewed> {
    const all = await Promise.all(this.#slots.map((slot) => this.#renewOne(slot, renewal)));
    return { hasCertificate: all.every(({ hasCertificate }) => hasCertificate) };
  }

  #renewOne(slot: Slot, renewal: Renewal): Promise<Renewed> {
    // One that is not there starts with the new configuration.
    if (!slot.worker) return Promise.resolve({ hasCertificate: true });
    slot.worker.postMessage({ renew: renewal } satisfies WorkerCommand);
    return new Promise((resolve, reject) => {
      slot.onRenewed = (report) => {
        slot.onRenewed = undefined;
        if (report?.is === "unusable") reject(new ParleyError("bad_message", report.reason));
        else resolve(report?.renewed ?? { hasCertificate: true });
      };
    });
  }

  /** Resolves when all have ended, and rejects if one of them does not in time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watchdog);
    const living = this.#slots.filter(({ worker, restart }) => {
      clearTimeout(restart);
      return worker !== undefined;
    });
    for (const { worker } of living) worker?.postMessage("drain" satisfies WorkerCommand);
    if (living.length === 0) return;
    const withinMs = this.#parts.drainMs + GRACE_MS;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`Cannot stop the workers: not all ended in ${withinMs} ms`)),
        withinMs,
      );
      this.#onEnd = () => {
        if (this.#slots.some(({ worker }) => worker)) return;
        clearTimeout(late);
        resolve();
      };
    });
  }

  #launch(slot: Slot): Promise<Ready> {
    const { data, transfer, leave } = this.#parts.admit(slot.id);
    const worker = new Worker(this.#parts.entry, { workerData: data, transferList: transfer });
    Object.assign(slot, { worker, unansweredPings: 0, startedAt: performance.now() });
    return new Promise((resolve, reject) => {
      worker.on("message", (report: Report) => {
        slot.unansweredPings = 0;
        if (report.is === "ready") resolve(report);
        if (report.is === "renewed" || report.is === "unusable") slot.onRenewed?.(report);
        if (report.is !== "failed") return;
        reject(new Error(report.reason));
        void worker.terminate();
      });
      worker.on("error", (error) => this.#parts.log.error("a worker crashed", { worker: slot.id, error }));
      worker.on("exit", (code) => {
        slot.worker = undefined;
        slot.onRenewed?.();
        leave();
        reject(new Error(`worker ${slot.id} ended with code ${code}`));
        if (this.#isStopping) this.#onEnd();
        else this.#restart(slot, code);
      });
    });
  }

  /** Whatever the exit code: a worker that was not told to end has crashed. */
  #restart(slot: Slot, code: number): void {
    if (performance.now() - slot.startedAt > SETTLED_MS) slot.crashes = 0;
    const inMs = Math.min(PAUSE_MS * 2 ** slot.crashes++, MAX_PAUSE_MS);
    this.#parts.log.error("a worker has ended and is started again", { worker: slot.id, code, inMs });
    slot.restart = setTimeout(async () => {
      try {
        await this.#launch(slot);
        this.#parts.log.info("a worker is back", { worker: slot.id });
      } catch (error) {
        this.#parts.log.error("a worker could not start", { worker: slot.id, error });
      }
    }, inMs);
  }

  /**
   * A spinning worker can be stopped on Bun, but on Deno its thread goes on and its listener takes its share of the
   * connections: only the end of the process is right on both. Counts pings, not time, which goes on while all is paused.
   */
  #checkForHangs(): void {
    const { hangMs = HANG_MS, log, end } = this.#parts;
    for (const { id, worker, unansweredPings } of this.#slots) {
      if (!worker || unansweredPings * PING_MS < hangMs) continue;
      log.error("a worker hangs: the process ends, so that all of it can be started again", { worker: id, hangMs });
      return end(EXIT_UNUSABLE);
    }
    for (const slot of this.#slots) {
      slot.unansweredPings++;
      slot.worker?.postMessage("ping" satisfies WorkerCommand);
    }
  }
}

export interface StartWorkersParts {
  log: Log;
  /** Of the log. */
  colour: boolean;
  /** The URL of the entry point. */
  main: string;
  hangMs?: number;
  /** Ends the process. */
  end(code: number): void;
}

/** Rejects if they cannot start. */
export async function startWorkers(
  given: Config,
  { log, colour, main, hangMs, end }: StartWorkersParts,
): Promise<Ready & Pick<Running, "renew" | "stop">> {
  const shared = await createSharedResources(given, (node) => {
    log.error("a worker is too far behind: the process ends before memory does", { node });
    end(EXIT_UNUSABLE);
  });
  let { config } = shared;
  const workers = new Workers({
    count: config.workerCount,
    entry: entryOf(main),
    log,
    hangMs,
    drainMs: config.websocketDrainMs,
    end,
    admit(id) {
      const { place, leave } = shared.addWorker();
      const data: WorkerData = { id, config, place, colour };
      return { data, leave, transfer: [place.uplink.port] };
    },
  });
  const ready = await workers.start();
  const stop = async () => {
    await workers.stop();
    shared.close();
  };
  const renew = async (renewal: Renewal) => {
    const before = config;
    // Also for workers that start meanwhile.
    config = { ...config, ...renewal.changes };
    try {
      return await workers.renew(renewal);
    } catch (error) {
      config = before;
      throw error;
    }
  };
  let stopping: Promise<void> | undefined;
  return { ...ready, renew, stop: () => stopping ??= stop() };
}

/** In a single binary the module has another address than its source, which only Bun tells. */
function entryOf(main: string): string | URL {
  return (globalThis as { Bun?: { main: string } }).Bun?.main ?? new URL(main);
}
