/**
 * How long to wait before the next try: full jitter over an exponential bound, so that the clients of a restarted server
 * come back spread out and not in waves. Pure; the caller brings the chance.
 */

export interface Backoff {
  /** Bound of the first wait. Default 1 000. */
  minMs?: number;
  /** Bound of every later wait. Default 30 000. */
  maxMs?: number;
  /** False: wait exactly the bound, as 1, 2, 4, 8 … s. Default true: anything from 0 to the bound. */
  jitter?: boolean;
}

/** `attempt` counts from 0; `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number, { minMs, maxMs, jitter }: Required<Backoff>): number {
  const boundMs = Math.min(maxMs, minMs * 2 ** attempt);
  return jitter ? random * boundMs : boundMs;
}
