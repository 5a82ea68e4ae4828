/**
 * The committed bundles: up to date, small enough, and usable as they are.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { digestOfSources } from "./asset_sources.ts";

const read = (path: string) => readFileSync(path, "utf8");
const asset = (name: string) => fileURLToPath(new URL(`../../src/http/assets/${name}`, import.meta.url).href);
const manifest = JSON.parse(read(asset("manifest.json")));

test("the bundles are made from the present sources; `bun run build:client` makes them anew", () => {
  assertEquals(manifest.sources, digestOfSources(read));
});

test("the client is at most 6.5 kB gzipped, the hooks at most 3.3 kB more", () => {
  const { client, hooks } = manifest.gzippedBytes;
  assertEquals(gzipSync(read(asset("client.js")), { level: 9 }).length, client);
  assertLessOrEqual(client, 6500);
  assertLessOrEqual(hooks, 3300);
});

test("client.js is a module that needs nothing and does nothing when imported", async () => {
  const source = read(asset("client.js"));
  assert(!/\bimport\b/.test(source), "no imports");
  const before = Object.keys(globalThis).length;
  const { createClient } = await import(new URL("../../src/http/assets/client.js", import.meta.url).href);
  assertEquals(Object.keys(globalThis).length, before);
  assertEquals(createClient("ws://localhost/websocket/connect").status.state, "idle");
});
