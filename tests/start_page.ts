/**
 * The code of docs/start.md, so that tests run what readers copy.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PAGE = readFileSync(fileURLToPath(new URL("../docs/start.md", import.meta.url).href), "utf8");
const ADDRESS = "127.0.0.1:3000";

export interface Script {
  name: string;
  code: string;
  /** The lines that the page says it prints; none where that depends. */
  prints: string[];
}

function readScripts(): Script[] {
  const blocks = [...PAGE.matchAll(/```(\w+)\n(.*?)```/gs)].map(([, language, code]) => ({ language, code: code! }));
  return blocks.flatMap(({ language, code }, index) => {
    if (language !== "js") return [];
    const next = blocks[index + 1];
    const prints = next?.language === "text" ? next.code.trimEnd().split("\n") : [];
    return [{ name: /^\/\/ (\w+)\.mjs/.exec(code)![1]!, code, prints }];
  });
}

/** In their order. */
export const SCRIPTS: readonly Script[] = readScripts();

/** The page of section 9. */
export const HTML: string = /```html\n(.*?)```/s.exec(PAGE)![1]!;

/** The same for a server at another port. */
export function atPort(code: string, port: number): string {
  return code.replaceAll(ADDRESS, `127.0.0.1:${port}`);
}
