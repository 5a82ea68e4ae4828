/**
 * `bun run bench`: measures Parley beside its peers and beside the limit of its runtimes, and writes the report.
 * Takes flags (`--help`), needs Linux, Bun, Deno and Node, and touches loopback and its own child processes only.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { names, parseArguments, USAGE } from "./arguments.ts";
import { Book } from "./report/book.ts";
import { chartSvg, htmlReport } from "./report/chart.ts";
import { excerpt } from "./report/excerpt.ts";
import { describeMachine } from "./report/machine.ts";
import { markdownReport } from "./report/markdown.ts";
import { type Results, runAll } from "./runner.ts";
import { SCENARIOS } from "./scenarios/table.ts";
import { stopAllChildren } from "./servers/child.ts";
import { SERVERS } from "./servers/table.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "results");
const resultsFile = join(folder, "results.json");

async function main(): Promise<number> {
  const chosen = parseArguments(process.argv.slice(2));
  if (chosen.help) return say(USAGE);
  if (chosen.list) return say(`scenarios: ${names(SCENARIOS)}\nservers: ${names(SERVERS)}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void stopAllChildren().then(() => process.exit(130)));
  }
  const earlier = chosen.merge ? earlierRun() : undefined;
  const together = (fresh: Results) => earlier ? merged(earlier, fresh) : fresh;
  const results = together(await runAll(chosen, (fresh) => void writeReport(together(fresh))));
  console.log(`\n${writeReport(results)}\nWritten to ${folder}`);
  return results.failures.length > 0 ? 1 : 0;
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function earlierRun(): Results | undefined {
  return existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, "utf8")) : undefined;
}

/** Earlier rows stay where this run has measured nothing for the same scenario and server. */
function merged(earlier: Results, fresh: Results): Results {
  const again = new Set([...fresh.samples, ...fresh.failures].map(({ scenario, server }) => `${scenario} ${server}`));
  const kept = <T extends { scenario: string; server: string }>(rows: readonly T[]) =>
    rows.filter(({ scenario, server }) => !again.has(`${scenario} ${server}`));
  return {
    samples: [...kept(earlier.samples), ...fresh.samples],
    failures: [...kept(earlier.failures), ...fresh.failures],
  };
}

function writeReport(results: Results): string {
  const measured = { scenarios: SCENARIOS, servers: SERVERS, ...results };
  const machine = describeMachine();
  const markdown = markdownReport(measured, machine);
  const svg = chartSvg(measured);
  mkdirSync(folder, { recursive: true });
  writeFileSync(resultsFile, JSON.stringify({ machine, ...results }, undefined, 1));
  writeFileSync(join(folder, "report.md"), markdown);
  writeFileSync(join(folder, "excerpt.md"), excerpt(new Book(results.samples)));
  writeFileSync(join(folder, "chart.svg"), svg);
  writeFileSync(join(folder, "report.html"), htmlReport(svg, markdown));
  return markdown;
}

main().then((code) => process.exit(code), (error: Error) => {
  console.error(error.message);
  process.exit(2);
});
