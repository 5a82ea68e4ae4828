/**
 * Programs that tests and benches start, by their path: a bare name means something else on every machine. A script that `bun run` starts has a `node` on its PATH that is Bun itself;
 * what is said of Node must not be measured there.
 */
import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import process from "node:process";
import { findRuntime } from "./run/toolchain.mjs";

/** The executable of a runtime: the one that the test command has set, else one of this machine, else installed now. */
export function runtimePath(runtime: "bun" | "deno"): string {
  return process.env[runtime.toUpperCase()] ?? findRuntime(runtime);
}

/** The redis-server that the test command has set, else one of this machine. */
export function redisServerPath(): string {
  return process.env.REDIS_SERVER ?? findProgram("redis-server");
}

/** A program by its name, or by a path, which is kept. Throws as {@link findProgram} does. */
export function programPath(program: string): string {
  if (program.includes("/")) return program;
  if (program === "bun" || program === "deno") return runtimePath(program);
  return findProgram(program, program === "node" ? "nodejs" : program);
}

/** Where a program is. Throws with the Debian package that holds it. */
export function findProgram(program: string, debianPackage = program): string {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path) && !isBunInstead(path));
  if (!found) throw new Error(`Cannot find "${program}": install the Debian package "${debianPackage}"`);
  return found;
}

function isBunInstead(path: string): boolean {
  return basename(path) === "node" && basename(realpathSync(path)).startsWith("bun");
}
