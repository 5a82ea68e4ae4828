/**
 * Finds the programs that the tests need, and installs the missing ones: the two runtimes through npm into a cache
 * folder outside of the project, Chromium and redis-server through apt where this is root on Debian or Ubuntu.
 * Called by tests/run.mjs only. Never writes into the project and never replaces a program that is already there.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

/** The versions the project is tested with; a newer one found on the machine is used as it is. */
const RUNTIME_VERSIONS = { bun: "1.4.5", deno: "2.9.6" };

/** Programs that some tests start. Tests read the path from the variable named here. */
const TOOLS = [
  { variable: "CHROMIUM", names: ["chromium", "chromium-browser", "google-chrome"], apt: "chromium" },
  { variable: "REDIS_SERVER", names: ["redis-server"], apt: "redis-server" },
  { variable: "NGINX", names: ["nginx"], apt: "nginx-light" },
];

/**
 * @param {"bun" | "deno"} name
 * @returns {string} an executable of at least the tested version
 */
export function findRuntime(name) {
  if (process.versions[name]) return process.execPath;
  const found = onPath(name);
  if (found && isRecentEnough(versionOf(found), RUNTIME_VERSIONS[name])) return found;
  return installRuntime(name);
}

/**
 * @param {{ install: boolean }} options install: fetch what is missing, where that is possible
 * @returns {Record<string, string>} environment variables that hold the paths
 */
export function findTools({ install }) {
  const missing = TOOLS.filter((tool) => !locate(tool));
  if (install && missing.length > 0 && process.getuid?.() === 0 && onPath("apt-get")) {
    console.log(`Installing ${missing.map((tool) => tool.apt).join(" and ")} with apt-get`);
    installPackages(missing.map((tool) => tool.apt));
  }
  const paths = {};
  for (const tool of TOOLS) {
    const path = locate(tool);
    if (path) paths[tool.variable] = path;
    else {console.log(
        `Missing: ${tool.names[0]} (install it, or put its path into ${tool.variable}); tests that need it will fail`,
      );}
  }
  return paths;
}

/** @param {typeof TOOLS[number]} tool */
function locate(tool) {
  return process.env[tool.variable] ?? tool.names.map(onPath).find(Boolean);
}

/** @param {string[]} packages */
function installPackages(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { stdio: /** @type {const} */ (["ignore", "ignore", "inherit"]), env };
  try {
    execFileSync("apt-get", ["update", "-qq"], options);
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], options);
  } catch (error) {
    console.error(`Cannot install ${packages.join(", ")}: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {string} program */
function onPath(program) {
  const suffix = process.platform === "win32" ? ".exe" : "";
  // Servers of Debian's packages stand in folders that a user's PATH need not have.
  return [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin"].map((folder) =>
    join(folder, program + suffix)
  ).find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} executable */
function versionOf(executable) {
  const output = execFileSync(executable, ["--version"], { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(output)?.[0] ?? "0.0.0";
}

/** @param {string} version @param {string} least */
function isRecentEnough(version, least) {
  return version.localeCompare(least, "en", { numeric: true }) >= 0;
}

/** @param {"bun" | "deno"} name */
function installRuntime(name) {
  const version = RUNTIME_VERSIONS[name];
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const folder = join(cache, "parley", `${name}-${version}`);
  const executable = join(folder, "node_modules", ".bin", name);
  if (existsSync(executable)) return executable;
  console.log(`Installing ${name} ${version} into ${folder}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}\n");
  const [command, ...words] = installCommand(`${name}@${version}`, name);
  execFileSync(command, words, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  return executable;
}

/** Node's npm where there is one; with a runtime alone, that runtime's own package manager.
 * @param {string} wanted @param {string} name */
function installCommand(wanted, name) {
  const npm = onPath("npm");
  if (npm) return [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", wanted];
  if (process.versions.bun) return [process.execPath, "add", "--trust", "--exact", wanted];
  return [process.execPath, "add", "--quiet", `--allow-scripts=npm:${name}`, `npm:${wanted}`];
}
