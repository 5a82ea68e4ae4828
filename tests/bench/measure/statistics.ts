/**
 * Medians and spreads of repeated runs, and the rule that decides whether a rate may be quoted at all.
 * Pure; used by the report and by the progress lines.
 */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly runs: number;
}

/** Undefined when no run gave a number. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value): value is number => value !== undefined && Number.isFinite(value));
  if (known.length === 0) return undefined;
  known.sort((a, b) => a - b);
  const middle = known.length >> 1;
  const median = known.length % 2 === 1 ? known[middle]! : (known[middle - 1]! + known[middle]!) / 2;
  return { median, least: known[0]!, most: known[known.length - 1]!, runs: known.length };
}

/** Shares of one core, 1 = a whole core busy. */
export interface Shares {
  readonly client: number;
  readonly server: number;
}

/** The load client, not the server, set the pace: the rate says nothing about the server. CPU per message still does. */
export function isClientBound({ client, server }: Shares): boolean {
  return client > 0.9 && server < 0.7;
}
