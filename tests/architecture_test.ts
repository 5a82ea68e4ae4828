/**
 * The rules of the house, held against every file in src/: who may import whom, where a runtime and the environment may
 * be named, where a dependency may be used, how long a file may be and what nothing may be called.
 * What needs all files at once is in architecture/tree.ts, what is data in architecture/layers.ts. A failure names file,
 * line and rule.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, fail } from "@std/assert";
import { DIALECT_FAMILIES } from "../src/dialects/all.ts";
import { MAX_LINES, MAY_IMPORT, MAY_PASS_ON, MIN_LINES, RUNTIME_NAMES, WALL_CLOCK } from "./architecture/layers.ts";
import {
  isOurs,
  moduleOf,
  packageOf,
  passesOn,
  readSource,
  resolve,
  type Source,
  unitOf,
} from "./architecture/source.ts";
import * as tree from "./architecture/tree.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const readManifest = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
/** What the server needs or the demo pages are bundled with, and what the client's users bring themselves. */
const declared = new Set([
  ...Object.keys(readManifest("package.json").dependencies),
  ...Object.keys(readManifest("packages/client/package.json").peerDependencies),
]);

/** What programs import by the name of the package. */
const published = new Set([
  "src/mod.ts",
  ...Object.values<string | { default: string }>(readManifest("packages/client/package.json").exports)
    .flatMap((target) => typeof target === "string" ? [] : target.default.replace("./dist/", "src/client/"))
    .map((path) => path.replace(/\.js$/, "")),
]);

/** A rule returns one line for each place that breaks it. */
type Rule = (source: Source) => string[];

let all: Source[] | undefined;

function sources(): Source[] {
  return all ??= readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => posix.join("src", name.replaceAll("\\", "/")))
    .sort()
    .map((path) => readSource(path, readFileSync(join(root, path), "utf8")));
}

function expectNone(violations: string[]): void {
  if (violations.length > 0) fail(`${violations.length} broken rules\n  ${violations.join("\n  ")}`);
}

function at(source: Source, line: number, what: string): string {
  return `${source.path}:${line}: ${what}`;
}

/** Every match of a pattern in the code of a file, as line and text. */
function findCode(source: Source, pattern: RegExp): { line: number; text: string }[] {
  return source.code.flatMap((code, index) => {
    return [...code.matchAll(pattern)].map((match) => ({ line: index + 1, text: match[0] }));
  });
}

const layering: Rule = (source) => {
  const layer = unitOf(source.path);
  const module = moduleOf(source.path);
  const folder = `${posix.dirname(module)}/`;
  const hasOwnRow = folder !== layer && folder in MAY_IMPORT;
  const allowed = MAY_IMPORT[module] ?? MAY_IMPORT[folder] ?? MAY_IMPORT[layer];
  if (!allowed) return [at(source, 1, `${layer} has no row in tests/architecture/layers.ts`)];
  return source.imports.filter(({ specifier }) => isOurs(specifier)).flatMap(({ line, specifier }) => {
    const target = resolve(source, specifier);
    if (target === "package.json") return []; // the version stands there and nowhere else
    if (!target.startsWith("src/")) return [at(source, line, `"${specifier}" lies outside of src/`)];
    const isAsset = !/\.tsx?$/.test(target) && target.startsWith(`${posix.dirname(source.path)}/`);
    const sameFolder = layer.endsWith("/") && unitOf(target) === layer &&
      (!hasOwnRow || moduleOf(target).startsWith(folder));
    if (isAsset || sameFolder || allowed.some((row) => row === unitOf(target) || row === moduleOf(target))) return [];
    const list = allowed.length > 0 ? allowed.join(", ") : "nothing of ours";
    return [at(source, line, `${layer} may not import ${unitOf(target)} ("${specifier}"); it may import ${list}`)];
  });
};

const clientTypes: Rule = (source) => {
  if (unitOf(source.path) !== "client/") return [];
  return source.imports
    .filter((found) => isOurs(found.specifier) && unitOf(resolve(source, found.specifier)) !== "client/")
    .filter((found) => !found.typeOnly)
    .map(({ line, specifier }) => at(source, line, `the client may only "import type" from "${specifier}"`));
};

const extensions: Rule = (source) =>
  source.imports
    .filter(({ specifier }) => isOurs(specifier) && !/\.\w+$/.test(specifier))
    .map(({ line, specifier }) => at(source, line, `"${specifier}" needs its file name ending`));

