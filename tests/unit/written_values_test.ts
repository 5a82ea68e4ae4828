/**
 * How durations and sizes are written, and what is neither.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { parseDuration, parseSize } from "../../src/config/kinds.ts";

test("config: durations are Go's, with days", () => {
  const cases = {
    "54s": 54_000,
    "1m30s": 90_000,
    "500ms": 500,
    "1.5h": 5_400_000,
    "30d": 2_592_000_000,
    "1500us": 2,
    "0": 0,
    "0s": 0,
  };
  for (const [text, ms] of Object.entries(cases)) assertEquals(parseDuration(text), ms, text);
  for (const text of ["60", "", "s", "-1s", "1 s", "1s2", "1S", "1w", "Infinity"]) {
    assertEquals(parseDuration(text), NaN, text);
  }
});

test("config: sizes are bytes, or KiB and MiB, or kB and MB", () => {
  const cases = {
    "0": 0,
    "65536": 65_536,
    "64KiB": 65_536,
    "1MiB": 1_048_576,
    "1.5 KiB": 1536,
    "1MB": 1_000_000,
    "2kB": 2000,
    "7B": 7,
  };
  for (const [text, bytes] of Object.entries(cases)) assertEquals(parseSize(text), bytes, text);
  for (const text of ["", "KiB", "-1", "1K", "1e3", "1 byte"]) assertEquals(parseSize(text), NaN, text);
});
