/**
 * The README's table of settings against the settings themselves. To renew it: `bun src/main.ts --help --markdown`.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { settingsTable } from "../../src/cli/help.ts";
import { SETTINGS } from "../../src/config.ts";

const README = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url).href), "utf8");

/** The rows without the formatter's padding. */
function rowsOf(markdown: string): string[] {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => /^\| setting +\| default +\| meaning +\|$/.test(line));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end < 0 ? undefined : end).map((line) => line.replace(/\s+/g, " "));
}

test("readme: its table of settings is the one the program is made from", () => {
  assertEquals(rowsOf(README), rowsOf(settingsTable()));
});

test("readme: every setting has its place in the table", () => {
  const table = settingsTable();
  for (const { env } of Object.values(SETTINGS)) assertEquals(table.split(`\`${env}\``).length, 2, env);
});
