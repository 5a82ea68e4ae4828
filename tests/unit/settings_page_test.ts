/**
 * The handbook's table of settings against the settings themselves. To renew it: `bun src/main.ts --help --markdown`.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { settingsTable } from "../../src/cli/help.ts";
import { SETTINGS } from "../../src/config/config.ts";

const PAGE = readFileSync(fileURLToPath(new URL("../../docs/settings.md", import.meta.url).href), "utf8");

test("settings page: its table is the one the program is made from", () => {
  assertEquals(PAGE.slice(PAGE.indexOf("| setting |")).trimEnd(), settingsTable());
});

test("settings page: every setting has its place in the table", () => {
  const table = settingsTable();
  for (const { env } of Object.values(SETTINGS)) assertEquals(table.split(`\`${env}\``).length, 2, env);
});
