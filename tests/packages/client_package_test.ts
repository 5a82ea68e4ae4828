/**
 * The published client as its users get it: the tarball, installed by npm into a folder of somebody else's, in each
 * runtime, under each compiler and bundler. tests/packages/users/client/ is that folder; what takes minutes is in
 * client_package_nightly_test.ts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { CONNECT, startParley, tokenOf } from "../client/real_server.ts";
import type { ServerProcess } from "../harness.ts";
import { runtimePath } from "../programs.ts";
import { chatInBrowser, served } from "./browser_chat.ts";
import { AT_NIGHT, NODE, ONCE, UserFolder } from "./user_folder.ts";

/** The most that the client may weigh, bundled by esbuild and gzipped, and each of the others beside it. */
const MOST_BYTES = { client: 6490, "/react": 3260, "/vue": 800, "/svelte": 720 };

let folder: UserFolder;
let server: ServerProcess;

after(async () => {
  folder?.[Symbol.dispose]();
  await server?.[Symbol.asyncDispose]();
});

// All other tests stand on it. Not a hook: Bun gives hooks no time of their own.
test("package: npm installs the tarball, which needs nothing", ONCE, async () => {
  folder = new UserFolder("client");
  await folder.install("client");
  server = await startParley();
  const { dependencies } = JSON.parse(readFileSync(installed("package.json"), "utf8"));
  assertEquals(dependencies, undefined);
});

function installed(path: string): string {
  return join(folder.path, "node_modules/parley-client", path);
}

/** What a program that chats prints; it ends by itself. */
function chat(program: string, ...words: string[]): Promise<string> {
  return folder.run(program, [...words, server.ws(CONNECT), tokenOf("nora"), "lobby"]);
}

test("package: Node, Bun and Deno chat from node_modules", ONCE, async () => {
  assertEquals(await chat(NODE, "chat.mjs"), "hello\n");
  assertEquals(await chat(runtimePath("bun"), "chat.mjs"), "hello\n");
  assertEquals(await chat(runtimePath("deno"), "run", "--allow-all", "--quiet", "chat.mjs"), "hello\n");
});

test("package: a program's own test cuts a fake server, on Node, Bun and Deno", ONCE, async () => {
  for (const [program, ...words] of [[NODE], [runtimePath("bun")], [runtimePath("deno"), "run", "--quiet"]]) {
    assertEquals(await folder.run(program!, [...words, "testing.mjs"]), "before the cut,during the cut\n");
  }
});

test("package: CommonJS can require it where Node can require modules", ONCE, async () => {
  const words = ["--no-warnings", "--print", 'typeof require("parley-client").createClient'];
  assertEquals(await folder.run(NODE, words), "function\n");
});

test("package: TypeScript 7 checks it with every strict flag", ONCE, async () => {
  await folder.typecheck("typescript", "node16");
  await folder.typecheck("typescript", "bundler");
});

test("package: TypeScript 5.9 checks it with every strict flag", ONCE, async () => {
  await folder.typecheck("typescript5", "bundler");
});

test("package: TypeScript 5.9 does as node16", AT_NIGHT, async () => {
  await folder.typecheck("typescript5", "node16");
});

test("package: what is bundled stays small", ONCE, async () => {
  const size = async (...entries: string[]) => {
    const input = entries.map((entry) => `export * from "parley-client${entry}";`).join("\n");
    const words = ["--bundle", "--minify", "--format=esm", "--external:react", "--external:vue", "--external:svelte"];
    const bundle = await folder.run(join(folder.path, "node_modules/esbuild/bin/esbuild"), words, { input });
    return gzipSync(bundle, { level: 9 }).length;
  };
  const { client: most, ...others } = MOST_BYTES;
  const client = await size("");
  assertLessOrEqual(client, most);
  for (const [entry, most] of Object.entries(others)) {
    assertLessOrEqual(await size("", entry) - client, most, `${entry} at most ${most} bytes`);
  }
});

test("package: programs bundled by esbuild and by Rollup chat", ONCE, async () => {
  const esbuild = ["--bundle", "--format=esm", "--platform=node", "--external:ws", "--outfile=esbuild.mjs"];
  await folder.run(join(folder.path, "node_modules/esbuild/bin/esbuild"), ["chat.mjs", ...esbuild]);
  assertEquals(await chat(NODE, "esbuild.mjs"), "hello\n");
  const rollup = ["--file=rollup.mjs", "--format=es", "--plugin=node-resolve", "--external=ws,node:process"];
  await folder.script("rollup/dist/bin/rollup", "chat.mjs", "--silent", ...rollup);
  assertEquals(await chat(NODE, "rollup.mjs"), "hello\n");
});

test("package: a React page built by Vite chats in a browser", ONCE, async () => {
  await folder.script("vite/bin/vite.js", "build", "--logLevel=error");
  await using page = await served(join(folder.path, "dist"));
  await chatInBrowser(page.origin, { url: server.ws(CONNECT), token: tokenOf("vera") });
});

test("package: its manifest and its files are what the registry's checkers want", ONCE, async () => {
  assertStringIncludes(await folder.lint("parley-client"), "All good");
  for (const entry of ["react", "query", "react/demo"]) {
    const code = readFileSync(installed(`dist/${entry}.js`), "utf8");
    assert(/^(\/\*[^]*?\*\/\s*)?"use client";/.test(code), entry);
  }
});