const runtimeNames: Rule = (source) =>
  Object.entries(RUNTIME_NAMES).filter(([, home]) => !home.test(source.path)).flatMap(([name, home]) =>
    findCode(source, new RegExp(`\\b${name}\\b(?!:)`, "g"))
      .map(({ line }) => at(source, line, `only files like ${home.source} may name ${name}`))
  );

const environment: Rule = (source) => {
  if (source.path === "src/main.ts") return [];
  const read = findCode(source, /\b(process|Deno|Bun|import\.meta)\s*\??\.\s*env\b|\bimport\s*\{[^}]*\benv\b[^}]*\}/g);
  return read.map(({ line, text }) => at(source, line, `the environment is read in src/main.ts only, not by ${text}`));
};

const wallClock: Rule = (source) =>
  source.path in WALL_CLOCK
    ? []
    : findCode(source, /\bDate\.now\b|\bnew Date\(\)/g).map(({ line, text }) =>
      at(source, line, `${text} may be set back: spans are measured with performance.now()`)
    );

const declaredDependencies: Rule = (source) =>
  source.imports.flatMap(({ line, specifier }) => {
    const name = packageOf(specifier);
    if (!name || declared.has(name)) return [];
    return [
      at(
        source,
        line,
        `"${name}" is in neither dependencies of package.json nor peerDependencies of packages/client/package.json`,
      ),
    ];
  });

const length: Rule = (source) => {
  const lines = source.text.trimEnd().split("\n").length;
  return lines <= MAX_LINES ? [] : [at(source, lines, `${lines} lines; more than ${MAX_LINES} are two ideas`)];
};

/** What other programs import may stand apart from where it is written. */
const fragments: Rule = (source) => {
  const lines = source.text.trimEnd().split("\n").length;
  const isKnown = published.has(source.path.replace(/\.tsx?$/, "")) || source.path in MAY_PASS_ON;
  if (lines >= MIN_LINES || isKnown || !passesOn(source)) return [];
  return [at(source, lines, `${lines} lines that only pass on belong to whatever they pass on, or to who uses it`)];
};

