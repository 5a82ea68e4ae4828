/**
 * The configuration of a server: frozen, complete and checked before anything starts.
 *
 * `loadConfig` is for the executable (flags, environment, CONFIG file), `defaultConfig` for embedding programs and
 * tests. The settings themselves are the table in config/settings.ts; nothing else holds a default.
 */
import type { SettingTable } from "./kinds.ts";
import { readPems } from "./pems.ts";
import { notesOf } from "./notes.ts";
import { type Config, type Path, resolve } from "./resolve.ts";
import type { RoomRuleInput } from "./rooms.ts";
import { type DialectDeclaration, settingsFor, type Values } from "./settings.ts";
import { thereIsNo } from "./nearest_name.ts";
import { collect, readValue, type Sources, unknownVariables } from "./sources.ts";
import { ParleyError } from "../errors.ts";

export { parseDuration } from "./kinds.ts";
export type { Setting } from "./kinds.ts";
export { type Renewal, renewalOf } from "./renewal.ts";
export type { Config } from "./resolve.ts";
export type { RoomRule, RoomRuleInput } from "./rooms.ts";
export { weaknessesOf } from "./notes.ts";
export { type DialectDeclaration, fileKeyOf, flagOf, groupsFor, SETTINGS, settingsFor } from "./settings.ts";
export type { Sources } from "./sources.ts";

/** What an embedding program may set; `rooms` as in the CONFIG file. */
export interface ConfigOverrides extends Partial<Omit<Values, "config" | Path>> {
  paths?: Partial<Config["paths"]>;
  rooms?: readonly RoomRuleInput[];
}

/** Either everything is well, with notes for the log, or all that is wrong. */
export type Loaded = { config: Config; notes: string[] } | { problems: string[] };

/** `dialects`: those there are, with settings of their own. */
export function loadConfig(sources: Sources, dialects: readonly DialectDeclaration[]): Loaded {
  const settings = settingsFor(dialects);
  const { given, rooms, problems } = collect(sources, settings);
  readPems(given, sources.readFile, problems);
  const values: Values = { ...defaultsOf(settings), ...given };
  const resolved = resolve(values, rooms);
  problems.push(...resolved.problems);
  if (problems.length > 0) return { problems };
  return {
    config: resolved.config,
    notes: [...notesOf(values, resolved.config), ...unknownVariables(sources.env, settings)],
  };
}

/**
 * Throws `bad_message` with every problem if the overrides are not valid together. `dialects`: those there are, whose own
 * settings are among the overrides.
 */
export function defaultConfig(overrides: ConfigOverrides = {}, dialects: readonly DialectDeclaration[] = []): Config {
  const { paths = {}, rooms, ...rest } = overrides;
  const settings = settingsFor(dialects);
  const given: Record<string, unknown> = defaultsOf(settings);
  const problems = Object.keys(paths).filter((name) => !Object.hasOwn(NO_PATHS, name))
    .map((name) => thereIsNo("path", name, Object.keys(NO_PATHS)));
  const flat = { ...rest, envelopePath: paths.envelope, socketioPath: paths.socketio, wsPath: paths.ws };
  for (const [key, value] of Object.entries(flat)) {
    if (value === undefined) continue;
    const setting = settings[key];
    const result = setting
      ? readValue(setting, { place: key, value })
      : { problem: thereIsNo("setting", key, Object.keys(settings)) };
    if ("problem" in result) problems.push(result.problem);
    else given[key] = result.value;
  }
  readPems(given, noFile, problems);
  const resolved = resolve(given as Values, rooms);
  problems.push(...resolved.problems);
  if (problems.length > 0) {
    throw new ParleyError("bad_message", `Cannot use the configuration: ${problems.join("; ")}`);
  }
  return resolved.config;
}

const NO_PATHS: Record<keyof Config["paths"], undefined> = { envelope: undefined, socketio: undefined, ws: undefined };

/** A program reads its files itself. */
function noFile(path: string): never {
  throw new Error(`"${path}" is not a PEM, a JWK or base64 of one; a program gives the text, not the path of a file`);
}

/** How much a socket may have unsent: the setting, or what suits the runtime and still holds four messages. */
export function maxBufferedBytes(config: Config, runtime: "bun" | "deno"): number {
  const usual = runtime === "bun" ? 1024 * 1024 : 256 * 1024;
  return config.websocketMaxBufferedBytes ?? Math.max(usual, 4 * config.websocketMaxMessageBytes);
}

function defaultsOf(settings: SettingTable): Values {
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    if (setting.default === undefined) continue;
    const result = readValue(setting, { place: setting.env, value: setting.default });
    if ("problem" in result) throw new ParleyError("internal", `The default is not valid: ${result.problem}`);
    values[key] = result.value;
  }
  return values as Values;
}
