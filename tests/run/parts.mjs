/**
 * The three parts of the test command: the test files on Bun, the same files on Deno, and the gate (types, lint, format).
 * Each runs as child processes, shows one line per test file and the full text of every failure, and returns its counts.
 * A process that ends badly without a failed test (a crash, a module not found, no end in sight) counts as one failure.
 */
import { spawn } from "node:child_process";
import { BunReport, DenoReport } from "./reports.mjs";

/** Longer than any honest run: a part that is still busy then hangs, and is stopped. */
const DEADLINE_MS = 20 * 60_000;

/** Bun's own limit is 5 s for a test; Deno has none. */
const BUN_TEST_TIMEOUT_MS = 30_000;

/**
 * @typedef {{ files: string[], bun: string, deno: string, env: Record<string, string | undefined> }} Setting
 * @typedef {{ passed: number, failed: number }} Counts
 */

/**
 * The packages of both runtimes, before any part: tests on either one start servers on the other, and a first start that
 * has to download its packages takes longer than a test waits.
 * @param {Setting} setting
 * @throws {Error} with what the runtime printed
 */
export async function fetchPackages({ bun, deno, env }) {
  const installs = [
    { command: bun, words: ["install", "--frozen-lockfile", "--no-summary"], env },
    { command: deno, words: ["cache", "--quiet", "src/main.ts"], env },
  ];
  for (const { command, words, env } of installs) {
    const { code, output } = await run({ command, words, env });
    if (code !== 0) throw new Error(`Cannot fetch packages: ${command} ${words.join(" ")}: ${output.trimEnd()}`);
  }
}

/** @param {Setting} setting @returns {Promise<Counts>} */
export async function runOnBun({ files, bun, env }) {
  // --isolate: a file that installs browser globals must not leak them into the next one.
  const words = ["test", "--isolate", `--timeout=${BUN_TEST_TIMEOUT_MS}`, ...files.map((path) => `./${path}`)];
  return await runTests({ title: "Bun", command: bun, words, env, files }, new BunReport());
}

/** @param {Setting} setting @returns {Promise<Counts>} */
export async function runOnDeno({ files, deno, env }) {
  // --no-check: the gate has checked the types once, for both runtimes.
  const words = ["test", "--allow-all", "--no-check", ...files];
  return await runTests({ title: "Deno", command: deno, words, env, files }, new DenoReport());
}

/** @param {Setting} setting @returns {Promise<Counts>} */
export async function runGate({ deno, env }) {
  const counts = { passed: 0, failed: 0 };
  for (const words of [["check"], ["lint"], ["fmt", "--check"]]) {
    const title = `deno ${words.join(" ")}`;
    const { code, output, seconds } = await run({ command: deno, words, env });
    console.log(`\n${title}: ${code === 0 ? "clean" : "FAILED"} (${seconds} s)`);
    if (code === 0) continue;
    console.log(output.replace(/^(Check|Download|Initialize) .*\n/gm, "").trimEnd());
    counts.failed++;
  }
  return counts;
}

/**
 * @param {{ title: string, command: string, words: string[], env: Setting["env"], files: string[] }} job
 * @param {BunReport | DenoReport} report
 * @returns {Promise<Counts>}
 */
async function runTests({ title, command, words, env, files }, report) {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const version = (await run({ command, words: ["--version"], env })).output.match(/\d+\.\d+\.\d+/)?.[0];
  console.log(`\n${title} ${version}, ${files.length} test files`);
  const { code, output, seconds } = await run({ command, words, env, onLine: (line) => report.read(line) });
  const counts = report.finish();
  if (report.failures !== "") console.log(`\n${report.failures.trimEnd()}\n`);
  if (code !== 0 && counts.failed === 0) {
    if (report.failures === "") console.log(lastLines(output, 60));
    counts.failed = 1;
  }
  console.log(`${title}: ${counts.passed} passed, ${counts.failed} failed in ${seconds} s`);
  return counts;
}

/** @param {string} text @param {number} count */
function lastLines(text, count) {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/**
 * Runs a program to its end; both outputs are read as one.
 * @param {{ command: string, words: string[], env: Setting["env"], onLine?: (line: string) => void }} job
 * @returns {Promise<{ code: number, output: string, seconds: string }>}
 */
function run({ command, words, env, onLine }) {
  const started = performance.now();
  const child = spawn(command, words, { env, stdio: ["ignore", "pipe", "pipe"] });
  const overdue = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  let output = "";
  let rest = "";
  const read = (/** @type {string} */ chunk) => {
    output += chunk;
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine?.(line);
  };
  child.stdout.setEncoding("utf8").on("data", read);
  child.stderr.setEncoding("utf8").on("data", read);
  return new Promise((resolve) => {
    const end = (/** @type {number} */ code) => {
      clearTimeout(overdue);
      if (rest !== "") onLine?.(rest);
      resolve({ code, output, seconds: ((performance.now() - started) / 1000).toFixed(1) });
    };
    child.on("error", (error) => {
      output += `Cannot start "${command}": ${error.message}\n`;
      end(1);
    });
    child.on("close", (code, signal) => {
      if (signal) output += `Stopped by ${signal}\n`;
      end(code ?? 1);
    });
  });
}
