/**
 * /metrics: what all workers of this process have counted, in Prometheus' text format.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * The figures come from the nodes by series name and are added up here. The families below say what each one means; no
 * label ever names a room, a user or an address.
 */
import process from "node:process";
import type { NodeStats } from "../broker.ts";
import { VERSION } from "../version.ts";
import type { HttpParts } from "./app.ts";
import { type Needs, type Route, route } from "./route.ts";

const MEDIA_TYPE = "text/plain; version=0.0.4";

type FamilyType = "counter" | "gauge" | "histogram";

/** In the order of the answer. */
const FAMILIES: Record<string, [type: FamilyType, help: string]> = {
  parley_connections: ["gauge", "Open connections"],
  parley_dialect_connections: ["gauge", "Open connections by dialect; undecided: not one frame has told yet"],
  parley_connections_opened_total: ["counter", "Connections that were accepted"],
  parley_last_connection_timestamp_seconds: ["gauge", "When the last connection was accepted, since 1970"],
  parley_connection_duration_seconds: ["histogram", "How long connections that have ended had lasted"],
  parley_closes_total: ["counter", "Connections that have ended, by close code"],
  parley_refused_total: ["counter", "Handshakes that were refused, by reason"],
  parley_slow_consumers_total: ["counter", "Connections given up because they did not read"],
  parley_zombie_sockets: ["gauge", "Sockets given up that the runtime still holds"],
  parley_unsent_bytes: ["gauge", "Bytes that wait for polls, or for WebSockets that were sent more than they read"],
  parley_rooms: ["gauge", "Rooms with members, also of users and groups; on Redis one counts on each worker it is on"],
  parley_room_members: ["histogram", "Members on one worker of the rooms there are now, those of users left out"],
  parley_frames_in_total: ["counter", "Frames received"],
  parley_bytes_in_total: ["counter", "Bytes of the frames received"],
  parley_frames_out_total: ["counter", "Frames sent to single connections; those of fan-out are deliveries"],
  parley_messages_total: ["counter", "Messages accepted, from clients, REST, admins and the program"],
  parley_signals_total: ["counter", "Signals accepted: typing, reactions, receipts and such"],
  parley_signals_dropped_total: ["counter", "Signals that were dropped because their connection sent too fast"],
  parley_deliveries_total: ["counter", "Copies of events handed to the runtime, one for each receiving connection"],
  parley_delivery_latency_seconds: ["histogram", "From the making of a message to its hand-over to the runtime"],
  parley_errors_total: ["counter", "Errors told to clients, by code"],
  parley_foreign_payloads_total: ["counter", "Payloads of other nodes that could not be understood"],
};

/** Of several nodes the latest counts, not the sum. */
const LATEST = new Set(["parley_last_connection_timestamp_seconds"]);

export function metricsRoute({ hub, runtime }: HttpParts, needs: Needs): Route {
  return route({
    method: "GET",
    path: "/metrics",
    isOperational: true,
    needs,
    about: "Figures of this process for Prometheus",
    answer: "text/plain",
    serve: async () => {
      const series = addUp(await hub.broker.directory.stats());
      const body = exposition(series) + ofProcess(runtime);
      return new Response(body, { headers: { "content-type": MEDIA_TYPE, "cache-control": "no-store" } });
    },
  });
}

export function addUp(nodes: readonly NodeStats[]): Map<string, number> {
  const series = new Map<string, number>();
  for (const { counters } of nodes) {
    for (const [name, value] of Object.entries(counters)) {
      const known = series.get(name) ?? 0;
      series.set(name, LATEST.has(name) ? Math.max(known, value) : known + value);
    }
  }
  return series;
}

/** One block a family; a series of a family that is not in the table is an untyped one of its own. */
export function exposition(series: ReadonlyMap<string, number>): string {
  const blocks = new Map(Object.keys(FAMILIES).map((family) => [family, [] as string[]]));
  for (const [name, value] of series) {
    const family = familyOf(name);
    const block = blocks.get(family) ?? [];
    blocks.set(family, block);
    block.push(`${name} ${value}`);
  }
  let text = "";
  for (const [family, lines] of blocks) if (lines.length > 0) text += head(family) + lines.join("\n") + "\n";
  return text;
}

function familyOf(series: string): string {
  const name = series.split("{", 1)[0]!;
  const family = name.replace(/_(bucket|sum|count)$/, "");
  return FAMILIES[family]?.[0] === "histogram" ? family : name;
}

function head(family: string): string {
  const [type, help] = FAMILIES[family] ?? ["untyped", family];
  return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`;
}

/** Of the process, not of a node: workers share it. The names are those that every Prometheus client uses. */
function ofProcess(runtime: string): string {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    gauge("parley_info", "What runs", 1, `{version="${VERSION}",runtime="${runtime}"}`),
    gauge("process_resident_memory_bytes", "Memory of the process", rss),
    gauge("process_heap_bytes", "JavaScript heap in use", heapUsed),
    gauge("process_start_time_seconds", "When the process started, since 1970", Math.round(STARTED_AT_S)),
    `# HELP process_cpu_seconds_total Processor time used\n# TYPE process_cpu_seconds_total counter\n` +
    `process_cpu_seconds_total ${(user + system) / 1e6}\n`,
  ].join("");
}

const STARTED_AT_S = Date.now() / 1000 - process.uptime();

function gauge(name: string, help: string, value: number, labels = ""): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}${labels} ${value}\n`;
}
