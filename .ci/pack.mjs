/**
 * `bun run pack [client] [server] [--to folder]`: writes what is published, one tarball a package, into `dist/`.
 *
 *   dist/parley-client-<version>.tgz   the client, with hooks, composable, store and fake server
 *   dist/parley-server-<version>.tgz   the server, as a library of Bun and Deno
 *
 * Each holds JavaScript, types, maps, and the sources that these point to. A package's own files stand in packages/;
 * version, repository and the versions of dependencies are the root's, so that they are written once.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { bundleIfStale } from "./bundle.mjs";

/** Where the sources of each stand. The client's packages are peers, which its own manifest names. */
const PACKAGES = { client: { sources: "src/client" }, server: { sources: "src", isDependent: true } };

const TYPESCRIPT = "node_modules/typescript/bin/tsc";

/** TypeScript leaves the `.ts` of an import in declarations, where a user's compiler would look for our sources. */
const TS_IMPORT = /((?:from|import)\s*\(?\s*["']\.[^"']*)\.tsx?(["'])/g;

const TEXT_IMPORT = /"(\.[^"]+)"(?: |, \{ )with:? \{ type: "text" \}/g;

/** With the name of the package alone. */
const PACKAGE_IMPORT = /(?:from|import)\s*\(?\s*"((?:@[^/"]+\/)?[^./"][^/"]*)/g;

/** @param {string} path @returns {any} */
const readJson = (path) => JSON.parse(fs.readFileSync(path, "utf8"));

/** @param {string} folder @param {RegExp} pattern */
function filesOf(folder, pattern) {
  return fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => pattern.test(name));
}

/**
 * The package's folder as it is published, but for what the compiler makes.
 * @param {keyof typeof PACKAGES} name
 * @param {string} folder
 */
function stage(name, folder) {
  const { sources, isDependent = false } = PACKAGES[name];
  fs.cpSync(join("packages", name), folder, { recursive: true });
  fs.cpSync("LICENSE", join(folder, "LICENSE"));
  copyHandbook(folder);
  fs.cpSync(sources, join(folder, "src"), { recursive: true });
  const { version, repository, dependencies } = readJson("package.json");
  const { name: published, ...own } = readJson(join(folder, "package.json"));
  const manifest = { name: published, version, repository, ...own, ...(isDependent && { dependencies }) };
  fs.writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return `${published}-${version}.tgz`;
}

/**
 * Where the README links to the handbook, that goes along; the repository's own README stays behind.
 * @param {string} folder
 */
function copyHandbook(folder) {
  const readme = join(folder, "README.md");
  const text = fs.readFileSync(readme, "utf8");
  if (text.includes("](../../docs/")) fs.cpSync("docs", join(folder, "docs"), { recursive: true });
  fs.writeFileSync(
    readme,
    text.replaceAll("](../../docs/", "](docs/").replaceAll("[Parley](../../README.md)", "Parley"),
  );
}

/** @param {string} folder */
function compile(folder) {
  execFileSync(process.execPath, [TYPESCRIPT, "--project", folder], { stdio: "inherit" });
  const output = join(folder, "dist");
  for (const name of filesOf(output, /\.d\.ts$/)) {
    const path = join(output, name);
    fs.writeFileSync(path, fs.readFileSync(path, "utf8").replace(TS_IMPORT, "$1.js$2"));
  }
  for (const name of filesOf(output, /\.js$/)) copyTexts(folder, name);
  for (const name of filesOf(join(folder, "src"), /\.\w+$/)) {
    if (!fs.existsSync(join(output, name.replace(/\.tsx?$/, ".js")))) fs.rmSync(join(folder, "src", name));
  }
}

/** What a module imports as text is no business of the compiler. @param {string} folder @param {string} module */
function copyTexts(folder, module) {
  const code = fs.readFileSync(join(folder, "dist", module), "utf8");
  for (const [, path] of code.matchAll(TEXT_IMPORT)) {
    const name = join(dirname(module), /** @type {string} */ (path));
    fs.cpSync(join(folder, "src", name), join(folder, "dist", name));
  }
}

/** The root depends on more: on what the scripts of browsers are made with. @param {string} folder */
function dropUnusedDependencies(folder) {
  const path = join(folder, "package.json");
  const { dependencies, ...manifest } = readJson(path);
  if (!dependencies) return;
  const output = join(folder, "dist");
  const modules = filesOf(output, /\.(js|d\.ts)$/).map((name) => fs.readFileSync(join(output, name), "utf8"));
  const imported = new Set(modules.flatMap((code) => [...code.matchAll(PACKAGE_IMPORT)].map(([, name]) => name)));
  const used = Object.entries(dependencies).filter(([name]) => imported.has(name));
  const text = JSON.stringify({ ...manifest, dependencies: Object.fromEntries(used) }, null, 2);
  fs.writeFileSync(path, `${text}\n`);
}

/** @param {keyof typeof PACKAGES} name @param {string} output */
function pack(name, output) {
  // Inside of the project, where the compiler finds the types of dependencies and peers.
  const folder = fs.mkdtempSync("dist/pack-");
  try {
    const tarball = join(output, stage(name, folder));
    compile(folder);
    dropUnusedDependencies(folder);
    const words = ["pm", "pack", "--destination", output, "--quiet"];
    execFileSync(process.execPath, words, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    console.log(`${relative(".", tarball)}  ${(fs.statSync(tarball).size / 1000).toFixed(1)} kB`);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

process.chdir(join(import.meta.dirname, ".."));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { to: { type: "string", default: "dist" } },
});
const all = /** @type {(keyof typeof PACKAGES)[]} */ (Object.keys(PACKAGES));
const unknown = positionals.find((name) => !Object.hasOwn(PACKAGES, name));
if (unknown) {
  console.error(`Cannot pack "${unknown}": it is not one of ${all.join(", ")}`);
  process.exit(2);
}
await bundleIfStale();
fs.mkdirSync("dist", { recursive: true });
const output = resolve(values.to);
for (const name of all) if (positionals.length === 0 || positionals.includes(name)) pack(name, output);
