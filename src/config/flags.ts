/**
 * Flags of a command line: `--port 3000` or `--port=3000`, and switches, which may stand alone: `--demo`, `--demo 0`.
 *
 * Every mistake is one problem, and names the flag that was most likely meant.
 */
import { parseArgs } from "node:util";
import { thereIsNo } from "./nearest_name.ts";

export interface Flag {
  /** Completes "expected …". */
  expects: string;
  /** Without a value it means 1. */
  toggle?: boolean;
}

export interface Flags<Name extends string> {
  /** Of a flag that is given several times the last value. */
  values: Map<Name, string>;
  /** What belongs to no flag. */
  words: string[];
  problems: string[];
}

/** `known`: by name, `--port`. */
export function readFlags<Name extends string>(
  args: readonly string[],
  known: Readonly<Record<Name, Flag>>,
): Flags<Name> {
  const values = new Map<Name, string>();
  const words: string[] = [];
  const problems: string[] = [];
  const tokens = tokensOf(args, known);
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.kind !== "option") {
      if (token.kind === "positional") words.push(token.value);
      continue;
    }
    const name = args[token.index]!.split("=", 1)[0] as Name;
    const flag = Object.hasOwn(known, name) ? known[name] : undefined;
    const next = tokens[at + 1];
    // A word that node:util takes to be free is a switch's value, or most likely that of an unknown flag.
    const word = token.value === undefined && next?.kind === "positional" ? next.value : undefined;
    if (word !== undefined) at++;
    const value = token.value ?? word ?? (flag?.toggle ? "1" : undefined);
    if (!flag) problems.push(thereIsNo("flag", name, Object.keys(known)));
    else if (value === undefined) problems.push(`${name}: expected ${flag.expects}, got nothing`);
    else values.set(name, value.trim());
  }
  return { values, words, problems };
}

/** One for each argument; node:util makes several of `-port`, one for each letter. */
function tokensOf(args: readonly string[], known: Readonly<Record<string, Flag>>) {
  const options = Object.entries(known).map(([name, { toggle }]) => {
    return [name.slice(2), { type: toggle ? "boolean" : "string" }] as const;
  });
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.filter(({ index }, at) => index !== tokens[at - 1]?.index);
}
