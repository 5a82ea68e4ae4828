/**
 * The code of docs/client.md, so that tests check, build and run what readers copy.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PAGE = fileURLToPath(new URL("../../docs/client.md", import.meta.url).href);
/** A path: bundlers know no URLs. */
const SOURCES = fileURLToPath(new URL("../../src/client/", import.meta.url).href);
/** Names that the page leaves to the reader's own login. */
const SURROUNDINGS = 'import { fetchToken, tokenOf } from "./surroundings.ts";\n';

interface Block {
  language: string;
  code: string;
}

function readBlocks(): Block[] {
  const page = readFileSync(PAGE, "utf8");
  return [...page.matchAll(/```(\w+)\n(.*?)```/gs)].map(([, language, code]) => ({ language, code }));
}

export interface Example {
  language: "ts" | "tsx";
  code: string;
  /** What it prints or shows. */
  result: string;
  /** The component that it ends with; without one it is a script. */
  component?: string;
}

/** The modules of the page, with imports of this repository, and the address of a test's server. */
export function readExamples(port: number): Example[] {
  const blocks = readBlocks();
  return blocks.flatMap(({ language, code }, index): Example[] => {
    if (language !== "ts" && language !== "tsx") return [];
    const next = blocks[index + 1];
    if (next?.language !== "text") throw new Error(`docs/client.md does not say what comes of ${code.slice(0, 200)}`);
    return [{ language, code: asModule(code, port), result: next.code.trim(), component: componentOf(code) }];
  });
}

export interface GuidePage {
  /** By name; the components that are used are `App` and, inside of it, `Chat`. */
  files: Record<string, string>;
  /** What they show to ann. */
  result: string;
}

/** The same chat in a framework, with imports of the packages. */
export function readPage(framework: "react" | "vue" | "svelte", port: number): GuidePage {
  const page: GuidePage = { files: {}, result: "" };
  let isOfPage = false;
  for (const { language, code } of readBlocks()) {
    const name = framework === "react" ? nameOfModule(language, code) : nameOfComponent(framework, language, code);
    if (name) page.files[name] = at(port, code);
    else if (isOfPage && language === "text") page.result += code;
    isOfPage = !!name;
  }
  return page;
}

function nameOfModule(language: string, code: string): string | undefined {
  const component = language === "tsx" ? componentOf(code) : undefined;
  return component === "App" || component === "Chat" ? `${component}.tsx` : undefined;
}

/** Its first line says it. */
function nameOfComponent(framework: string, language: string, code: string): string | undefined {
  return language === framework ? /^<!-- (\w+\.\w+) -->/.exec(code)?.[1] : undefined;
}

export function countBlocks(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { language } of readBlocks()) counts[language] = (counts[language] ?? 0) + 1;
  return counts;
}

function componentOf(code: string): string | undefined {
  return [...code.matchAll(/export function (\w+)/g)].at(-1)?.[1];
}

function asModule(code: string, port: number): string {
  const body = withSources(at(port, code));
  return /(?<!\.)\b(fetchToken|tokenOf)\b/.test(body) ? SURROUNDINGS + body : body;
}

/** Instead of the packages. */
export function withSources(code: string): string {
  return code.replace(/from "parley-client(?:\/(\w+))?"/g, (_, name = "mod") => `from "${SOURCES}${name}.ts"`);
}

function at(port: number, code: string): string {
  return code.replaceAll("127.0.0.1:3000", `127.0.0.1:${port}`);
}
