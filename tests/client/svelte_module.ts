/**
 * Components of Svelte as a module that a test can import: compiled by Svelte, and bundled with what they import by Bun,
 * for a browser or for a server. Neither runtime compiles components, and which half of Svelte an import means is decided
 * by a condition that a test cannot set.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { compile } from "svelte/compiler";
import { runtimePath } from "../programs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url).href);

export interface Bundle {
  /** Their sources, by name; each may import the others as `./Name.js`. */
  components: Record<string, string>;
  /** What a test wants of them, as the text of a module beside them. */
  entry: string;
  on: "client" | "server";
}

export async function svelteModule<Module>({ components, entry, on }: Bundle): Promise<Module> {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  // Inside of the project, where the packages are found.
  const folder = mkdtempSync(join(ROOT, "dist/svelte-"));
  try {
    for (const [name, source] of Object.entries(components)) {
      const { js } = compile(source, { generate: on, filename: `${name}.svelte` });
      writeFileSync(join(folder, `${name}.js`), js.code);
    }
    writeFileSync(join(folder, "entry.js"), entry);
    const outfile = join(folder, "bundle.mjs");
    const target = on === "client" ? "browser" : "node";
    const words = ["build", join(folder, "entry.js"), "--outfile", outfile, "--format=esm", `--target=${target}`];
    await promisify(execFile)(runtimePath("bun"), words);
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
