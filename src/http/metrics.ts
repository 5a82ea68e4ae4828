/**
 * /metrics: what all workers of this process have counted, in Prometheus' text format.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * The figures of the nodes are declared in hub/metrics.ts; here they are added up and written out.
 */
import process from "node:process";
import type { NodeStats } from "../broker.ts";
import type { Family } from "../hub/metrics.ts";
import { VERSION } from "../config/version.ts";
import type { HttpParts } from "./parts.ts";
import type { Needs } from "./access.ts";
import { type Route, route } from "./route.ts";

const MEDIA_TYPE = "text/plain; version=0.0.4";

export function metricsRoute({ hub, runtime }: HttpParts, needs: Needs): Route {
  return route({
    method: "GET",
    path: "/metrics",
    isOperational: true,
    needs,
    about: "Figures of this process for Prometheus",
    answer: "text/plain",
    serve: async () => {
      const { families } = hub.stats;
      const series = addUp(await hub.cluster.stats(), families);
      const body = exposition(series, families) + ofProcess(runtime);
      return new Response(body, { headers: { "content-type": MEDIA_TYPE, "cache-control": "no-store" } });
    },
  });
}

/** The figures of several nodes by series name. */
export function addUp(nodes: readonly NodeStats[], families: readonly Family[]): Map<string, number> {
  const byName = new Map(families.map((family) => [family.name, family]));
  const sums = new Map<string, number>();
  for (const { counters } of nodes) {
    for (const [series, value] of Object.entries(counters)) {
      const known = sums.get(series) ?? 0;
      sums.set(series, byName.get(series)?.combine(known, value) ?? known + value);
    }
  }
  return sums;
}

/** One block a family, in their order; a series of a name that none of them has is an untyped one of its own. */
export function exposition(series: ReadonlyMap<string, number>, families: readonly Family[]): string {
  const blocks = new Map(families.map((family) => [family.name, { head: head(family), lines: [] as string[] }]));
  for (const [name, value] of series) {
    const family = familyOf(name, blocks);
    const block = blocks.get(family) ?? { head: head({ name: family, type: "untyped", help: family }), lines: [] };
    blocks.set(family, block);
    block.lines.push(`${name} ${value}\n`);
  }
  return [...blocks.values()].filter(({ lines }) => lines.length > 0)
    .map(({ head, lines }) => head + lines.join("")).join("");
}

/** `name_bucket{le="1"}` is a series of the family `name`, if there is one. */
function familyOf(series: string, families: ReadonlyMap<string, unknown>): string {
  const name = series.split("{", 1)[0]!;
  const histogram = name.replace(/_(bucket|sum|count)$/, "");
  return families.has(histogram) ? histogram : name;
}

interface Head {
  name: string;
  type: string;
  help: string;
}

function head({ name, type, help }: Head): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

const STARTED_AT_S = Date.now() / 1000 - process.uptime();

/** Of the process, not of a node: workers share it. The names are those that every Prometheus client uses. */
function ofProcess(runtime: string): string {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const figures: (Head & { value: number; labels?: string })[] = [
    {
      name: "parley_info",
      type: "gauge",
      help: "What runs",
      value: 1,
      labels: `{version="${VERSION}",runtime="${runtime}"}`,
    },
    { name: "process_resident_memory_bytes", type: "gauge", help: "Memory of the process", value: rss },
    { name: "process_heap_bytes", type: "gauge", help: "JavaScript heap in use", value: heapUsed },
    {
      name: "process_start_time_seconds",
      type: "gauge",
      help: "When the process started, since 1970",
      value: Math.round(STARTED_AT_S),
    },
    { name: "process_cpu_seconds_total", type: "counter", help: "Processor time used", value: (user + system) / 1e6 },
  ];
  return figures.map(({ labels = "", value, ...rest }) => `${head(rest)}${rest.name}${labels} ${value}\n`).join("");
}
