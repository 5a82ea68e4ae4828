/**
 * A folder of somebody else's, outside of the project: packages are installed into it by npm, from the tarballs that would
 * be published, and programs run in it. Gone when disposed of.
 */
import { execFile, type ExecFileException } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { readPage } from "../client/page_of_guide.ts";
import { RUNTIME } from "../harness.ts";
import { IS_NIGHTLY } from "../nightly.ts";
import { findProgram, runtimePath } from "../programs.ts";

/** What is asked of a package does not depend on the runtime that asks, so it is asked once, on Bun. */
export const ONCE = { skip: RUNTIME === "bun" ? false : "asked once, on Bun", timeout: 120_000 };

/** What takes long: every row of a matrix of which the usual run takes one, and builds that take minutes. */
export const AT_NIGHT = { skip: ONCE.skip || (IS_NIGHTLY ? false : "at night"), timeout: 600_000 };

const PACK = fileURLToPath(new URL("../../.ci/pack.mjs", import.meta.url).href);

/** What a careful program may ask of TypeScript, beside its own sources that of every package too. */
const STRICT = [
  ...["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--verbatimModuleSyntax"],
  ...["--skipLibCheck", "false"],
];

export const NODE = findProgram("node", "nodejs");

export interface RunOptions {
  env?: Record<string, string>;
  /** Given on the standard input. */
  input?: string;
}

export class UserFolder implements Disposable {
  readonly path: string;

  /** A copy of a folder of tests/packages/users/. */
  constructor(template: string) {
    this.path = mkdtempSync(join(tmpdir(), "parley-user-"));
    cpSync(fileURLToPath(new URL(`users/${template}/`, import.meta.url).href), this.path, { recursive: true });
  }

  /** Packs packages of packages/, and installs them with what the folder's manifest wants. */
  async install(...packages: string[]): Promise<void> {
    await this.run(runtimePath("bun"), [PACK, ...packages, "--to", this.path]);
    await this.npm("install", ...this.tarballs().map((name) => `./${name}`));
  }

  /** The files of docs/client.md's page, for the server at that port of the loopback, beside what a framework needs. */
  writeGuide(framework: "react" | "vue" | "svelte", port: number): void {
    const folder = join(this.path, framework, "guide");
    mkdirSync(folder);
    for (const [name, code] of Object.entries(readPage(framework, port).files)) writeFileSync(join(folder, name), code);
  }

  tarballs(): string[] {
    return readdirSync(this.path).filter((name) => name.endsWith(".tgz"));
  }

  /** What was downloaded once is taken from npm's cache. */
  npm(...words: string[]): Promise<string> {
    return this.run(findProgram("npm"), [...words, "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]);
  }

  /** A script of an installed package, on Node. */
  script(path: string, ...words: string[]): Promise<string> {
    return this.run(NODE, [join("node_modules", path), ...words]);
  }

  /** The folder's own sources, with every strict flag at once. `compiler`: as the manifest names it. */
  async typecheck(compiler: string, moduleResolution: string): Promise<void> {
    const module = moduleResolution === "bundler" ? "esnext" : moduleResolution;
    await this.script(`${compiler}/bin/tsc`, ...STRICT, "--module", module, "--moduleResolution", moduleResolution);
  }

  /** What `publint` says of an installed package. */
  lint(name: string): Promise<string> {
    return this.script("publint/src/cli.js", "run", `node_modules/${name}`, "--strict", "--pack=false");
  }

  /** Whether each resolution of modules finds the right types: `attw`, which is fetched for it. */
  async checkTypesOf(tarball: string): Promise<void> {
    await this.npm("install", "--no-save", "@arethetypeswrong/cli@0.18.5");
    await this.script("@arethetypeswrong/cli/dist/index.js", tarball, "--profile", "esm-only");
  }

  /** Resolves to what the program printed; rejects with it, and with what it complained of, if it fails. */
  run(program: string, words: string[], { env, input }: RunOptions = {}): Promise<string> {
    const options = { cwd: this.path, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
    return new Promise((resolve, reject) => {
      const child = execFile(program, words, options, (error: ExecFileException | null, stdout, stderr) => {
        if (!error) resolve(stdout);
        else reject(new Error(`${program} ${words.join(" ")} ended with ${error.code}:\n${stdout}${stderr}`));
      });
      child.stdin?.end(input);
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
