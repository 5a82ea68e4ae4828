/**
 * `bun run build:client`: bundles what browsers get from the server, so that a fresh clone serves it without a build.
 *
 *   src/http/assets/client.js       the client alone, for pages without a bundler
 *   src/demo/assets/chat.js         the demo page /chat, React included
 *   src/demo/assets/dialects.js     the demo page /
 *   src/http/assets/manifest.json   what they were made from, and their sizes; a test holds both against the sources
 *
 * Prints the sizes: the client alone, and what the hooks add to it, React left out.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { digestOfSources } from "../tests/client/asset_sources.ts";

const ASSETS = "src/http/assets";
const DEMO_ASSETS = "src/demo/assets";

/** @param {string} entry @param {string[]} flags */
function bundle(entry, ...flags) {
  const words = ["build", "--minify", "--target=browser", "--format=esm", ...flags, entry];
  return execFileSync(process.execPath, words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** @param {string} text */
const gzipped = (text) => gzipSync(text, { level: 9 }).length;

process.chdir(join(import.meta.dirname, ".."));
const client = bundle("src/client/mod.ts");
const hooks = bundle("src/client/react.ts", "--external=react");
const chat = bundle("src/demo/chat/main.tsx", "--production");
const page = bundle("src/demo/dialects/main.ts");
const sizes = {
  client: gzipped(client),
  hooks: gzipped(hooks) - gzipped(client),
  chat: gzipped(chat),
  console: gzipped(page),
};

writeFileSync(join(ASSETS, "client.js"), client);
writeFileSync(join(DEMO_ASSETS, "chat.js"), chat);
writeFileSync(join(DEMO_ASSETS, "dialects.js"), page);
const sources = digestOfSources((path) => readFileSync(path, "utf8"));
writeFileSync(join(ASSETS, "manifest.json"), `${JSON.stringify({ sources, gzippedBytes: sizes }, null, 2)}\n`);
console.log(`client  ${sizes.client} B gzipped`);
console.log(`hooks   ${sizes.hooks} B gzipped more`);
console.log(`chat    ${sizes.chat} B gzipped, React included`);
console.log(`console ${sizes.console} B gzipped`);
