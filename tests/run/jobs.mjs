/**
 * What the test command runs, each in a process of its own: one test file on one runtime, or one step of the gate. A file
 * that hangs or takes its process down costs nobody else anything. Counts come from the runner's JUnit report; where it
 * wrote none, or ended badly without a failed test, that is one failure.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Longer than any honest file: one that is still busy then hangs, and is stopped. */
const DEADLINE_MS = 240_000;

/** Bun's own limit is 5 s for a test; Deno has none. */
const BUN_TEST_TIMEOUT_MS = 30_000;

/** At night whole series run in one test. */
const NIGHTLY_FACTOR = 6;

/**
 * @typedef {{ bun: string, deno: string, env: Record<string, string | undefined> }} Setting
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ title: string, run: () => Promise<Counts & { output: string }> }} Job
 */

/**
 * The packages of both runtimes and the scripts of browsers, before any job: tests on either runtime start servers on the
 * other, and a first start that has to download its packages takes longer than a test waits.
 * @param {Setting} setting
 * @throws {Error} with what the runtime printed
 */
export async function prepare({ bun, deno, env }) {
  const steps = [
    { command: bun, words: ["install", "--frozen-lockfile", "--no-summary"], env },
    { command: deno, words: ["cache", "--quiet", "src/main.ts"], env },
    { command: bun, words: [".ci/bundle.mjs"], env },
  ];
  for (const { command, words, env } of steps) {
    const { code, output } = await run({ command, words, env });
    if (code !== 0) throw new Error(`Cannot prepare the tests: ${command} ${words.join(" ")}: ${output.trimEnd()}`);
  }
}

/** @param {string} file @param {string} runtime @param {Setting} setting @returns {Job} */
export function testJob(file, runtime, setting) {
  return { title: `${runtime.padEnd(4)} ${file}`, run: () => runTests(file, runtime, setting) };
}

/** @param {Setting} setting @returns {Job[]} */
export function gateJobs({ deno, env }) {
  return [["check"], ["lint"], ["fmt", "--check"]].map((words) => ({
    title: `deno ${words.join(" ")}`,
    run: async () => {
      const { code, output } = await run({ command: deno, words, env });
      const shown = output.replace(/^(Check|Download|Initialize) .*\n/gm, "");
      return { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0, output: shown };
    },
  }));
}

/** @param {string} file @param {string} runtime @param {Setting} setting */
async function runTests(file, runtime, setting) {
  const folder = mkdtempSync(join(tmpdir(), "parley-test-"));
  const report = join(folder, "report.xml");
  try {
    const { code, output } = await run({ ...commandFor(file, runtime, { ...setting, report }), env: setting.env });
    const counts = countsOf(report);
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return { ...counts, output };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} file @param {string} runtime @param {Setting & { report: string }} setting */
function commandFor(file, runtime, { bun, deno, env, report }) {
  // --no-check: the gate checks the types once, for both runtimes.
  if (runtime === "deno") {
    return { command: deno, words: ["test", "--allow-all", "--no-check", `--junit-path=${report}`, file] };
  }
  const timeoutMs = BUN_TEST_TIMEOUT_MS * patience(env);
  const words = ["--reporter=junit", `--reporter-outfile=${report}`, `--timeout=${timeoutMs}`, `./${file}`];
  return { command: bun, words: ["test", ...words] };
}

/** @param {string} report @returns {Counts} */
function countsOf(report) {
  let text = "";
  try {
    text = readFileSync(report, "utf8");
  } catch {
    // The process ended before it could report; its exit code says that this is a failure.
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const count = (/** @type {RegExp} */ pattern) => text.match(pattern)?.length ?? 0;
  const skipped = count(/<skipped\b/g);
  const failed = count(/<(failure|error)\b/g);
  return { passed: count(/<testcase\b/g) - failed - skipped, failed, skipped };
}

/** Leaders of process groups, which a Ctrl-C at the terminal does not reach. */
const running = /** @type {Set<number | undefined>} */ (new Set());

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    for (const pid of running) endGroup(pid);
    process.exit(1);
  });
}

/**
 * Runs a program to its end, and whatever it left behind with it; both outputs are read as one.
 * @param {{ command: string, words: string[], env: Setting["env"] }} job
 * @returns {Promise<{ code: number, output: string }>}
 */
function run({ command, words, env }) {
  // A process group of its own, so that servers which a stopped test had started end too.
  const child = spawn(command, words, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  running.add(child.pid);
  const chunks = /** @type {string[]} */ ([]);
  const read = (/** @type {string} */ chunk) => void chunks.push(chunk);
  child.stdout.setEncoding("utf8").on("data", read);
  child.stderr.setEncoding("utf8").on("data", read);
  const deadlineMs = DEADLINE_MS * patience(env);
  const overdue = setTimeout(() => {
    read(`\nStopped: still running after ${deadlineMs / 1000} s\n`);
    endGroup(child.pid);
  }, deadlineMs);
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: 1, output: `Cannot start "${command}": ${error.message}\n` }));
    // What the program left running would hold its outputs open for ever.
    child.on("exit", () => {
      running.delete(child.pid);
      endGroup(child.pid);
    });
    child.on("close", (code, signal) => {
      clearTimeout(overdue);
      if (signal) read(`Stopped by ${signal}\n`);
      resolve({ code: code ?? 1, output: chunks.join("") });
    });
  });
}

/** @param {Setting["env"]} env */
function patience(env) {
  return env.NIGHTLY ? NIGHTLY_FACTOR : 1;
}

/** @param {number | undefined} pid */
function endGroup(pid) {
  if (pid === undefined || process.platform === "win32") return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in it, which is how it should be.
  }
}
