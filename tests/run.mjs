/**
 * The test command, behind `bun run test`, `deno task test` and `npm test`: installs what is missing, runs the same test
 * files on Bun and on Deno, then types, lint and format, and ends with the one line `N passed, N failed`.
 * Plain JavaScript without dependencies, because Node, Bun and Deno must all be able to start it on a fresh clone.
 *
 *   --only <text>          only test files whose path contains the text (several may be given; a bare word means the same)
 *   --on bun|deno|gate     only this part (several may be given)
 *
 * Tests find other programs through CHROMIUM, REDIS_SERVER, BUN and DENO, which hold paths.
 */
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { findRuntime, findTools } from "./run/toolchain.mjs";
import { fetchPackages, runGate, runOnBun, runOnDeno } from "./run/parts.mjs";

const PARTS = { bun: runOnBun, deno: runOnDeno, gate: runGate };

/** @param {string[]} words */
function parseArguments(words) {
  const only = [];
  const on = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === "--") continue;
    else if (word === "--only") only.push(words[++at] ?? "");
    else if (word === "--on") on.push(words[++at] ?? "");
    else if (word.startsWith("-")) throw new Error(`Cannot read the arguments: "${word}" is neither --only nor --on`);
    else only.push(word.replace(/^\.\//, ""));
  }
  const unknown = on.find((name) => !(name in PARTS));
  if (unknown !== undefined) {
    throw new Error(`Cannot run on "${unknown}": it is not one of ${Object.keys(PARTS).join(", ")}`);
  }
  return { only, on: on.length > 0 ? on : Object.keys(PARTS) };
}

/** @param {string[]} only */
function testFiles(only) {
  return readdirSync("tests", { recursive: true, encoding: "utf8" })
    .map((name) => join("tests", name).replaceAll("\\", "/"))
    .filter((path) => /_test\.tsx?$/.test(path))
    .filter((path) => only.length === 0 || only.some((text) => path.includes(text)))
    .sort();
}

/**
 * The PATH of the tests. `bun run` puts a folder in front of it in which `node` is Bun; a test that starts Node means
 * Node. And a runtime that is started by its bare name, which a user may not have, answers with what to do instead.
 */
function testPath() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !/[\\/]bun-node-/.test(folder));
  return [join(process.cwd(), "tests/run/bare"), ...folders].join(delimiter);
}

/** @returns {Promise<{ passed: number, failed: number }>} */
async function main() {
  const { only, on } = parseArguments(process.argv.slice(2));
  const files = testFiles(only);
  if (files.length === 0 && only.length > 0) throw new Error(`No test file has "${only.join('" or "')}" in its path`);
  const partial = only.length > 0;
  const parts = partial ? on.filter((name) => name !== "gate" || on.length === 1) : on;
  const bun = findRuntime("bun");
  const deno = findRuntime("deno");
  const tools = findTools({ install: !partial });
  const env = { ...process.env, ...tools, BUN: bun, DENO: deno, NO_COLOR: "1", PATH: testPath() };
  const setting = { files, bun, deno, env };
  await fetchPackages(setting);
  const total = { passed: 0, failed: 0 };
  for (const name of parts) {
    const result = await PARTS[name](setting);
    total.passed += result.passed;
    total.failed += result.failed;
  }
  return total;
}

process.chdir(join(import.meta.dirname, ".."));
let total = { passed: 0, failed: 1 };
try {
  total = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
