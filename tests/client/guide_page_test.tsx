/**
 * Every block of docs/client.md has the types it should have, and does against a real server what the page says.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { assertEquals } from "@std/assert";
import type { ComponentType } from "react";
import { ParleyProvider } from "../../src/client/react.ts";
import { eventually, RUNTIME, type ServerProcess } from "../harness.ts";
import { openPage, type Page } from "./page.tsx";
import { countBlocks, type Example, readExamples } from "./page_of_guide.ts";
import { CONNECT, startParley, tokenOf } from "./real_server.ts";

const SLOW = { timeout: 60_000 };
const PATIENCE = { withinMs: 10_000 };
const HERE = fileURLToPath(new URL(".", import.meta.url).href);

let server: ServerProcess;
let examples: (Example & { path: string })[];
let folder: string;
let page: Page;

before(async () => {
  // One of the examples is a test: its library must not take this one for it.
  process.env.RTL_SKIP_AUTO_CLEANUP = "true";
  server = await startParley();
  // Inside of the project, where imports of packages are found.
  folder = mkdtempSync(join(HERE, ".guide-"));
  const [ann, bob] = ["ann", "bob"].map((user) => tokenOf(user));
  const surroundings = `export const tokenOf = (user: string): string => user === "bob" ? "${bob}" : "${ann}";
export const fetchToken = (): Promise<string> => Promise.resolve(tokenOf("ann"));\n`;
  writeFileSync(join(folder, "surroundings.ts"), surroundings);
  examples = readExamples(server.port).map((example, index) => {
    const path = join(folder, `${index}.${example.language}`);
    // A module of its own, whatever it imports.
    writeFileSync(path, example.code + "\nexport {};\n");
    return { ...example, path };
  });
  page = await openPage({ isLive: true });
});

after(async () => {
  const { cleanup } = await import("@testing-library/react");
  cleanup();
  await page.close();
  rmSync(folder, { recursive: true });
  await server[Symbol.asyncDispose]();
});

test("docs/client.md: it has blocks of code, and no kind of them that nobody checks", () => {
  const { ts, tsx, vue, svelte, text, ...others } = countBlocks();
  assertEquals(others, {});
  // One page of each framework that has files of a kind of its own.
  assertEquals([text, examples.length], [ts + tsx + 2, ts + tsx]);
  assertEquals([vue, svelte], [3, 2]);
});

// Once is enough: it is Deno that checks them, whoever runs the test.
test("docs/client.md: the types of every script are right", { timeout: 180_000, skip: RUNTIME === "bun" }, () => {
  execFileSync(process.execPath, ["check", "--quiet", ...examples.map(({ path }) => path)], { stdio: "pipe" });
});

test("docs/client.md: every script prints what it says", SLOW, async () => {
  const { log } = console;
  for (const { path, result, component } of examples) {
    if (component) continue;
    const lines: string[] = [];
    console.log = (...parts: unknown[]) => lines.push(parts.map(shown).join(" "));
    try {
      await import(pathToFileURL(path).href);
      await eventually(() => lines.join("\n").startsWith(result) || differs(lines, result), PATIENCE);
    } finally {
      console.log = log;
    }
    assertEquals(lines.slice(0, result.split("\n").length).join("\n"), result, path);
  }
});

test("docs/client.md: every component shows what it says", SLOW, async () => {
  for (const { path, result, component } of examples) {
    if (!component) continue;
    const module: Record<string, ComponentType<{ token: string }>> = await import(pathToFileURL(path).href);
    const Shown = module[component];
    const token = tokenOf("ann");
    const mounted = await page.mount(
      <ParleyProvider url={server.ws(CONNECT)} token={token}>
        <Shown token={token} />
      </ParleyProvider>,
    );
    try {
      await eventually(() => mounted.text().trim() === result || Promise.reject(new Error(mounted.text())), PATIENCE);
    } finally {
      await mounted.unmount();
    }
  }
});

function differs(lines: string[], result: string): boolean {
  return lines.length >= result.split("\n").length;
}

/** As a terminal shows it, in one line. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  return inspect(value, { breakLength: Infinity, depth: 5, compact: true }).replaceAll("'", '"');
}
