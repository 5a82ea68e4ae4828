/**
 * Waiting with a deadline: the only way a test waits. Nothing here sleeps for a fixed time.
 */

/** How long a test waits before it fails, also on a busy machine; the test command gives a test thirty seconds. */
export const PATIENCE_MS = 10_000;

export interface Patience {
  /** Default: {@link PATIENCE_MS}. */
  withinMs?: number;
  everyMs?: number;
}

/** Thrown by a check that must not be tried again. */
export class Hopeless extends Error {}

/**
 * Tries until `check` gives something but false, null or undefined, and returns it. A check that throws is tried again;
 * at the deadline its last failure is the cause. `Hopeless` ends it at once.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { withinMs = PATIENCE_MS, everyMs = 10 }: Patience = {},
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const tried = await attempt(check);
    if ("value" in tried) return tried.value;
    if (tried.failure instanceof Hopeless) throw tried.failure;
    if (performance.now() > deadline) {
      const why = tried.failure instanceof Error ? tried.failure.message : String(tried.failure);
      throw new Error(`Still not so after ${withinMs} ms: ${why}`, { cause: tried.failure });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

type Attempt<T> = { value: Exclude<T, false | null | undefined> } | { failure: unknown };

async function attempt<T>(check: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    const value = await check();
    if (value === false || value === null || value === undefined) return { failure: `${check} gave ${value}` };
    return { value: value as Exclude<T, false | null | undefined> };
  } catch (failure) {
    return { failure };
  }
}
