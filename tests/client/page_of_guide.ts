/**
 * The code of docs/client.md as modules, so that a test checks and runs what readers copy.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PAGE = fileURLToPath(new URL("../../docs/client.md", import.meta.url).href);
const SOURCES: Record<string, string> = {
  "parley-client": new URL("../../src/client/mod.ts", import.meta.url).href,
  "parley-client/react": new URL("../../src/client/react.ts", import.meta.url).href,
  "parley-client/testing": new URL("../../src/client/testing.ts", import.meta.url).href,
};
/** Names that the page leaves to the reader's own login. */
const SURROUNDINGS = 'import { fetchToken, tokenOf } from "./surroundings.ts";\n';

export interface Example {
  language: "ts" | "tsx";
  code: string;
  /** What it prints or shows. */
  result: string;
  /** The component that it ends with, of a `tsx`. */
  component?: string;
}

/** With imports of this repository, and the address of a test's server. */
export function readExamples(port: number): Example[] {
  const page = readFileSync(PAGE, "utf8");
  const blocks = [...page.matchAll(/```(\w+)\n(.*?)```/gs)].map(([, language, code]) => ({ language, code }));
  return blocks.flatMap(({ language, code }, index): Example[] => {
    if (language !== "ts" && language !== "tsx") return [];
    const next = blocks[index + 1];
    if (next?.language !== "text") throw new Error(`docs/client.md does not say what comes of ${code.slice(0, 200)}`);
    const component = [...code.matchAll(/export function (\w+)/g)].at(-1)?.[1];
    return [{ language, code: asModule(code, port), result: next.code.trim(), component }];
  });
}

export function countBlocks(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, language] of readFileSync(PAGE, "utf8").matchAll(/```(\w+)\n.*?```/gs)) {
    counts[language] = (counts[language] ?? 0) + 1;
  }
  return counts;
}

function asModule(code: string, port: number): string {
  const body = code
    .replaceAll("127.0.0.1:3000", `127.0.0.1:${port}`)
    .replace(/from "(parley-client[^"]*)"/g, (_, name) => `from "${SOURCES[name]}"`);
  return /\b(fetchToken|tokenOf)\b/.test(body) ? SURROUNDINGS + body : body;
}
