/**
 * What Parley means to reach, each target as data: where it is read, how much it may be at most, and, for the day it is
 * missed, why. The report judges them all.
 */
import { OTHERS } from "../scenarios/flat.ts";
import type { Book, Place } from "./book.ts";

export interface Reading {
  readonly where: string;
  /** Undefined: not measured. */
  readonly value: number | undefined;
}

export interface Target {
  readonly title: string;
  readonly most: number;
  readonly digits?: number;
  readings(book: Book): Reading[];
  /** What a miss comes from, if that was found out. */
  readonly because?: string;
}

type Value = (book: Book, place: Place) => number | undefined;

const FAN_OUTS = { "fanout-1000": "1 × 1,000", "fanout-5000": "1 × 5,000", "fanout-small": "1,000 × 10" } as const;
const LOADS = ["1 in flight", "16 in flight", "25 msg/s", "100 msg/s", "1,000 msg/s"] as const;
const PEERS = ["ws", "socketio-node", "socketio-bun", "crossws", "elysia", "hono"];

function fanOut(loads: readonly string[], value: Value): Target["readings"] {
  return (book) =>
    Object.entries(FAN_OUTS).flatMap(([scenario, shape]) =>
      loads.map((load) => ({
        where: `${shape}, ${load}`,
        value: value(book, { scenario, load, metric: "cpuUs" }),
      }))
    );
}

function at(places: Readonly<Record<string, Place>>, value: Value): Target["readings"] {
  return (book) => Object.entries(places).map(([where, place]) => ({ where, value: value(book, place) }));
}

const beside = (server: string, other: string): Value => (book, place) => book.ratio(server, other, place);
const besidePeers: Value = (book, place) => book.ratioToBest("parley-bun", PEERS, place);

/** How far each load of the flatness scenario is from the server without the others, up or down. */
function among(server: string, metric: "amongRatio" | "joinedRatio"): Target["readings"] {
  return (book) =>
    OTHERS.map(({ load }) => {
      const ratio = book.median(server, { scenario: "flat", load, metric });
      return { where: load, value: ratio === undefined ? undefined : Math.max(ratio, 1 / ratio) };
    });
}

const WARM: Place = { scenario: "ramp", load: "warm server", metric: "handshakeUs" };
const FRESH: Place = { ...WARM, load: "fresh server" };
const IDLE: Place = { scenario: "idle", load: "10,000 connections", metric: "connectionBytes" };
const REJOIN: Place = { scenario: "churn", load: "1,000 members, not announced", metric: "rejoinUs" };
const STALLED: Place = { scenario: "stalled", load: "20 of 200 stalled", metric: "p99Ratio" };
const GROWTH: Place = { ...STALLED, metric: "growthMb" };
const HANDSHAKES = { "fresh server": FRESH, "warm server": WARM };
/** What peers are measured at beside fan-out. */
const ELSEWHERE: readonly Place[] = [
  ...["echo-1", "echo-200"].map((scenario): Place => ({ scenario, load: "1 in flight", metric: "cpuUs" })),
  ...["1 in flight", "16 in flight"].map((load): Place => ({ scenario: "socketio", load, metric: "cpuUs" })),
  ...["100 members, announced", REJOIN.load].map((load): Place => ({ ...REJOIN, load })),
  { scenario: "redis-1", load: "1 in flight", metric: "cpuUs" },
  { scenario: "redis-10", load: "8 in flight", metric: "cpuUs" },
  { scenario: "redis-100", load: "16 in flight", metric: "cpuUs" },
  { scenario: "redis-rate", load: "10,000 msg/s", metric: "cpuUs" },
  FRESH,
  WARM,
  IDLE,
  { scenario: "cold-start", load: "start", metric: "startMs" },
];
const withToken = (places: Record<string, Place>): Record<string, Place> =>
  Object.fromEntries(Object.entries(places).map(([where, place]) => [where, { ...place, variant: "HS256 token" }]));

const FRAMES = "88 B of text are 310 B with sender, id, time and position, 99 B bare; the rest is in the next row";
const WORK = "each message is read, checked, numbered and kept, once for all of a room; ";
const BUN_WORK = WORK +
  "at 25 msg/s in 1,000 × 10 it spends, once settled, 6 ms a second more than the bare server, a third each on looking " +
  "after 10,000 connections, in its allocator's own thread, and on rooms that have gone cold in the caches; what a " +
  "window right after a burst takes beyond that was not found out; at 25 msg/s in 1 × 1,000 two thirds of what was more " +
  "were, in one look, in the kernel, for as many sends; why was not found out";
const DENO_WORK = WORK +
  "at 25 msg/s in 1,000 × 10 half of what was more, in one look, ran in V8's helper threads; rooms of 1,000 scatter: at " +
  "16 in flight three windows gave 1.32 ×, others 0.82, 1.08 and 1.13 ×, all forty together 1.06 ×";
const LIMIT = "the bare publish does not reach it either: next row";
const CHECKS = "host, origin, address, rate and path are checked, and a connection is entered, greeted and kept";

