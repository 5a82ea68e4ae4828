/**
 * Puts a peer's folder and its exact npm versions into a cache outside of the project, once for each content. The
 * project's own dependencies are never touched. Servers that are not npm packages must be on the machine.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findProgram } from "../../programs.ts";

const run = promisify(execFile);
const INSTALL_WITHIN_MS = 120_000;

export function peerFolder(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}/`, import.meta.url).href);
}

/** The folder to run the peer in. Throws what the package client said. */
export async function installPeer(name: string): Promise<string> {
  const source = peerFolder(name);
  if (!existsSync(join(source, "package.json"))) return source;
  const hash = createHash("sha256");
  for (const file of readdirSync(source)) hash.update(readFileSync(join(source, file)));
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const target = join(cache, "parley-bench", `${name}-${hash.digest("hex").slice(0, 12)}`);
  const done = join(target, "installed");
  if (existsSync(done)) return target;
  mkdirSync(target, { recursive: true });
  cpSync(source, target, { recursive: true });
  const args = ["install", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  await run(findProgram("npm"), args, { cwd: target, timeout: INSTALL_WITHIN_MS });
  writeFileSync(done, new Date().toISOString());
  return target;
}
