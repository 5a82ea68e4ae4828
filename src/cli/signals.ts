/**
 * What signals mean to the process. SIGTERM and SIGINT: everybody is sent away in good order, then it ends. SIGHUP: the
 * terminal it ran in was closed, which is the same; without a terminal, what can change while it runs is read anew.
 *
 * They must be listened to before the server answers: a runtime may need a moment until it does.
 */
import process from "node:process";
import type { Log } from "../log.ts";

/**
 * Signals so close together mean one thing. A supervisor signals the whole process group, and a script runner in it
 * passes its own signal on to the server, which gets two.
 */
const TOGETHER_MS = 2_000;

export interface SignalActions {
  /** Drains; resolves when everybody is gone. */
  stop(): Promise<void>;
  /** Reads anew what can change. */
  renew(): Promise<void>;
  /** Ends the process. */
  end(code: number): void;
  /** Whether it was started from a terminal. */
  hasTerminal: boolean;
  log: Log;
}

export function listenToSignals({ stop, renew, end, hasTerminal, log }: SignalActions): void {
  let stoppingSince: number | undefined;
  let renewing = Promise.resolve();
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
  const onRenew = () => {
    if (stoppingSince !== undefined) return;
    renewing = renewing.then(renew).catch((error) => log.error("could not take over what was read anew", { error }));
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void onStop(signal));
  process.on("SIGHUP", () => hasTerminal ? void onStop("SIGHUP") : onRenew());
}
