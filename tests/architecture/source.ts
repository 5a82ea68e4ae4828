/**
 * Reads TypeScript just far enough to hold it against rules: comments and the texts of strings are blanked out, so that
 * a word counts only where it is code, and the imports are collected. Lines and columns stay where they were.
 * It is a scanner, no parser: it knows strings, templates, comments and regular expressions, and nothing of the grammar.
 */

export interface Import {
  readonly line: number;
  /** As it is written: "./room.ts", "hono/cors", "node:process". */
  readonly specifier: string;
  /** `import type` and `export type`: gone at run time. */
  readonly typeOnly: boolean;
}

export interface Source {
  /** From the project's root, with slashes: "src/http/app.ts". */
  readonly path: string;
  readonly text: string;
  /** Line by line, without comments and without what stands in strings. */
  readonly code: readonly string[];
  readonly imports: readonly Import[];
}

export function readSource(path: string, text: string): Source {
  const code = blank(text);
  return { path, text, code: code.split("\n"), imports: findImports(text, code) };
}

const COMMENT = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const STRING = String.raw`"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`;
/** Only where an expression may begin; anywhere else a slash divides. */
const REGEXP = String
  .raw`(?<=[=(,:[!&|?{};\n>]\s*|\breturn\s+)\/(?![*\/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\/\\\n[])+\/[a-z]*`;
const SKIPPED = new RegExp([COMMENT, STRING, REGEXP, "`", String.raw`\$\{`, String.raw`[{}]`].join("|"), "g");

/** Replaces comments, strings and regular expressions by blanks of the same shape; `${…}` in a template stays code. */
function blank(text: string): string {
  const pieces: string[] = [];
  const templates: number[] = []; // for every template around this place: how many braces are open inside its ${…}
  let at = 0;
  while (at < text.length) {
    SKIPPED.lastIndex = at;
    const match = SKIPPED.exec(text);
    if (!match) break;
    pieces.push(text.slice(at, match.index));
    const token = match[0];
    at = match.index + token.length;
    if (token === "`") at = skipTemplate();
    else if (token === "{" || token === "${") nest(1, token);
    else if (token === "}") at = closeBrace();
    else pieces.push(isString(token) ? token[0] + hollow(token.slice(1, -1)) + token[0] : hollow(token));
  }
  return pieces.join("") + text.slice(at);

  function nest(by: number, token: string): void {
    if (templates.length > 0) templates[templates.length - 1] += by;
    pieces.push(token);
  }

  function closeBrace(): number {
    if (templates.at(-1) !== 0) {
      nest(-1, "}");
      return at;
    }
    templates.pop();
    return skipTemplate();
  }

  /** Blanks the delimiter that was read and the text behind it: up to the template's end, or to the code of its next `${`. */
  function skipTemplate(): number {
    const end = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y;
    end.lastIndex = at;
    const inside = end.exec(text)?.[0] ?? "";
    const next = at + inside.length;
    const goesOn = text.startsWith("${", next);
    if (goesOn) templates.push(0);
    pieces.push(" ", hollow(inside), goesOn ? "  " : " ");
    return next + (goesOn ? 2 : 1);
  }
}

function isString(token: string): boolean {
  return token.startsWith('"') || token.startsWith("'");
}

/** Blanks of the same length; line breaks stay. */
function hollow(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

const IMPORT = /\b(?:from|import)\s*\(?\s*(?=")/g;

function findImports(text: string, code: string): Import[] {
  return [...code.matchAll(IMPORT)].map((match) => {
    const start = match.index + match[0].length;
    const statement = code.slice(code.lastIndexOf(";", match.index) + 1, match.index);
    return {
      line: code.slice(0, start).split("\n").length,
      specifier: text.slice(start + 1, text.indexOf('"', start + 1)),
      typeOnly: match[0].startsWith("from") && /(?:^|\s)(?:import|export)\s+type\b[^;]*$/.test(statement),
    };
  });
}
