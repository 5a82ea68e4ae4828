/**
 * `bun run build`: makes one executable of the whole server, with its pages inside and nothing beside it.
 *
 *   bun run build                       dist/parley, for this machine
 *   bun run build --target=linux-arm64  dist/parley-linux-arm64
 *   bun run build all                   one for each target below
 *
 * Runs on the bun that was called. The executable must not read .env or bunfig.toml of the folder it happens to stand in.
 */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bundleIfStale } from "./bundle.mjs";

const TARGETS = ["linux-x64", "linux-arm64", "linux-x64-musl", "darwin-arm64", "windows-x64"];

/** Bytecode saves the parsing at start; it is the reason why src/ has no top-level await. */
const FLAGS = ["--compile", "--minify", "--bytecode", "--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];

/** @param {string} [target] one of TARGETS; without it, this machine */
function build(target) {
  const suffix = process.platform === "win32" && !target || target?.startsWith("windows") ? ".exe" : "";
  const outfile = `dist/parley${target ? `-${target}` : ""}${suffix}`;
  const words = ["build", ...FLAGS, "src/main.ts", "--outfile", outfile];
  if (target) words.push(`--target=bun-${target}`);
  execFileSync(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] });
  console.log(`${outfile}  ${(statSync(outfile).size / 1e6).toFixed(1)} MB`);
}

/** @param {string[]} words @returns {(string | undefined)[]} */
function wantedTargets(words) {
  if (words.includes("all")) return TARGETS;
  const wanted = words.map((word) => word.replace(/^--target=(bun-)?/, ""));
  const unknown = wanted.find((target) => !TARGETS.includes(target));
  if (unknown) throw new Error(`Cannot build for "${unknown}": it is not one of ${TARGETS.join(", ")}`);
  return wanted.length > 0 ? wanted : [undefined];
}

process.chdir(join(import.meta.dirname, ".."));
try {
  await bundleIfStale();
  for (const target of wantedTargets(process.argv.slice(2))) build(target);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
