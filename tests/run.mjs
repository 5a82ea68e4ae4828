/**
 * The test command, behind `bun run test`, `deno task test` and `npm test`: installs what is missing, runs the same test
 * files on Bun and on Deno, then types, lint and format, and ends with the one line `N passed, N failed, N skipped`.
 * Plain JavaScript without dependencies, because Node, Bun and Deno must all be able to start it on a fresh clone.
 *
 *   --quick                only the core, whole servers on one runtime: no cluster, no browser, no client library
 *   --nightly              every seed and every row of each matrix, where the usual run takes some of them, and browsers
 *                          and packages on both runtimes
 *   --group <name>         only this group of files: core, cluster, clients or bench (several may be given)
 *   --only <text>          only test files whose path contains the text (several may be given; a bare word means the same)
 *   --on bun|deno|gate     only this part (several may be given)
 *   --lanes <count>        how many test files run at a time; one more than there are cores unless given, since many wait
 *
 * Tests find other programs through CHROMIUM, NGINX, REDIS_SERVER, BUN and DENO, which hold paths.
 */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { groupOf, GROUPS, runtimesOf } from "./run/groups.mjs";
import { gateJobs, prepare, testJob } from "./run/jobs.mjs";
import { runAll } from "./run/lanes.mjs";
import { findRuntime, findTools } from "./run/toolchain.mjs";

const PARTS = ["bun", "deno", "gate"];
const REPEATED = /** @type {const} */ ({ type: "string", multiple: true, default: [] });

/** @param {string[]} words */
function parseArguments(words) {
  const { values, positionals } = parseArgs({
    args: words.filter((word) => word !== "--"),
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      nightly: { type: "boolean", default: false },
      group: REPEATED,
      only: REPEATED,
      on: REPEATED,
      lanes: { type: "string", default: String(availableParallelism() + 1) },
    },
  });
  refuseUnknown(values.on, PARTS, "part");
  refuseUnknown(values.group, GROUPS, "group");
  const lanes = Number(values.lanes);
  if (!(Number.isInteger(lanes) && lanes > 0)) {
    throw new Error(`Cannot run in "${values.lanes}" lanes: it is not a count`);
  }
  const only = [...values.only, ...positionals].map((text) => text.replace(/^\.\//, ""));
  const groups = values.quick ? ["core"] : values.group;
  return { ...values, only, groups, lanes, isPartial: only.length > 0 || groups.length > 0 };
}

/** @param {string[]} words @param {readonly string[]} known @param {string} what */
function refuseUnknown(words, known, what) {
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    throw new Error(`Cannot run the ${what} "${unknown}": it is not one of ${known.join(", ")}`);
  }
}

/** The files that are to run, those of the slowest group first: what takes long must not be left for the end.
 * @param {{ only: string[], groups: string[] }} wanted */
function testFiles({ only, groups }) {
  const place = (/** @type {string} */ path) => GROUPS.indexOf(groupOf(path));
  return readdirSync("tests", { recursive: true, encoding: "utf8" })
    .map((name) => join("tests", name).replaceAll("\\", "/"))
    .filter((path) => /_test\.tsx?$/.test(path))
    .filter((path) => only.length === 0 || only.some((text) => path.includes(text)))
    .filter((path) => groups.length === 0 || groups.includes(groupOf(path)))
    .sort((one, other) => place(one) - place(other) || one.localeCompare(other));
}

/**
 * The PATH of the tests. `bun run` puts a folder in front of it in which `node` is Bun; a test that starts Node means
 * Node. And a runtime that is started by its bare name, which a user may not have, answers with what to do instead.
 */
function testPath() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !/[\\/]bun-node-/.test(folder));
  return [join(process.cwd(), "tests/run/bare"), ...folders].join(delimiter);
}

async function main() {
  const { only, on, groups, lanes, nightly, quick, isPartial } = parseArguments(process.argv.slice(2));
  const files = testFiles({ only, groups });
  if (files.length === 0) throw new Error(`No test file has "${only.join('" or "')}" in its path`);
  const parts = on.length > 0 ? on : PARTS.filter((part) => part !== "gate" || !isPartial || quick);
  const bun = findRuntime("bun");
  const deno = findRuntime("deno");
  const tools = findTools({ install: !isPartial });
  const scope = { NIGHTLY: nightly ? "1" : undefined };
  const env = { ...process.env, ...tools, ...scope, BUN: bun, DENO: deno, NO_COLOR: "1", PATH: testPath() };
  const setting = { bun, deno, env };
  await prepare(setting);
  const runtimes = parts.filter((part) => part !== "gate");
  const jobs = [
    ...(parts.includes("gate") ? gateJobs(setting) : []),
    ...files.flatMap((file) => {
      return runtimesOf(file, { runtimes, nightly, quick }).map((runtime) => testJob(file, runtime, setting));
    }),
  ];
  console.log(`${files.length} test files on ${runtimes.join(" and ") || "no runtime"}, ${lanes} at a time`);
  return await runAll(jobs, lanes);
}

process.chdir(join(import.meta.dirname, ".."));
let total = { passed: 0, failed: 1, skipped: 0 };
try {
  total = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