export const TARGETS: readonly Target[] = [
  {
    title: "Bun: fan-out beside the bare publish",
    most: 1.10,
    readings: fanOut(LOADS, beside("parley-bun", "bare-bun")),
    because: FRAMES,
  },
  {
    title: "Bun: the same beside a bare publish of frames as large",
    most: 1.10,
    readings: fanOut(LOADS, beside("parley-bun", "bare-bun-event")),
    because: BUN_WORK,
  },
  {
    title: "Bun: fan-out beside ws on Node",
    most: 1 / 15,
    digits: 3,
    readings: fanOut(["16 in flight"], beside("parley-bun", "ws")),
    because: LIMIT,
  },
  {
    title: "the bare publish beside ws on Node",
    most: 1 / 15,
    digits: 3,
    readings: fanOut(["16 in flight"], beside("bare-bun", "ws")),
    because: "as fast as Bun publishes",
  },
  {
    title: "Bun: fan-out beside socket.io on Node",
    most: 1 / 18,
    digits: 3,
    readings: fanOut(["16 in flight"], beside("parley-bun", "socketio-node")),
    because: LIMIT,
  },
  {
    title: "the bare publish beside socket.io on Node",
    most: 1 / 18,
    digits: 3,
    readings: fanOut(["16 in flight"], beside("bare-bun", "socketio-node")),
    because: "as fast as Bun publishes",
  },
  {
    title: "Bun: fan-out beside the best peer",
    most: 1,
    readings: fanOut(LOADS, besidePeers),
    because: "the best are the bare publish under the names of crossws, Elysia and Hono, with its small frames",
  },
  {
    title: "Bun: all else beside the best peer",
    most: 1,
    readings: (book) =>
      ELSEWHERE.map((place) => ({ where: `${place.scenario}, ${place.load}`, value: besidePeers(book, place) })),
    because: "more is checked, kept, answered and ordered than by servers without identity, presence and history",
  },
  {
    title: "Bun: leave + join, not announced, in µs for the pair",
    most: 30,
    digits: 0,
    readings: at({ "1,000 members": REJOIN }, (book, place) => book.median("parley-bun", place)),
    because: "two frames are read, checked and answered, and the seat is given up and taken again",
  },
  {
    title: "Bun: leave + join, announced, beside as many bare publishes",
    most: 1.3,
    readings: at(
      { "100 members": { ...REJOIN, load: "100 members, announced" } },
      beside("parley-bun", "bare-bun"),
    ),
  },
  {
    title: "Bun: handshake beside the bare server",
    most: 1.25,
    readings: at(HANDSHAKES, beside("parley-bun", "bare-bun")),
    because: CHECKS,
  },
  {
    title: "Bun: handshake with a new HS256 token, beside the bare server without one",
    most: 2,
    readings: at(withToken(HANDSHAKES), beside("parley-bun", "bare-bun")),
    because:
      "a bare server that only lets jose verify the token takes 2.5 × already; then come the checks of the row above, the " +
      "user's own room, and compiling all this",
  },
  {
    title: "Bun: idle connection, over 2 × the bare server's + 1 kB, in bytes",
    most: 0,
    digits: 0,
    readings: at({ "10,000 connections": IDLE }, (book, place) => {
      const [own, bare] = [book.median("parley-bun", place), book.median("bare-bun", place)];
      return own === undefined || bare === undefined ? undefined : own - 2 * bare - 1000;
    }),
  },
  {
    title: "Bun: idle connection beside the leanest peer",
    most: 1,
    digits: 3,
    readings: at({ "10,000 connections": IDLE }, besidePeers),
    because: "crossws is a bare server, without identity, presence and history; ws and socket.io take more",
  },
  {
    title: "Deno: fan-out beside the bare loop",
    most: 1.10,
    readings: fanOut(LOADS, beside("parley-deno", "bare-deno")),
    because: FRAMES,
  },
  {
    title: "Deno: the same beside a bare loop with frames as large",
    most: 1.10,
    readings: fanOut(LOADS, beside("parley-deno", "bare-deno-event")),
    because: DENO_WORK,
  },
  {
    title: "Deno: fan-out beside ws on Node",
    most: 1,
    readings: fanOut(LOADS, beside("parley-deno", "ws")),
    because:
      "in 1,000 × 10 the bare loop with frames as large is above ws too, next row; rooms of 1,000 scatter: seven more " +
      "windows each gave 0.86 to 0.96 ×",
  },
  {
    title: "the bare Deno loop with frames as large, beside ws on Node",
    most: 1,
    readings: fanOut(LOADS, beside("bare-deno-event", "ws")),
    because: "as fast as Deno sends; the frames of the ws server are bare",
  },
  ...(["bun", "deno"] as const).flatMap((runtime): Target[] => {
    const title = runtime === "bun" ? "Bun" : "Deno";
    const server = `parley-${runtime}`;
    return [
      {
        title: `${title}: p99 of the others while a tenth stalls, beside that of the run without`,
        most: 1.2,
        readings: at({ "20 of 200": STALLED }, (book, place) => book.median(server, place)),
      },
      {
        title: `${title}: memory that the stalled take, in MB`,
        most: runtime === "bun" ? 20 * 1.05 + 10 : 20 * 0.26 + 30,
        digits: 0,
        readings: at({ "20 of 200": GROWTH }, (book, place) => book.median(server, place)),
      },
      {
        title: `${title}: a message's CPU among more others, beside that among none`,
        most: 1.15,
        readings: among(server, "amongRatio"),
        because: "where it is less again among more others, nothing grows with them: the windows scatter",
      },
      {
        title: `${title}: a joined handshake's CPU among more others, beside that among none`,
        most: 1.15,
        readings: among(server, "joinedRatio"),
        because:
          "mostly it is cheaper among the others, whose own handshakes have compiled the code; a reading of 50 ms of " +
          "CPU also scatters",
      },
    ];
  }),
  {
    title: "Bun: coalescing at 1,000 msg/s into 1,000, beside the bare publish",
    most: 0.5,
    readings: at(
      { "1 × 1,000": { scenario: "fanout-1000", load: "1,000 msg/s", metric: "cpuUs" } },
      beside("parley-bun-coalescing", "bare-bun"),
    ),
    because: "at this rate every turn of the event loop already writes twenty messages to a member at once",
  },
];
