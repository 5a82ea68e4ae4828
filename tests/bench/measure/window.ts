/**
 * One measuring window over a driven crowd: warm up, take the readings at both ends, stop, wait until nothing is under
 * way, and balance the books. Every traffic scenario is made of such windows.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Crowd } from "../load/crowd.ts";
import { drive, type Load } from "../load/load.ts";
import { cpuUs, residentBytes } from "./process.ts";
import { isClientBound } from "./statistics.ts";
import type { Metrics } from "./metrics.ts";
import { Vigil } from "./vigil.ts";

export interface Window {
  readonly load: Load;
  readonly seconds: number;
  readonly pids: readonly number[];
  /** The load client does not sleep meanwhile: for the CPU of a single server, to which it leaves a core. */
  readonly awake?: boolean;
}

const WARM_UP_S = 0.5;
/** Before the first window: a server that has only just taken a thousand handshakes still compiles and collects. */
const FIRST_WARM_UP_S = 2;
const DRAIN_MS = 15_000;
/** A server that is choked may be silent for seconds and then send all that seemed lost. */
const SILENCE_MS = 5_000;

export async function measureWindow(crowd: Crowd, { load, seconds, pids, awake }: Window): Promise<Metrics> {
  if (crowd.ledger.delivered === 0 && load.kind === "closed") await warmUp(crowd, Math.min(seconds, FIRST_WARM_UP_S));
  const before = crowd.ledger.balance();
  const vigil = awake ? new Vigil(() => crowd.ledger.delivered) : undefined;
  const stop = drive(crowd, load);
  await delay(WARM_UP_S * 1000);
  crowd.latency.clear();
  const start = readings(crowd, pids, vigil);
  await delay(seconds * 1000);
  const end = readings(crowd, pids, vigil);
  const quantiles = [0.5, 0.99, 0.999].map((quantile) => crowd.latency.quantile(quantile) / 1000);
  stop();
  vigil?.end();
  const settled = await drained(crowd);
  const after = crowd.ledger.balance();
  const delivered = end.delivered - start.delivered;
  const wallUs = (end.atMs - start.atMs) * 1000;
  const shares = { client: (end.ownUs - start.ownUs) / wallUs, server: (end.serverUs - start.serverUs) / wallUs };
  return {
    cpuUs: (end.serverUs - start.serverUs) / delivered,
    rate: isClientBound(shares) ? NaN : delivered / wallUs * 1e6,
    p50Ms: quantiles[0],
    p99Ms: quantiles[1],
    p999Ms: quantiles[2],
    frameBytes: (end.bytes - start.bytes) / delivered,
    lost: settled ? after.lost - before.lost : 0,
    unsettled: settled ? 0 : after.lost,
    duplicated: after.duplicated - before.duplicated,
    disordered: after.reordered + after.misdelivered - before.reordered - before.misdelivered,
    closedEarly: crowd.closedEarly,
    residentMb: residentBytes(pids) / 1e6,
    serverShare: shares.server,
    clientShare: shares.client,
  };
}

/** All lanes at once: at one message in flight so few pass in two seconds that the server's code stays uncompiled. */
async function warmUp(crowd: Crowd, seconds: number): Promise<void> {
  const stop = drive(crowd, { kind: "closed", inFlight: crowd.plan.lanesPerRoom });
  await delay(seconds * 1000);
  stop();
  await drained(crowd);
}

function readings(crowd: Crowd, pids: readonly number[], vigil?: Vigil) {
  const own = process.cpuUsage();
  const atMs = performance.now();
  return {
    atMs,
    delivered: crowd.ledger.delivered,
    bytes: crowd.deliveredBytes,
    serverUs: cpuUs(pids),
    ownUs: vigil ? (atMs - vigil.idleMs) * 1000 : own.user + own.system,
  };
}

/** Gives stragglers their time as long as something still arrives; false when they needed more than there is. */
async function drained(crowd: Crowd): Promise<boolean> {
  const deadline = performance.now() + DRAIN_MS;
  for (let quietMs = 0; crowd.ledger.underWay > 0 && quietMs < SILENCE_MS;) {
    if (performance.now() > deadline) return false;
    const before = crowd.ledger.delivered;
    await delay(20);
    quietMs = crowd.ledger.delivered === before ? quietMs + 20 : 0;
  }
  return true;
}
