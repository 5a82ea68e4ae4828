/**
 * What becomes of settings that an operator gives as flags, variables and files. For the tests of the configuration.
 */
import { type Config, loadConfig } from "../../src/config/config.ts";
import { DIALECT_FAMILIES } from "../../src/dialects/all.ts";

export interface Given {
  args?: string[];
  env?: Record<string, string>;
  /** The CONFIG file, `parley.json`; a string goes as it is. */
  file?: unknown;
  /** Any other files. */
  files?: Record<string, string>;
}

export function load({ args = [], env = {}, file, files = {} }: Given) {
  const all: Record<string, string | undefined> = {
    "parley.json": typeof file === "string" ? file : JSON.stringify(file),
    ...files,
  };
  const readFile = (path: string) => {
    const content = all[path];
    if (content === undefined) throw new Error(`there is no "${path}"`);
    return content;
  };
  const given = { ...(file === undefined ? {} : { CONFIG: "parley.json" }), ...env };
  return loadConfig({ args, env: given, readFile }, DIALECT_FAMILIES);
}

export function configOf(given: Given): Config {
  const loaded = load(given);
  if ("problems" in loaded) throw new Error(loaded.problems.join("\n"));
  return loaded.config;
}

export function problemsOf(given: Given): string[] {
  const loaded = load(given);
  return "problems" in loaded ? loaded.problems : [];
}

export function notesOf(given: Given): string[] {
  const loaded = load(given);
  return "notes" in loaded ? loaded.notes : [];
}
