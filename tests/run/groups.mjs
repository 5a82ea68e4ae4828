/**
 * Which test file belongs to which group: `core` needs nothing but the two runtimes, `cluster` starts Redis or workers,
 * `clients` starts browsers, other programs and other people's client libraries, `bench` holds the bench to its word.
 */

/** In the order in which they start. */
export const GROUPS = ["cluster", "clients", "bench", "core"];

/** The first pattern that fits decides. */
const PATTERNS = /** @type {[RegExp, string][]} */ ([
  [/^tests\/bench\//, "bench"],
  [/^tests\/(browser|client|packages|deploy)\//, "clients"],
  [/^tests\/(e2e|contract)\/.*(redis|workers|cluster|sentinel|failover|broadcast|nginx)/, "cluster"],
  [/^tests\/e2e\/binary_/, "cluster"],
]);

/** @param {string} path of a test file, from the project's folder */
export function groupOf(path) {
  return PATTERNS.find(([pattern]) => pattern.test(path))?.[1] ?? "core";
}

/** What a browser shows or a package holds hardly depends on the runtime beneath: the usual run asks once. */
const ASKED_ONCE = /^tests\/(browser|packages)\//;

/** Whole servers take most of the time; who is in a hurry asks them on one runtime. */
const ASKED_ONCE_QUICKLY = /^tests\/e2e\//;

/**
 * On which of the runtimes a file runs.
 * @param {string} path
 * @param {{ runtimes: string[], nightly: boolean, quick: boolean }} run
 */
export function runtimesOf(path, { runtimes, nightly, quick }) {
  const isAskedOnce = !nightly && ASKED_ONCE.test(path) || quick && ASKED_ONCE_QUICKLY.test(path);
  return isAskedOnce ? runtimes.slice(0, 1) : runtimes;
}
