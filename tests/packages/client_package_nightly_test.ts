/**
 * The published client where a try takes minutes: Next and webpack, Node 22 and 24, the checkers of types, and a second
 * install. The folder is that of client_package_test.ts.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { assertEquals } from "@std/assert";
import { CONNECT, startParley, tokenOf } from "../client/real_server.ts";
import type { ServerProcess } from "../harness.ts";
import { chatInBrowser } from "./browser_chat.ts";
import { NEXT, nextSite } from "./next_site.ts";
import { AT_NIGHT, NODE, UserFolder } from "./user_folder.ts";

const GUESTS = [NEXT, "webpack@5.113.0"];

let folder: UserFolder;
let server: ServerProcess;

after(async () => {
  folder?.[Symbol.dispose]();
  await server?.[Symbol.asyncDispose]();
});

test("package at night: npm installs the tarball beside Next, webpack and others", AT_NIGHT, async () => {
  folder = new UserFolder("client");
  await folder.install("client");
  await folder.npm("install", "--save-exact", ...GUESTS);
  server = await startParley();
});

async function chat(node: string, program = "chat.mjs"): Promise<void> {
  assertEquals(await folder.run(node, [program, server.ws(CONNECT), tokenOf("nora"), "lobby"]), "hello\n");
}

test("package at night: a page built by Next chats in a browser", AT_NIGHT, async () => {
  await using site = await nextSite(folder);
  await chatInBrowser(site.origin, { url: server.ws(CONNECT), token: tokenOf("vera") });
});

test("package at night: a program bundled by webpack chats", AT_NIGHT, async () => {
  await folder.run(NODE, ["webpack.mjs"]);
  await chat(NODE, "webpack.bundle.mjs");
});

for (const version of [22, 24]) {
  test(`package at night: Node ${version} chats`, AT_NIGHT, async (t) => {
    const node = await nodeOf(version);
    if (node) await chat(node);
    else t.skip(`npm has no Node ${version} for this machine`);
  });
}

/** What npm's package `node` would fetch for this machine. */
async function nodeOf(version: number): Promise<string | undefined> {
  const name = `node-${process.platform}-${process.arch}`;
  await folder.npm("install", "--no-save", `node${version}@npm:${name}@${version}`).catch(() => undefined);
  const path = join(folder.path, `node_modules/node${version}/bin/node`);
  return existsSync(path) ? path : undefined;
}

test("package at night: its types are found as its code is, by every way of looking", AT_NIGHT, async () => {
  await folder.checkTypesOf(folder.tarballs()[0]!);
});

test("package at night: a second install from the lock file brings the same", AT_NIGHT, async () => {
  await folder.npm("ci");
  await chat(NODE);
});
