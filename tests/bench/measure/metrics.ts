/**
 * Everything a scenario can measure: unit, how it is printed, and what it means. A scenario fills some of them and names
 * the one that its rows are compared by. In all that are compared, less is better.
 */
export interface Metric {
  readonly title: string;
  /** Decimals printed. */
  readonly digits: number;
  /** The worst of all runs is shown instead of the median: one lost message is one too many. */
  readonly worst?: boolean;
}

export const METRICS = {
  cpuUs: { title: "CPU µs / delivered", digits: 2 },
  rate: { title: "delivered / s", digits: 0 },
  p50Ms: { title: "p50 ms", digits: 2 },
  p99Ms: { title: "p99 ms", digits: 2 },
  p999Ms: { title: "p99.9 ms", digits: 2 },
  frameBytes: { title: "frame B", digits: 0 },
  lost: { title: "lost", digits: 0, worst: true },
  unsettled: { title: "still queued", digits: 0, worst: true },
  duplicated: { title: "dup.", digits: 0, worst: true },
  disordered: { title: "out of order", digits: 0, worst: true },
  closedEarly: { title: "cut", digits: 0, worst: true },
  residentMb: { title: "RSS MB", digits: 0 },
  growthMb: { title: "RSS growth MB", digits: 1 },
  p99Ratio: { title: "p99 with / without", digits: 2 },
  handshakeUs: { title: "CPU µs / handshake", digits: 1 },
  handshakes: { title: "handshakes / s", digits: 0 },
  amongRatio: { title: "CPU / delivered, among / without", digits: 2 },
  joinedRatio: { title: "CPU / handshake + join, among / without", digits: 2 },
  joinedUs: { title: "CPU µs / handshake + join", digits: 1 },
  rejoinUs: { title: "CPU µs / leave + join", digits: 1 },
  rejoins: { title: "leave + join / s", digits: 0 },
  connectionBytes: { title: "RSS B / connection", digits: 0 },
  kernelBytes: { title: "kernel B / socket", digits: 0 },
  startMs: { title: "first handshake ms", digits: 0 },
  idleMb: { title: "RSS idle MB", digits: 0 },
  brokerUs: { title: "Redis CPU µs / published", digits: 1 },
  brokerMbPerS: { title: "Redis MB / s", digits: 1 },
  serverShare: { title: "server core", digits: 2 },
  clientShare: { title: "client core", digits: 2 },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
export type Metrics = { readonly [name in MetricName]?: number };

/** One repetition of one load of one scenario on one server. */
export interface Sample {
  readonly scenario: string;
  readonly load: string;
  readonly server: string;
  readonly variant?: string;
  readonly metrics: Metrics;
}

/** A server or a run that gave no number, and why: it has its row in the table. */
export interface Failure {
  readonly scenario: string;
  readonly server: string;
  readonly reason: string;
}
