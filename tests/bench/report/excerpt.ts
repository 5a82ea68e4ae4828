/**
 * The README's table: the rows of a run that answer most questions, and by how much each misses its target.
 */
import type { MetricName } from "../measure/metrics.ts";
import type { Book, Place } from "./book.ts";

interface Line extends Omit<Place, "metric"> {
  readonly title: string;
  readonly metric?: MetricName;
  readonly digits?: number;
  /** In times the bare server of the runtime; absent: no target. */
  readonly most?: { readonly bun: number; readonly deno?: number };
  /** What larger frames leave of a miss; absent: the message's own work. */
  readonly rest?: string;
  /** What a miss comes from beside larger frames, where that was taken apart. */
  readonly because?: { readonly bun?: string; readonly deno?: string };
}

const SERVERS = [
  { title: "Parley, Bun", server: "parley-bun", limit: "bare-bun" },
  { title: "bare Bun", server: "bare-bun" },
  { title: "310 B frames", server: "bare-bun-event", limit: "bare-bun" },
  { title: "Parley, Deno", server: "parley-deno", limit: "bare-deno" },
  { title: "bare Deno", server: "bare-deno" },
  { title: "310 B frames", server: "bare-deno-event", limit: "bare-deno" },
  { title: "ws", server: "ws" },
  { title: "socket.io", server: "socketio-node" },
] as const;

const FAN_OUT = { most: { bun: 1.1, deno: 1.1 } } as const;
/** A message's own work is shared by so many that it does not show; what the frames leave is the windows' scatter. */
const CROWDED = { ...FAN_OUT, rest: "scatter" } as const;
const WARM = { scenario: "ramp", load: "warm server", metric: "handshakeUs", digits: 0 } as const;

const LINES: readonly Line[] = [
  { title: "room of 1,000, 1 message in flight", scenario: "fanout-1000", load: "1 in flight", ...CROWDED },
  { title: "room of 1,000, 16 in flight", scenario: "fanout-1000", load: "16 in flight", ...CROWDED },
  { title: "room of 5,000, 16 in flight", scenario: "fanout-5000", load: "16 in flight", ...CROWDED },
  { title: "1,000 rooms of 10, 1 in flight each", scenario: "fanout-small", load: "1 in flight", ...FAN_OUT },
  { title: "1,000 rooms of 10, 16 in flight each", scenario: "fanout-small", load: "16 in flight", ...FAN_OUT },
  {
    title: "1,000 rooms of 10, 25 messages a second in all",
    scenario: "fanout-small",
    load: "25 msg/s",
    ...FAN_OUT,
    because: { bun: "in part upkeep, allocator, cold rooms", deno: "in part collector, upkeep" },
  },
  { title: "Socket.IO clients, 16 in flight", scenario: "socketio", load: "16 in flight" },
  { title: "handshake without a token, µs", ...WARM, most: { bun: 1.25 }, because: { bun: "checks" } },
  {
    title: "handshake with a new HS256 token, µs",
    ...WARM,
    variant: "HS256 token",
    most: { bun: 2 },
    because: { bun: "jose, checks, compiling, own room" },
  },
  {
    title: "idle joined connection of 10,000, bytes",
    scenario: "idle",
    load: "10,000 connections",
    metric: "connectionBytes",
    digits: 0,
    most: { bun: 2 },
  },
];

export function excerpt(book: Book): string {
  const head = ["µs per delivered message, unless said", ...SERVERS.map(({ title }) => title), "over the target"];
  const rule = head.map((_, column) => column === 0 || column === head.length - 1 ? "---" : "---:");
  const lines = LINES.map((line) => [line.title, ...SERVERS.map((each) => cell(each, line, book)), missed(line, book)]);
  return [head, rule, ...lines].map((row) => `| ${row.join(" | ")} |`).join("\n") + "\n";
}

function cell({ server, limit }: { server: string; limit?: string }, line: Line, book: Book): string {
  const place = placeOf(line);
  const value = book.median(server, place);
  if (value === undefined) return "–";
  const digits = line.digits ?? 2;
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const ratio = limit === undefined ? undefined : book.ratio(server, limit, place);
  return ratio === undefined ? text : `${text} (${ratio.toFixed(2)} ×)`;
}

/** `Bun 71 %: frames and work; Deno 8 %: frames`; nothing where all is met. */
function missed(line: Line, book: Book): string {
  const { most } = line;
  if (!most) return "";
  const over = ([["Bun", "bun"], ["Deno", "deno"]] as const).flatMap(([title, runtime]) => {
    const bound = most[runtime];
    const ratio = book.ratio(`parley-${runtime}`, `bare-${runtime}`, placeOf(line));
    if (bound === undefined || ratio === undefined || ratio <= bound) return [];
    return [`${title} ${((ratio / bound - 1) * 100).toFixed(0)} %: ${whyOf(line, runtime, book)}`];
  });
  return over.join("; ");
}

/** The larger frames alone, if the target is met beside a bare server that sends such ones too. */
function whyOf(line: Line, runtime: "bun" | "deno", book: Book): string {
  const besideSameFrames = book.ratio(`parley-${runtime}`, `bare-${runtime}-event`, placeOf(line));
  if (besideSameFrames !== undefined && besideSameFrames <= line.most![runtime]!) return "frames";
  return line.because?.[runtime] ??
    (besideSameFrames === undefined ? "not found out" : `frames and ${line.rest ?? "work"}`);
}

function placeOf({ scenario, load, variant, metric = "cpuUs" }: Line): Place {
  return { scenario, load, variant, metric };
}