const header: Rule = (source) =>
  /^(#!.*\n)?\s*\/[*\/]/.test(source.text) ? [] : [at(source, 1, "a file starts with a comment that says what it is")];

const fileNames: Rule = (source) => {
  const parts = source.path.replace(/\.tsx?$/, "").split("/");
  const vague = parts.find((part) =>
    /^(utils?|helpers?|common|managers?|misc)$|_(utils?|helpers?|manager)$/.test(part)
  );
  if (vague) return [at(source, 1, `"${vague}" names no idea`)];
  const odd = parts.find((part) => !/^[a-z][a-z0-9_]*$/.test(part));
  return odd ? [at(source, 1, `"${odd}" is not snake_case`)] : [];
};

const identifiers: Rule = (source) =>
  findCode(source, /(?<![.\w$])(?:utils?|helpers?|common|manager|emit)\b(?!\s*:)|\b\w+(?:Manager|Helpers?|Utils?)\b/g)
    .map(({ line, text }) => at(source, line, `"${text}" names no idea`));

const looseEnds: Rule = (source) => {
  const marks = source.text.split("\n").flatMap((text, index) => {
    const mark = /\b(TODO|FIXME|XXX)\b/.exec(text)?.[0];
    return mark ? [at(source, index + 1, `"${mark}" is an unfinished thought`)] : [];
  });
  const untyped = findCode(source, /(?::|\bas|<|,|\|)\s*any\b(?=\s*[;,)\]>=|&{[]|$)/g);
  return [...marks, ...untyped.map(({ line }) => at(source, line, `"any" switches the types off`))];
};

const LIST_OF_DIALECTS = "src/dialects/all.ts";
const listOfDialects = readSource(LIST_OF_DIALECTS, readFileSync(join(root, LIST_OF_DIALECTS), "utf8"));
/** The files of the dialects: what their list imports. */
const dialectFiles = new Set(
  listOfDialects.imports.filter(({ typeOnly }) => !typeOnly).map(({ specifier }) => resolve(listOfDialects, specifier)),
);
const dialectNames = DIALECT_FAMILIES.map(({ name }) => name).join("|");
const aboutOneDialect = new RegExp(`(?:[!=]==? |\\bcase |includes\\()"(?:${dialectNames})"`);

/** The client and the demo pages are written in a dialect, as every client is. */
const dialects: Rule = (source) => {
  if (["client/", "demo/"].includes(unitOf(source.path))) return [];
  const imported = source.path === LIST_OF_DIALECTS ? [] : source.imports
    .filter(({ specifier }) => dialectFiles.has(resolve(source, specifier)))
    .map(({ line, specifier }) => at(source, line, `only ${LIST_OF_DIALECTS} knows the dialect of "${specifier}"`));
  const compared = source.text.split("\n").flatMap((text, index) => {
    const found = aboutOneDialect.exec(text)?.[0];
    return found ? [at(source, index + 1, `${found} asks for one dialect: let dialects declare what differs`)] : [];
  });
  return [...imported, ...compared];
};

const RULES: Record<string, Rule> = {
  "a file imports only what its layer may know": layering,
  "the client takes nothing but types from the server": clientTypes,
  "imports name the file with its ending": extensions,
  "Bun and Deno are named in their adapters only": runtimeNames,
  "the environment is read in main.ts only": environment,
  "the wall clock is read for times that are shown, never for spans": wallClock,
  "every imported package is a declared dependency": declaredDependencies,
  "no file is longer than one idea": length,
  "no file only passes on": fragments,
  "every file starts by saying what it is": header,
  "file names are snake_case and name an idea": fileNames,
  "identifiers name an idea": identifiers,
  "no loose ends and no any": looseEnds,
  "dialects are named in their list only": dialects,
};

for (const [name, rule] of Object.entries(RULES)) test(name, () => expectNone(sources().flatMap(rule)));

test("each dependency is imported in one place", () => expectNone(tree.misplacedDependencies(sources())));

test("imports go round in no circle, those of types included", () => expectNone(tree.circles(sources())));

test("folders import each other in no circle", () => expectNone(tree.circlesOfUnits(sources())));

test("no chain of imports goes through too many folders", () => expectNone(tree.tooManyLayers(sources())));

test("no type's name stands for two things in one program", () => expectNone(tree.repeatedTypes(sources())));

test("the top of src/ can be read at a glance", () => {
  expectNone(tree.tooManyEntries(readdirSync(join(root, "src"))));
});

test("only the composition root knows brokers, runtimes and verifiers", () => {
  expectNone(tree.partsKnownElsewhere(sources()));
});

/** For each rule a file that breaks it, in the given line. Without these a rule could go blind and stay green. */
const BROKEN: [rule: string, path: string, line: number, text: string][] = [
  [
    "a file imports only what its layer may know",
    "src/hub/room.ts",
    2,
    '// room\nimport { app } from "../http/app.ts";\n',
  ],
  [
    "a file imports only what its layer may know",
    "src/dialects/kebab.ts",
    1,
    'import type { Hub } from "../hub/hub.ts";',
  ],
  [
    "a file imports only what its layer may know",
    "src/hub/hub.ts",
    1,
    'const x = await import("../brokers/redis/broker.ts");',
  ],
  [
    "a file imports only what its layer may know",
    "src/socketio/engine/session.ts",
    1,
    'import type { Namespaces } from "../namespaces.ts";',
  ],
  ["a file imports only what its layer may know", "src/attic/x.ts", 1, ""],
  [
    "the client takes nothing but types from the server",
    "src/client/a.ts",
    1,
    'import { Frame } from "../message.ts";',
  ],
  ["imports name the file with its ending", "src/hub/hub.ts", 1, 'import "./room";'],
  ["Bun and Deno are named in their adapters only", "src/hub/hub.ts", 3, "/* Bun\n */\nconst n = `${Bun.version}`;"],
  ["the environment is read in main.ts only", "src/config/config.ts", 1, "const port = process.env.PORT;"],
  ["the wall clock is read for times that are shown, never for spans", "src/hub/room.ts", 1, "const at = Date.now();"],
  ["every imported package is a declared dependency", "src/hub/hub.ts", 1, 'import x from "left-pad/x";'],
  ["no file is longer than one idea", "src/hub/hub.ts", 400, "// x\n".repeat(400)],
  [
    "no file only passes on",
    "src/hub/hub.ts",
    5,
    '// x\nexport { a } from "./a.ts";\nexport function b(c: number): number {\n  return d(c, "e");\n}',
  ],
  ["every file starts by saying what it is", "src/hub/hub.ts", 1, "export {};"],
  ["file names are snake_case and name an idea", "src/roomThings.ts", 1, ""],
  ["file names are snake_case and name an idea", "src/utils/room.ts", 1, ""],
  ["identifiers name an idea", "src/hub/hub.ts", 2, "\nclass RoomManager {}"],
  ["no loose ends and no any", "src/hub/hub.ts", 1, "// TODO later"],
  ["no loose ends and no any", "src/hub/hub.ts", 1, "const x = y as any;"],
  ["dialects are named in their list only", "src/server.ts", 1, 'import { kebab } from "./dialects/kebab.ts";'],
  ["dialects are named in their list only", "src/dialects/plain.ts", 1, 'import { snake } from "./snake.ts";'],
  ["dialects are named in their list only", "src/hub/hub.ts", 2, '// hub\nif (dialect.name === "plain") return;'],
  ["dialects are named in their list only", "src/gateway/a.ts", 1, 'if (dialects.includes("socketio")) return;'],
];

test("each rule sees what it forbids", () => {
  for (const [rule, path, line, text] of BROKEN) {
    const seen = RULES[rule](readSource(path, text)).map((violation) => violation.split(": ")[0]);
    assertEquals(seen, [`${path}:${line}`], `"${rule}" must see ${path}`);
  }
});

/** The same for rules that need several files: each is a path and what it holds. */
const BROKEN_TREES: [rule: (all: Source[]) => string[], files: Record<string, string>, seen: string[]][] = [
  [
    tree.misplacedDependencies,
    { "src/config/config.ts": 'import "valibot";', "src/hub/hub.ts": 'import "valibot";' },
    ["src/hub/hub.ts:1: valibot belongs to json, config/, dialects/, socketio/, http/ and is not imported anywhere else"],
  ],
  [
    tree.circles,
    { "src/a.ts": 'import type { B } from "./b.ts";', "src/b.ts": 'export { x } from "./a.ts";' },
    ["src/a.ts → src/b.ts → src/a.ts: a circle of imports"],
  ],
  [
    tree.circlesOfUnits,
    { "src/hub/a.ts": 'import "../socketio/engine/b.ts";', "src/socketio/engine/b.ts": 'import "../../hub/c.ts";' },
    ["hub/ → socketio/engine/ → hub/: a circle of folders"],
  ],
  [
    tree.tooManyLayers,
    Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`src/u${n}.ts`, `import "./u${n + 1}.ts";`])),
    ["u0 → u1 → u2 → u3 → u4 → u5 → u6 → u7 → u8 → u9 → u10 → u11: 12 layers are more than 11"],
  ],
  [
    tree.repeatedTypes,
    {
      "src/a.ts": "export interface Room {}",
      "src/client/a.ts": "class Room {}",
      "src/demo/chat/a.ts": "type Room = 1;",
      "src/hub/b.ts": "\nabstract class Room {}",
    },
    ["src/hub/b.ts:2: Room is a type of src/a.ts already"],
  ],
  [
    tree.partsKnownElsewhere,
    {
      "src/server.ts": 'import "./brokers/redis/broker.ts";',
      "src/cli/token.ts": 'import "../verifiers/sign.ts";',
      "src/cli/check.ts": 'import type { Topics } from "../adapters/topics.ts";',
      "src/http/a.ts": '\nimport "../verifiers/jwt.ts";',
    },
    [
      'src/cli/check.ts:1: only src/server.ts knows adapters/ ("../adapters/topics.ts")',
      'src/http/a.ts:2: only src/server.ts knows verifiers/ ("../verifiers/jwt.ts")',
    ],
  ],
];

test("each rule over all files sees what it forbids", () => {
  for (const [rule, files, seen] of BROKEN_TREES) {
    assertEquals(rule(Object.entries(files).map(([path, text]) => readSource(path, text))), seen);
  }
  const names = Array.from({ length: 35 }, (_, n) => `u${n}.ts`);
  assertEquals(tree.tooManyEntries(names), ["src: 35 entries are more than 34"]);
});

test("words in comments, strings and templates are not code", () => {
  const text = [
    "// Bun 'is'",
    'const a = "it\'s Bun \\" Bun", b = `Bun ${"Bun"} ${a ? `Bun ${b}` : {}} Bun`; // Deno',
    'const c = /[/"]Bun/.test(a) /* Bun',
    "Bun */ / 2;",
    'export type { A } from "./a.ts"; import { type B } from "./b.ts";',
  ].join("\n");
  const source = readSource("src/x.ts", text);
  assertEquals(findCode(source, /Bun|Deno/g), []);
  assertEquals(findCode(source, /\bb\b/g).map(({ line }) => line), [2, 2]);
  assertEquals(source.imports, [
    { line: 5, specifier: "./a.ts", typeOnly: true },
    { line: 5, specifier: "./b.ts", typeOnly: false },
  ]);
});
