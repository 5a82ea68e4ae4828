/**
 * No test and no bench starts a program by its bare name: what that means, and whether there is such a program at all,
 * differs from machine to machine. tests/programs.ts finds them; the test command sets their paths.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";

const TESTS = fileURLToPath(new URL("../", import.meta.url).href);

/** A call that starts a program whose first argument is a name without a folder. */
const BARE = /\b(?:spawn|spawnSync|exec|execSync|execFile|execFileSync|Command)\(\s*(["'`])[\w.-]+\1/g;

function bareNamesIn(path: string, text: string): string[] {
  return [...text.matchAll(BARE)].map(({ 0: found, index }) => {
    return `${path}:${text.slice(0, index).split("\n").length}: ${found}`;
  });
}

test("programs: no test starts one by its bare name", () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|tsx|mjs|js)$/.test(path) && !/(^|\/)(node_modules|results)\//.test(path));
  const found = files.flatMap((path) => bareNamesIn(path, readFileSync(join(TESTS, path), "utf8")));
  // The test command itself asks the system for apt-get, which is nowhere else to be had.
  assertEquals(found.filter((line) => !line.includes('"apt-get"')), []);
});

test("programs: a bare name is seen over line breaks and in every quote", () => {
  const quoted = JSON.stringify("bun");
  for (
    const text of [
      `spawn(${quoted}, [])`,
      `execFileSync(\n  ${quoted})`,
      `new Deno.Command(${quoted.replaceAll('"', "'")})`,
    ]
  ) {
    assertEquals(bareNamesIn("a.ts", text).length, 1, text);
  }
});
