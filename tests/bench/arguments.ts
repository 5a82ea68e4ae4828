/**
 * The command line of the bench. Unknown flags and names that match nothing are refused before anything is started.
 */
import { parseArgs } from "node:util";
import { SCENARIOS } from "./scenarios/table.ts";
import type { Scenario, Settings } from "./scenarios/scenario.ts";
import { SERVERS } from "./servers/table.ts";
import type { Server } from "./servers/server.ts";

export const USAGE = `bun run bench [flags]

  --quick              fewer scenarios, servers and connections, shorter windows: under three minutes
  --scenario a,b       only scenarios whose name begins so
  --servers a,b        only these servers (a trailing * matches more)
  --seconds n          length of one measuring window (default 2; quick 1)
  --repeat n           repetitions of everything, interleaved (default 3)
  --merge              keep the rows of earlier runs that this one does not measure again
  --list               name all scenarios and servers

PARLEY_BEFORE=folder   adds the servers parley-bun-before and parley-deno-before from another checkout

The report goes to tests/bench/results/: report.md, excerpt.md (the README's table), report.html,
chart.svg, results.json`;

export interface Arguments {
  readonly scenarios: readonly Scenario[];
  readonly servers: readonly Server[];
  readonly settings: Settings;
  readonly repeat: number;
  readonly merge: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

/** The ones that answer the main question in three minutes. */
const QUICK_SERVERS = ["bare-bun", "parley-bun", "bare-deno", "parley-deno", "ws", "socketio-node"];

/** Throws with all that is wrong. */
export function parseArguments(argv: string[]): Arguments {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: "boolean", default: false },
      scenario: { type: "string" },
      servers: { type: "string" },
      seconds: { type: "string" },
      repeat: { type: "string", default: "3" },
      merge: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { quick, merge, list, help } = values;
  const scenarios = chosen(SCENARIOS, values.scenario, (name, wanted) => name.startsWith(wanted));
  const servers = chosen(SERVERS, values.servers, matches);
  return {
    scenarios: quick && !values.scenario ? scenarios.filter((scenario) => scenario.quick) : scenarios,
    servers: quick && !values.servers ? servers.filter(({ name }) => QUICK_SERVERS.includes(name)) : servers,
    settings: { quick, seconds: positive("seconds", values.seconds ?? (quick ? "1" : "2")) },
    repeat: positive("repeat", values.repeat),
    merge,
    list,
    help,
  };
}

const matches = (name: string, wanted: string): boolean =>
  wanted.endsWith("*") ? name.startsWith(wanted.slice(0, -1)) : name === wanted;

function chosen<T extends { name: string }>(
  all: readonly T[],
  list: string | undefined,
  fits: (name: string, wanted: string) => boolean,
): readonly T[] {
  if (list === undefined) return all;
  const wanted = list.split(",");
  const unknown = wanted.filter((want) => !all.some(({ name }) => fits(name, want)));
  if (unknown.length > 0) throw new Error(`Cannot choose "${unknown.join(", ")}": known are ${names(all)}`);
  return all.filter(({ name }) => wanted.some((want) => fits(name, want)));
}

export const names = (all: readonly { name: string }[]): string => all.map(({ name }) => name).join(", ");

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`Cannot use --${flag} "${text}": it must be a number above 0`);
  return value;
}
