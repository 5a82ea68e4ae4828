/**
 * Programs of the machine, by their path. A script that `bun run` starts has a `node` on its PATH that is Bun itself;
 * what is said of Node must not be measured there.
 */
import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";

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
