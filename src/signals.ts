/**
 * What signals mean to the process. SIGTERM and SIGINT: everybody is sent away in good order, then it ends.
 *
 * main.ts calls it before the server answers: a runtime may need a moment until it listens to signals.
 */
import process from "node:process";
import type { Log } from "./log.ts";

/**
 * Signals so close together mean one thing. A supervisor signals the whole process group, and a script runner in it
 * passes its own signal on to the server, which gets two.
 */
const TOGETHER_MS = 2_000;

export interface SignalActions {
  /** Drains; resolves when everybody is gone. */
  stop(): Promise<void>;
  /** Ends the process. */
  end(code: number): void;
  log: Log;
}

export function listenToSignals({ stop, end, log }: SignalActions): void {
  let stoppingSince: number | undefined;
  const onStop = async (signal: string) => {
    // Whoever signals again after a while does not want to wait any longer.
    if (stoppingSince !== undefined) return performance.now() - stoppingSince > TOGETHER_MS && end(1);
    stoppingSince = performance.now();
    log.info("stopping", { signal });
    try {
      await stop();
      log.info("stopped");
      end(0);
    } catch (error) {
      log.error("could not stop in good order", { error });
      end(1);
    }
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void onStop(signal));
}
