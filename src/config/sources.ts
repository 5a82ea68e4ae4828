/**
 * Where settings come from: flags before the environment before the CONFIG file before the defaults.
 *
 * Everything is collected as text with the place it was found in, read by its kind, and every problem is kept: an
 * operator sees all of them at once. No file is opened and no environment read but through what the caller hands in.
 */
import * as v from "valibot";
import { reasonOf } from "../errors.ts";
import { readFlags } from "./flags.ts";
import type { Setting, SettingTable } from "./kinds.ts";
import { isLetterAway, thereIsNo } from "./nearest_name.ts";
import { fileKeyOf, flagOf, type Values } from "./settings.ts";

export interface Sources {
  /** What follows the program's name; flags only. */
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Throws if the file cannot be read. */
  readFile: (path: string) => string;
}

/** `rooms` as the file holds them; `given` has only what somebody set. */
export interface Collected {
  given: Partial<Values>;
  rooms?: unknown;
  problems: string[];
}

interface Found {
  /** `--port`, `PORT` or `port in parley.json`. */
  place: string;
  value: unknown;
}

type Layer = Map<string, Found>;

export function collect({ args, env, readFile }: Sources, settings: SettingTable): Collected {
  const problems: string[] = [];
  const flags = readFlagLayer(args, settings, problems);
  const environment = readEnvironment(env, settings);
  const path = (flags.get("config") ?? environment.get("config"))?.value;
  const file: { layer: Layer; rooms?: unknown } = { layer: new Map() };
  if (typeof path === "string") {
    const content = openConfigFile(path, readFile);
    if ("problem" in content) problems.push(content.problem);
    else Object.assign(file, readConfigFile(content.settings, { path, settings, problems }));
  }
  const given: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const found = flags.get(key) ?? environment.get(key) ?? file.layer.get(key);
    if (!found) continue;
    const result = readValue(setting, found);
    if ("problem" in result) problems.push(result.problem);
    else given[key] = result.value;
  }
  return { given: given as Partial<Values>, rooms: file.rooms, problems };
}

/** A value of a setting, from text or from an embedding program. */
export function readValue(setting: Setting, { place, value }: Found): { value: unknown } | { problem: string } {
  const result = v.safeParse(setting.schema, value);
  if (result.success) return { value: result.output };
  const got = setting.secret ? "something else" : JSON.stringify(value) ?? String(value);
  return { problem: `${place}: expected ${setting.expects}, got ${got}` };
}

function readFlagLayer(args: readonly string[], settings: SettingTable, problems: string[]): Layer {
  const known = Object.fromEntries(Object.values(settings).map((setting) => [flagOf(setting), setting]));
  const { values, words, problems: wrong } = readFlags(args, known);
  problems.push(...wrong, ...words.map((word) => thereIsNo("argument", word, Object.keys(known))));
  const layer: Layer = new Map();
  for (const [key, setting] of Object.entries(settings)) {
    const place = flagOf(setting);
    const value = values.get(place);
    if (value !== undefined) layer.set(key, { place, value });
  }
  return layer;
}

function readEnvironment(env: Sources["env"], settings: SettingTable): Layer {
  const layer: Layer = new Map();
  for (const [key, setting] of Object.entries(settings)) {
    const value = env[setting.env]?.trim();
    // `PORT=` is how compose files and shells say "not set".
    if (value === undefined || (value === "" && !setting.emptyIsValue)) continue;
    layer.set(key, { place: setting.env, value });
  }
  return layer;
}

function readConfigFile(
  { rooms, ...rest }: Record<string, unknown>,
  { path, settings, problems }: { path: string; settings: SettingTable; problems: string[] },
): { layer: Layer; rooms?: unknown } {
  const layer: Layer = new Map();
  const rows = Object.entries(settings);
  const known = [...rows.map(([, setting]) => fileKeyOf(setting)), "rooms"];
  for (const [name, value] of Object.entries(rest)) {
    const row = rows.find(([key, setting]) => fileKeyOf(setting) === name && key !== "config");
    const place = `${name} in ${path}`;
    if (!row) problems.push(thereIsNo("key", name, known, ` in ${path}`));
    // Numbers and booleans are read like the environment's text, so that a bare 60 is not a duration here either.
    else layer.set(row[0], { place, value: typeof value === "object" ? value : String(value) });
  }
  return { layer, rooms };
}

function openConfigFile(
  path: string,
  readFile: Sources["readFile"],
): { settings: Record<string, unknown> } | { problem: string } {
  try {
    const settings: unknown = JSON.parse(readFile(path));
    if (typeof settings === "object" && settings !== null && !Array.isArray(settings)) {
      return { settings: { ...settings } };
    }
    return { problem: `CONFIG: expected "${path}" to hold a JSON object` };
  } catch (error) {
    return { problem: `CONFIG: cannot read "${path}": ${reasonOf(error)}` };
  }
}

/** Names that mean nothing here and begin with WEBSOCKET_, or are a setting's but for a letter: most likely typing errors. */
export function unknownVariables(env: Sources["env"], settings: SettingTable): string[] {
  const known = Object.values(settings).map((setting) => setting.env);
  return Object.keys(env).filter((name) => !known.includes(name))
    .filter((name) => name.startsWith("WEBSOCKET_") || isLetterAway(name, known))
    .map((name) => `${name} has no effect: ${thereIsNo("setting", name, known)}`);
}
