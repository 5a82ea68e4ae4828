/**
 * What must hold for the package as it lies in the repository: reproducible versions, locks that agree with them, nothing
 * that ties a clone to one machine or one mirror, and every command that is promised.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

interface Manifest {
  version: string;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  private: boolean;
  exports?: unknown;
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

const manifest: Manifest = JSON.parse(read("package.json"));
const installed = { ...manifest.dependencies, ...manifest.devDependencies };

test("every dependency has one exact version", () => {
  const ranges = Object.entries(installed).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  assertEquals(ranges, []);
});

test("both locks hold the versions of package.json", () => {
  const bunLock = read("bun.lock");
  const denoLock: { specifiers: Record<string, string> } = JSON.parse(read("deno.lock"));
  for (const [name, version] of Object.entries(installed)) {
    assertStringIncludes(bunLock, `"${name}@${version}"`);
    assert(`npm:${name}@${version}` in denoLock.specifiers, `deno.lock lacks npm:${name}@${version}`);
  }
});

test("neither lock names the registry that it was made with", () => {
  for (const lock of ["bun.lock", "deno.lock"]) assertEquals(read(lock).match(/https?:\/\/[^"]*/g), null, lock);
});

test("deno is no dependency: its package lists platforms that not every mirror has", () => {
  assertEquals("deno" in installed, false);
});

test("the promised commands exist on both sides", () => {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(read("deno.json"));
  for (const name of ["start", "test", "check", "build"]) {
    assert(name in manifest.scripts, `package.json has no script "${name}"`);
    assert(name in tasks, `deno.json has no task "${name}"`);
  }
});

test("nobody publishes the project as it is: its packages are what is packed", () => {
  assertEquals([manifest.private, manifest.exports], [true, undefined]);
});

test("the image is built with the Bun that the tests run on", () => {
  const tested = /bun: "(\d+\.\d+\.\d+)"/.exec(read("tests/run/toolchain.mjs"))?.[1];
  assertStringIncludes(read("Dockerfile"), `oven/bun:${tested}-`);
});

test("the image is built with every file of .ci/ that the build imports", () => {
  const [, copied = ""] = /^COPY ((?:\.ci\/\S+ )+)\.ci\/$/m.exec(read("Dockerfile")) ?? [];
  const files = new Set([".ci/build.mjs"]);
  for (const file of files) {
    for (const [, name] of read(file).matchAll(/ from "\.\/([^"]+)"/g)) files.add(`.ci/${name}`);
  }
  assertEquals(copied.trim().split(" "), [...files]);
  const sent = read(".dockerignore").split("\n");
  assertEquals([...files].filter((file) => !sent.includes(`!${file}`)), []);
});

test("the licence is MIT, in the manifest and in full", () => {
  assertStringIncludes(read("LICENSE"), "MIT License");
  assertStringIncludes(read("package.json"), '"license": "MIT"');
});
