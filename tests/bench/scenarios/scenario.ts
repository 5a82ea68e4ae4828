/**
 * What a scenario is: who takes part, how one repetition on one server is run, and which number its rows are compared
 * by. The runner decides the order and repeats; a scenario starts and stops its own servers.
 */
import type { MetricName, Metrics } from "../measure/metrics.ts";
import type { Protocol } from "../load/protocol.ts";
import type { Server } from "../servers/server.ts";

export interface Settings {
  /** Length of one measuring window. */
  readonly seconds: number;
  /** `--quick`: fewer connections and loads. */
  readonly quick: boolean;
}

export interface Outcome {
  /** Groups the rows of the report: only outcomes of the same load are compared. */
  readonly load: string;
  /** Tells rows of one server apart. */
  readonly variant?: string;
  readonly metrics: Metrics;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What is done, for a reader who wants to repeat or doubt it. */
  readonly about: string;
  readonly compare: MetricName;
  readonly columns: readonly MetricName[];
  /** Part of `--quick`. */
  readonly quick?: boolean;
  takes(server: Server): boolean;
  run(server: Server, settings: Settings): Promise<readonly Outcome[]>;
}

/** The dialect of the bench's name if the server speaks it, else the one it speaks first. */
export function spoken(server: Server, name?: string): Protocol {
  return server.protocols.find((protocol) => protocol.name === name) ?? server.protocols[0]!;
}

/** Whether the scenario is run on the server. */
export function isMeasured({ name, takes }: Scenario, server: Server): boolean {
  return takes(server) && (server.only?.some((start) => name.startsWith(start)) ?? true);
}

export const everybody = (): boolean => true;
export const isParley = ({ kind }: Server): boolean => kind === "parley";
export const isLimit = ({ kind }: Server): boolean => kind === "limit";
/** Parley, its limits, and the two peers on Node that most rooms run on today. */
export const mainServers = (server: Server): boolean =>
  isParley(server) || isLimit(server) || server.name === "ws" || server.name === "socketio-node";
export const speaks = (name: string) => ({ protocols }: Server): boolean => protocols.some((p) => p.name === name);
