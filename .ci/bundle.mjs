/**
 * `bun run bundle`: makes the scripts that browsers get from the server, unless they are there and made from what is in
 * src/ now.
 *
 *   src/http/assets/client.js     the client alone, for pages without a bundler
 *   src/demo/assets/chat.js       the demo page /chat, React included
 *   src/demo/assets/dialects.js   the demo page /
 *
 * Runs on Bun, Deno and Node with the same result. Every command that needs these files runs it first, so it has to be
 * quick while nothing has changed: it compares a digest of the sources, and loads no bundler.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";

const ROOT = join(import.meta.dirname, "..");

/** Output in src/, without its ending → the module it begins with. */
const BUNDLES = {
  "http/assets/client": "src/client/mod.ts",
  "demo/assets/chat": "src/demo/chat/main.tsx",
  "demo/assets/dialects": "src/demo/dialects/main.ts",
};

/** What the bundles were made from: `{ digest, inputs }`. Written last, so that a build that was cut off counts as none. */
const STAMP = join(ROOT, "src/http/assets/made_from.json");

/**
 * Every runtime finds packages in a place of its own: Deno in its cache, where a bundler does not look.
 * @param {string[]} external packages that stay outside
 * @returns {import("esbuild").Plugin}
 */
const installedPackages = (external) => ({
  name: "installed packages",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      const isOurs = kind !== "entry-point" && !external.includes(path);
      return isOurs ? { path: createRequire(importer).resolve(path) } : undefined;
    });
  },
});

/**
 * @param {Record<string, string>} entryPoints output without its ending → the module it begins with
 * @param {{ external?: string[] }} [options] external: packages that stay outside
 * @returns {Promise<{ files: { path: string, text: string }[], inputs: string[] }>} inputs: the project's own
 */
export async function bundle(entryPoints, { external = [] } = {}) {
  const esbuild = await import("esbuild");
  try {
    const { outputFiles, metafile } = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints,
      outdir: "src",
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      jsx: "automatic",
      tsconfigRaw: {},
      define: { "process.env.NODE_ENV": '"production"' },
      external,
      plugins: [installedPackages(external)],
      legalComments: "none",
      logLevel: "warning",
      metafile: true,
      write: false,
    });
    return {
      files: outputFiles,
      inputs: Object.keys(metafile.inputs).filter((path) => path.startsWith("src/")).sort(),
    };
  } finally {
    // Its process would keep this one alive on Deno.
    await esbuild.stop();
  }
}

/** @returns {Promise<void>} rejects with what the bundler found wrong, which it has printed */
export async function bundleIfStale() {
  if (isFresh()) return;
  const { files, inputs } = await bundle(BUNDLES);
  for (const { path, text } of files) write(path, text);
  write(STAMP, `${JSON.stringify({ digest: digestOf(inputs), inputs }, null, 2)}\n`);
  const sizes = files.map(({ path, text }) => {
    return `${path.slice(join(ROOT, "src").length + 1)} ${(gzipSync(text, { level: 9 }).length / 1000).toFixed(1)} kB`;
  });
  // Not on the standard output, which is the log of the server that is started next.
  console.error(`Bundled for browsers, gzipped: ${sizes.join(", ")}`);
}

function isFresh() {
  if (!Object.keys(BUNDLES).every((name) => fs.existsSync(join(ROOT, "src", `${name}.js`)))) return false;
  try {
    const { digest, inputs } = JSON.parse(fs.readFileSync(STAMP, "utf8"));
    return digest === digestOf(inputs);
  } catch {
    // No stamp, or a source that has moved.
    return false;
  }
}

/** Of the sources, the versions of packages, and this file. @param {string[]} inputs */
function digestOf(inputs) {
  const read = (/** @type {string} */ path) => fs.readFileSync(join(ROOT, path), "utf8");
  const hash = createHash("sha256").update(JSON.stringify(JSON.parse(read("package.json")).dependencies));
  for (const path of [".ci/bundle.mjs", ...inputs]) hash.update(`\n${path}\n${read(path)}`);
  return hash.digest("hex");
}

/** In one step: another command may be reading or making the same file. @param {string} path @param {string} text */
function write(path, text) {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(`${path}.${process.pid}`, text);
  fs.renameSync(`${path}.${process.pid}`, path);
}

// Node 20 does not know `main`.
if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  await bundleIfStale().catch((error) => {
    console.error(`Cannot bundle the scripts of browsers: ${error.message}`);
    process.exitCode = 1;
  });
}
