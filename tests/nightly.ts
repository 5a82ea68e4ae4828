/**
 * How much of a seeded series or of a matrix a test takes: a few of it in the usual run, all of it at night
 * (`bun run nightly`, which sets NIGHTLY).
 */
import process from "node:process";

export const IS_NIGHTLY = process.env.NIGHTLY === "1";

/** Seeds of a series, the same in every run: `usual` of them (5 unless given), at night `nightly`. */
export function seeds({ usual = 5, nightly }: { usual?: number; nightly: number }): number[] {
  return Array.from({ length: IS_NIGHTLY ? nightly : usual }, (_, index) => 1 + index * 7919);
}
