/**
 * The fixture that starts servers for all other end-to-end tests: one that cannot start fails its test at once, with what
 * it printed, instead of costing it the time that a slow start may take.
 */
import { test } from "node:test";
import { assert, assertRejects } from "@std/assert";
import { spawnServer } from "../server_process.ts";

/** A quarter of what a start may take: whoever waits for the deadline is over it. */
const AT_ONCE_MS = 5_000;

async function failsAtOnce(options: Parameters<typeof spawnServer>[0], words: string): Promise<void> {
  const startedMs = performance.now();
  const error = await assertRejects(() => spawnServer(options), Error);
  assert(performance.now() - startedMs < AT_ONCE_MS, `it took ${performance.now() - startedMs} ms`);
  assert(error.message.includes(words), error.message);
}

test("a server that refuses its settings fails the test at once, with its words", { timeout: 20_000 }, async () => {
  await failsAtOnce({ env: { WORKERS: "many" } }, "WORKERS");
});

test("a runtime that is not there fails the test at once, with its path", { timeout: 20_000 }, async () => {
  await failsAtOnce({ program: "/nowhere/bun" }, "/nowhere/bun");
});
