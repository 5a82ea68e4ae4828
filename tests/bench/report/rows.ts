/**
 * From samples to comparable rows: repetitions gathered, each row set against the limit and against the best peer of the
 * same load. The Markdown table and the chart are two views of these rows.
 */
import type { Failure, MetricName, Sample } from "../measure/metrics.ts";
import { METRICS } from "../measure/metrics.ts";
import { divided } from "./book.ts";
import { type Spread, spreadOf } from "../measure/statistics.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Server } from "../servers/server.ts";

export interface Row {
  readonly server: Server;
  readonly title: string;
  readonly values: Partial<Record<MetricName, Spread>>;
  /** This row's number divided by the bare server's of its runtime; 1 = at the limit. */
  readonly toLimit?: number;
  /** The same beside the bare server whose frames are as large. */
  readonly toSameFrames?: number;
  /** The same beside the best of the peers in JavaScript. */
  readonly toBestPeer?: number;
}

export interface Table {
  readonly scenario: Scenario;
  readonly load: string;
  readonly rows: readonly Row[];
}

export interface Measured {
  readonly scenarios: readonly Scenario[];
  readonly servers: readonly Server[];
  readonly samples: readonly Sample[];
  readonly failures: readonly Failure[];
}

export function tablesOf({ scenarios, servers, samples }: Measured): Table[] {
  return scenarios.flatMap((scenario) => {
    const own = samples.filter((sample) => sample.scenario === scenario.name);
    const loads = [...new Set(own.map(({ load }) => load))];
    return loads.map((load) => ({
      scenario,
      load,
      rows: compared(scenario.compare, rowsOf(servers, own.filter((sample) => sample.load === load))),
    }));
  });
}

function rowsOf(servers: readonly Server[], samples: readonly Sample[]): Row[] {
  return servers.flatMap((server) => {
    const own = samples.filter((sample) => sample.server === server.name);
    return [...new Set(own.map(({ variant }) => variant))].map((variant) => ({
      server,
      title: variant ? `${server.title}, ${variant}` : server.title,
      values: valuesOf(own.filter((sample) => sample.variant === variant)),
    }));
  });
}

function valuesOf(samples: readonly Sample[]): Row["values"] {
  const names = Object.keys(METRICS) as MetricName[];
  return Object.fromEntries(names.map((name) => [name, spreadOf(samples.map(({ metrics }) => metrics[name]))]));
}

function compared(compare: MetricName, rows: readonly Row[]): Row[] {
  const median = (row?: Row) => row?.values[compare]?.median;
  const best = Math.min(...rows.filter(({ server }) => server.kind === "peer").map((row) => median(row) ?? Infinity));
  const medianOf = (name: string) => median(rows.find(({ server }) => server.name === name));
  return rows.map((row) => {
    const own = median(row);
    return {
      ...row,
      toLimit: divided(own, medianOf(row.server.limit)),
      toSameFrames: divided(own, medianOf(`${row.server.limit}-event`)),
      toBestPeer: divided(own, best),
    };
  });
}
