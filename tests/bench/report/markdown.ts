/**
 * The report as Markdown: the machine, how to read it, and one table for each load of each scenario.
 */
import { type Metric, type MetricName, METRICS } from "../measure/metrics.ts";
import type { Spread } from "../measure/statistics.ts";
import { Book } from "./book.ts";
import type { Machine } from "./machine.ts";
import { type Measured, type Row, type Table, tablesOf } from "./rows.ts";
import { targetTable } from "./verdicts.ts";

const READING =
  `CPU is that of all threads of the server process, from the kernel's scheduler, divided by the messages that
clients received: it holds when the machine is shared, where a wall-clock rate is only a lower bound. Load client and
servers share the machine's cores over loopback, without TLS; while messages flow through one server, the client does
not sleep, so that no server pays for waking it, and its core is the share of turns that brought it something; each number is the median of the runs, interleaved
server by server, with the least and the most in brackets; faults are the worst of the runs. "client-bound" stands in
place of a rate that the load client itself set. × limit: beside the bare server of the same runtime. × same frames:
beside the bare server with frames as large as Parley's. × best peer: beside the best of the other JavaScript servers in
the same table; below 1 is ahead of all of them.`;

export function markdownReport(measured: Measured, machine: Machine): string {
  const parts = [`# Parley measured`, headOf(machine), READING, "## Targets"];
  parts.push(targetTable(new Book(measured.samples)));
  let last = "";
  for (const table of tablesOf(measured)) {
    if (table.scenario.name !== last) parts.push(`## ${table.scenario.title}`, table.scenario.about);
    last = table.scenario.name;
    parts.push(`**${table.load}**`, markdownTable(table));
  }
  if (measured.failures.length > 0) parts.push(failureTable(measured));
  return parts.join("\n\n") + "\n";
}

function headOf({ takenAt, processor, cores, memoryGb, kernel, versions }: Machine): string {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return `${takenAt} · ${processor}, ${cores} cores, ${memoryGb} GB · ${kernel} · ${software}`;
}

export function markdownTable({ scenario, rows }: Table): string {
  const shown = scenario.columns.filter((name) => name === "rate" || rows.some((row) => isWorthAColumn(name, row)));
  const head = ["server", ...shown.map((name) => METRICS[name].title), "× limit", "× same frames", "× best peer"];
  const lines = rows.map((row) => [
    row.server.kind === "parley" ? `**${row.title}**` : row.title,
    ...shown.map((name) => cell(name, row, name === scenario.compare)),
    ratio(row.toLimit),
    row.server.kind === "parley" ? ratio(row.toSameFrames) : "–",
    row.server.kind === "peer" || row.server.kind === "parley" ? ratio(row.toBestPeer) : "–",
  ]);
  const rule = head.map((_, column) => column === 0 ? "---" : "---:");
  return [head, rule, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** Columns of faults that nobody had are left out. */
function isWorthAColumn(name: MetricName, { values }: Row): boolean {
  const { worst }: Metric = METRICS[name];
  return values[name] !== undefined && (!worst || name === "lost" || name === "duplicated" || values[name].most > 0);
}

function cell(name: MetricName, { values }: Row, withSpread: boolean): string {
  const spread = values[name];
  if (!spread) return name === "rate" || name === "handshakes" ? "client-bound" : "–";
  const { digits, worst }: Metric = METRICS[name];
  if (worst) return spread.most.toFixed(digits);
  return withSpread ? withRange(spread, digits) : spread.median.toLocaleString("en", { maximumFractionDigits: digits });
}

function withRange({ median, least, most, runs }: Spread, digits: number): string {
  return runs > 1
    ? `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`
    : median.toFixed(digits);
}

const ratio = (value?: number): string => value === undefined ? "–" : value.toFixed(2);

function failureTable({ failures, servers }: Measured): string {
  const titleOf = (name: string) => servers.find((server) => server.name === name)?.title ?? name;
  const lines = failures.map(({ scenario, server, reason }) =>
    `| ${titleOf(server)} | ${scenario} | ${reason.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").slice(0, 200)} |`
  );
  return ["## Not measured", "", "| server | scenario | because |", "| --- | --- | --- |", ...lines].join("\n");
}
