/**
 * Runs the chosen scenarios on the chosen servers, interleaved (A B C A B C), so that a busy minute of the machine falls
 * on all of them. A server that fails once in a scenario is reported there and not tried again in it.
 */
import type { Arguments } from "./arguments.ts";
import { METRICS, type Sample } from "./measure/metrics.ts";
import type { Failure } from "./measure/metrics.ts";
import { isMeasured, type Outcome, type Scenario, type Settings } from "./scenarios/scenario.ts";
import { stopAllChildren } from "./servers/child.ts";
import type { Server } from "./servers/server.ts";

export interface Results {
  readonly samples: Sample[];
  readonly failures: Failure[];
}

/** No repetition may take longer; the slowest peers seat 10,000 connections within half of it. */
const RUN_WITHIN_MS = 180_000;

/** Hands over what is there after every scenario, so that a run that is cut short is not lost. */
export async function runAll(chosen: Arguments, keep: (results: Results) => void): Promise<Results> {
  const { scenarios, settings, repeat } = chosen;
  const results: Results = { samples: [], failures: [] };
  const startedMs = performance.now();
  const serversOf = (scenario: Scenario) => chosen.servers.filter((server) => isMeasured(scenario, server));
  const total = scenarios.reduce((sum, scenario) => sum + serversOf(scenario).length * repeat, 0);
  let done = 0;
  for (const scenario of scenarios) {
    for (let round = 1; round <= repeat; round++) {
      for (const server of serversOf(scenario)) {
        const line = await runOne({ scenario, server, settings }, results);
        const leftS = (performance.now() - startedMs) / ++done * (total - done) / 1000;
        const head = `[${done}/${total}, ${Math.ceil(leftS / 60)} min left] ${scenario.name} ${round}/${repeat}`;
        console.log(`${head} ${server.name}: ${line}`);
      }
    }
    keep(results);
  }
  return results;
}

interface Run {
  readonly scenario: Scenario;
  readonly server: Server;
  readonly settings: Settings;
}

async function runOne({ scenario, server, settings }: Run, { samples, failures }: Results): Promise<string> {
  const of = { scenario: scenario.name, server: server.name };
  if (failures.some((failure) => failure.scenario === of.scenario && failure.server === of.server)) {
    return "failed before";
  }
  try {
    const outcomes = await withinTime(scenario.run(server, settings));
    for (const { load, variant, metrics } of outcomes) samples.push({ ...of, load, variant, metrics });
    return outcomes.map((outcome) => summary(scenario, outcome)).join(" · ");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    failures.push({ ...of, reason });
    return `FAILED, ${reason}`;
  } finally {
    await stopAllChildren();
  }
}

function summary({ compare }: Scenario, { load, variant, metrics }: Outcome): string {
  const { title, digits } = METRICS[compare];
  const wrong = (["lost", "duplicated", "disordered", "closedEarly"] as const).filter((name) => metrics[name]);
  const faults = wrong.map((name) => `, ${METRICS[name].title} ${metrics[name]}`).join("");
  return `${variant ? `${variant}, ` : ""}${load} ${metrics[compare]?.toFixed(digits) ?? "–"} ${title}${faults}`;
}

function withinTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`Cannot finish the run: ${RUN_WITHIN_MS / 1000} s have passed`));
    const timer = setTimeout(late, RUN_WITHIN_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
