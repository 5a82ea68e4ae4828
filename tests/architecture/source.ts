/**
 * Reads TypeScript just far enough to hold it against rules: comments and the texts of strings are blanked out, so that
 * a word counts only where it is code, and the imports are collected. Lines and columns stay where they were.
 * It is a scanner, not a parser: it knows strings, templates, comments and regular expressions, and nothing of the grammar.
 */
import { posix } from "node:path";

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

/** "src/http/app.ts" is in the unit "http/"; "src/hub/hub.ts" is the unit "hub". */
export function unitOf(path: string): string {
  const [first, ...rest] = path.replace(/^src\//, "").split("/");
  return rest.length > 0 ? `${first}/` : first.replace(/\.tsx?$/, "");
}

/** "src/cli/token.ts" is "cli/token" where a rule means one file of a folder. */
export function moduleOf(path: string): string {
  return path.replace(/^src\/|\.tsx?$/g, "");
}

export function isOurs(specifier: string): boolean {
  return specifier.startsWith(".");
}

export function resolve(source: Source, specifier: string): string {
  return posix.join(posix.dirname(source.path), specifier);
}

/** "hono/cors" belongs to hono, "@valibot/to-json-schema" is one name; undefined for what is built in. */
export function packageOf(specifier: string): string | undefined {
  if (isOurs(specifier) || /^(node|bun):/.test(specifier) || specifier === "bun") return undefined;
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Whether all that is exported is from elsewhere, or calls one thing. */
export function passesOn({ code }: Source): boolean {
  const statements = code.join("\n").split(/\n(?=\w)/).filter((statement) => statement.startsWith("export "));
  return statements.length > 0 && statements.every((statement) => {
    if (/^export (?:type )?(?:\{[^}]*\}|\*(?: as \w+)?) from\b/.test(statement)) return true;
    const body = /^export (?:async )?function\b[^]*?\{\s*return ([^;]*);\s*\}\s*$/.exec(statement) ??
      /^export const \w+[^=]*= (?:[^]*?=> )?([^;{]*);\s*$/.exec(statement);
    return body !== null && isOneCall(body[1]!);
  });
}

/** `a.b(…)`, whatever is in the brackets. */
function isOneCall(expression: string): boolean {
  const head = /^(?:await )?[\w.]+(?:<[\w\s,.[\]]*>)?\(/.exec(expression)?.[0];
  if (head === undefined) return false;
  let depth = 1;
  for (let at = head.length; at < expression.length; at++) {
    if (expression[at] === "(") depth++;
    if (expression[at] === ")" && --depth === 0) return at === expression.trimEnd().length - 1;
  }
  return false;
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
