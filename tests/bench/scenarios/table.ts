/**
 * Every scenario of the bench, in the order of the report. To add one: an entry here.
 */
import { kebab, plain, raw } from "../load/protocols.ts";
import type { Load } from "../load/load.ts";
import type { Server } from "../servers/server.ts";
import { churn } from "./churn.ts";
import { coldStart } from "./cold_start.ts";
import { flat } from "./flat.ts";
import { hostile } from "./hostile.ts";
import { idle } from "./idle.ts";
import { ramp } from "./ramp.ts";
import { everybody, isLimit, isParley, type Scenario, speaks, spoken } from "./scenario.ts";
import { stalled } from "./stalled.ts";
import { traffic } from "./traffic.ts";
import { twoNodes } from "./two_nodes.ts";

const inFlight = (...counts: number[]): Load[] => counts.map((inFlight) => ({ kind: "closed", inFlight }));
const perSecond = (...rates: number[]): Load[] => rates.map((perSecond) => ({ kind: "open", perSecond }));

/** socket.io is measured by its own scenario and by fan-out; it has no raw protocol. */
const parleyOrLimit = (server: Server): boolean => isParley(server) || isLimit(server);

const fanOut = (name: string, rooms: number, members: number, quick = false): Scenario =>
  traffic({
    name,
    title: `Fan-out, ${rooms.toLocaleString("en")} × ${members.toLocaleString("en")}`,
    about: "Every member of a room receives every message. In flight: per room, until the last member has it.",
    rooms,
    members,
    loads: [...inFlight(1, 16), ...perSecond(25, 100, 1_000)],
    quick,
    takes: everybody,
  });

export const SCENARIOS: readonly Scenario[] = [
  fanOut("fanout-1000", 1, 1_000, true),
  fanOut("fanout-5000", 1, 5_000),
  fanOut("fanout-small", 1_000, 10),
  traffic({
    name: "echo-200",
    title: "Echo, 200 connections",
    about: "Each connection is alone in its room and waits for its own message.",
    rooms: 200,
    members: 1,
    loads: inFlight(1),
    takes: everybody,
  }),
  traffic({
    name: "echo-1",
    title: "Echo, one connection",
    about: "The same with a single connection: the latency floor.",
    rooms: 1,
    members: 1,
    loads: inFlight(1),
    takes: everybody,
  }),
  traffic({
    name: "dialects",
    title: "Dialects, 1 × 1,000",
    about: "The same room in each JSON dialect, and with every second member speaking another one.",
    rooms: 1,
    members: 1_000,
    loads: inFlight(1, 16),
    takes: parleyOrLimit,
    variants: (server) =>
      isLimit(server) ? [{ protocols: [raw] }] : [
        ...["kebab", "envelope", "snake", "plain"].map((name) => ({ name, protocols: [spoken(server, name)] })),
        { name: "kebab + plain", protocols: [kebab, plain] },
      ],
  }),
  traffic({
    name: "socketio",
    title: "Socket.IO, 1 × 1,000",
    about: "WebSocket transport, Socket.IO 5 frames; the bare server beside it in its own protocol.",
    rooms: 1,
    members: 1_000,
    loads: inFlight(1, 16),
    takes: (server) => speaks("socketio")(server) || isLimit(server),
    variants: (server) => [{ protocols: [spoken(server, "socketio")] }],
  }),
  ramp,
  churn,
  flat,
  idle,
  stalled,
  coldStart,
  ...twoNodes,
  hostile,
];
