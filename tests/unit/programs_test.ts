// Under `bun run` the first `node` on the PATH is Bun: what says it is about Node must find the real one.
import { assertEquals, assertThrows } from "@std/assert";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../programs.ts";

test("a node that is Bun in disguise is passed over", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-programs-"));
  const before = process.env.PATH;
  try {
    writeFileSync(join(folder, "bun.exe"), "");
    symlinkSync(join(folder, "bun.exe"), join(folder, "node"));
    process.env.PATH = `${folder}${delimiter}${before}`;
    assertEquals(findProgram("bun.exe"), join(folder, "bun.exe"));
    assertEquals(findProgram("node", "nodejs").startsWith(folder), false);
  } finally {
    process.env.PATH = before;
    rmSync(folder, { recursive: true });
  }
});

test("a program that is nowhere is named with its package", () => {
  assertThrows(() => findProgram("no-such-server", "some-package"), Error, `the Debian package "some-package"`);
});
