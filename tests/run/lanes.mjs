/**
 * Runs the jobs of the test command, some at a time, and shows how far it is: a line for each job that has ended, the
 * output of one that failed, and every so often what has been running for long. Failures are told again at the end.
 */

/** A person who sees nothing for longer than this thinks that nothing happens. */
const SILENCE_MS = 15_000;

/** How much of a failed job's output is shown: its end says most. */
const MAX_LINES = 250;

/** How much of it is told again at the end, which is all that a log that was cut off still has. */
const FAILURE_LINES = 60;

/**
 * @param {import("./jobs.mjs").Job[]} jobs the long ones should come first
 * @param {number} lanes how many run at a time
 * @returns {Promise<import("./jobs.mjs").Counts>}
 */
export async function runAll(jobs, lanes) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const running = /** @type {Map<string, number>} */ (new Map());
  const waiting = [...jobs];
  const failures = /** @type {string[]} */ ([]);
  let done = 0;
  const lane = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const startedMs = performance.now();
      running.set(job.title, startedMs);
      const result = await job.run();
      running.delete(job.title);
      total.passed += result.passed;
      total.failed += result.failed;
      total.skipped += result.skipped;
      if (result.failed > 0) failures.push(`${job.title}\n\n${lastLines(result.output, FAILURE_LINES)}`);
      show(job, result, { seconds: secondsSince(startedMs), place: `${++done}/${jobs.length}` });
    }
  };
  const reminder = setInterval(() => remind(running), SILENCE_MS);
  await Promise.all(Array.from({ length: lanes }, lane));
  clearInterval(reminder);
  if (failures.length > 0) console.log(`\nWhat failed, once more:\n\n${failures.join("\n\n")}`);
  return total;
}

/**
 * @param {import("./jobs.mjs").Job} job
 * @param {import("./jobs.mjs").Counts & { output: string }} result
 * @param {{ seconds: string, place: string }} progress
 */
function show({ title }, { passed, failed, skipped, output }, { seconds, place }) {
  const more = skipped > 0 ? `, ${skipped} skipped` : "";
  const verdict = failed > 0 ? `FAILED ${failed} of ${passed + failed}` : passed > 0 ? `ok ${passed}` : "ok";
  console.log(`${place.padStart(9)}  ${title}  ${verdict}${more} (${seconds} s)`);
  if (failed > 0) console.log(`\n${lastLines(output, MAX_LINES)}\n`);
}

/** @param {string} output @param {number} count */
function lastLines(output, count) {
  return output.trimEnd().split("\n").slice(-count).join("\n");
}

/** @param {Map<string, number>} running */
function remind(running) {
  const long = [...running].filter(([, startedMs]) => performance.now() - startedMs >= SILENCE_MS);
  for (const [title, startedMs] of long) {
    console.log(`           ${title}  still running (${secondsSince(startedMs)} s)`);
  }
}

/** @param {number} startedMs */
function secondsSince(startedMs) {
  return ((performance.now() - startedMs) / 1000).toFixed(1);
}
