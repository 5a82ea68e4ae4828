/**
 * The scripts that browsers get are built from the sources: when, how small they are, and what a server says that has
 * none. Each question about building is asked in a copy of the project.
 */
import { execFile } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { bundle } from "../../.ci/bundle.mjs";
import { RUNTIME } from "../harness.ts";
import { SECRET } from "./real_server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url).href);
const CLIENT = "src/http/assets/client.js";
const OUTPUTS = [CLIENT, "src/demo/assets/chat.js", "src/demo/assets/dialects.js"];
const PROJECT = ["package.json", "tsconfig.json", "deno.json", "deno.lock", ".ci"];
const SLOW = { timeout: 60_000 };

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const gzippedBytes = (text: string) => gzipSync(text, { level: 9 }).length;

/** A clone of the project with its packages, in which nothing was built. */
class Clone implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "parley-clone-"));

  constructor() {
    for (const name of PROJECT) cpSync(join(ROOT, name), join(this.path, name), { recursive: true });
    const isBuilt = (path: string) => /[\\/]assets$/.test(path);
    cpSync(join(ROOT, "src"), join(this.path, "src"), { recursive: true, filter: (path) => !isBuilt(path) });
    symlinkSync(join(ROOT, "node_modules"), join(this.path, "node_modules"));
  }

  run(words: string[], settings = {}): Promise<{ code: number; stdout: string; stderr: string }> {
    const flags = RUNTIME === "deno" ? ["run", "--quiet", "--allow-all"] : [];
    const env = { ...process.env, NO_COLOR: "1", PORT: "0", ...settings };
    return new Promise((resolve) => {
      execFile(process.execPath, [...flags, ...words], { cwd: this.path, env }, (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), stdout, stderr });
      });
    });
  }

  /** What the build prints. */
  async bundle(): Promise<string> {
    const { code, stdout, stderr } = await this.run([".ci/bundle.mjs"]);
    assertEquals([code, stdout], [0, ""], stderr);
    return stderr;
  }

  write(path: string, text: string): void {
    appendFileSync(join(this.path, path), text);
  }

  remove(path: string): void {
    rmSync(join(this.path, path));
  }

  read(path: string): string {
    return readFileSync(join(this.path, path), "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

test("a server without its scripts says what to run; other commands do without them", SLOW, async () => {
  using clone = new Clone();
  const { code, stdout, stderr } = await clone.run(["src/main.ts"]);
  assertEquals(code, 1);
  assertStringIncludes(stdout + stderr, "their scripts are not built; run `bun run bundle` or `deno task bundle`");
  assertEquals((stdout + stderr).trim().split("\n").length, 1);
  assertEquals((await clone.run(["src/main.ts", "--help"])).code, 0);
  const token = await clone.run(["src/main.ts", "token", "--user", "ann"], { JWT_SECRET: SECRET });
  assertEquals(token.code, 0, token.stderr);
});

test("the scripts are built when they are missing or older than a source, and only then", SLOW, async () => {
  using clone = new Clone();
  assertEquals((await clone.bundle()).trim().split("\n").length, 1);
  for (const path of OUTPUTS) assertEquals(clone.read(path), read(path), `${path} is the same wherever it is built`);
  assertEquals(await clone.bundle(), "");

  clone.write("src/server.ts", "\n// No browser gets to see this.\n");
  assertEquals(await clone.bundle(), "");

  clone.write("src/client/mod.ts", "\nexport const LATER = 'a later client';\n");
  const before = clone.read(OUTPUTS[2]!);
  assertStringIncludes(await clone.bundle(), "client.js");
  assertStringIncludes(clone.read(CLIENT), "a later client");
  assertEquals(clone.read(OUTPUTS[2]!), before);

  for (const path of OUTPUTS) {
    clone.remove(path);
    assertStringIncludes(await clone.bundle(), "client.js");
    assert(statSync(join(clone.path, path)).size > 0);
  }
  assertEquals(await clone.bundle(), "");
});

test("a source that cannot be bundled is told, and the scripts stay what they were", SLOW, async () => {
  using clone = new Clone();
  await clone.bundle();
  const before = clone.read(CLIENT);
  clone.write("src/client/mod.ts", "\nexport const = 1;\n");
  const { code, stderr } = await clone.run([".ci/bundle.mjs"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "src/client/mod.ts");
  assertEquals(clone.read(CLIENT), before);
  assertEquals((await clone.run([".ci/bundle.mjs"])).code, 1, "and told again");
});

test("the client is at most 6.48 kB gzipped, the hooks at most 3.27 kB more", SLOW, async () => {
  const { files: [hooks] } = await bundle({ hooks: "src/client/react.ts" }, { external: ["react"] });
  const client = gzippedBytes(read(CLIENT));
  assertLessOrEqual(client, 6480);
  assertLessOrEqual(gzippedBytes(hooks!.text) - client, 3270);
});

test("client.js is a module that needs nothing and does nothing when imported", async () => {
  assert(!/\bimport\b/.test(read(CLIENT)), "no imports");
  const before = Object.keys(globalThis).length;
  const { createClient } = await import(new URL(`../../${CLIENT}`, import.meta.url).href);
  assertEquals(Object.keys(globalThis).length, before);
  assertEquals(createClient("ws://localhost/websocket/connect").status.state, "idle");
});
