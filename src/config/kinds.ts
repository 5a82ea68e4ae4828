/**
 * The kinds of setting: how a duration, a size, a list … is written, read and bounded.
 *
 * Each maker takes the setting's environment name, its default as an operator would write it, and its help text. A kind
 * reads text (environment, flags, CONFIG file) and takes values of its own type (an embedding program) through the same
 * bounds.
 */
import * as v from "valibot";

export interface Setting<T = unknown, Default extends string | undefined = string | undefined> {
  /** `WEBSOCKET_PONG_WAIT`; the flag and the key in the CONFIG file are spelled from it. */
  env: string;
  /** As an operator writes it; absent: unset unless given. */
  default: Default;
  /** Lower case, no full stop. */
  help: string;
  schema: v.GenericSchema<unknown, T>;
  /** What stands for the value in --help: `DURATION`. */
  placeholder: string;
  /** Completes "expected …". */
  expects: string;
  /** What holds while it is unset. */
  otherwise?: string;
  /** Accepted for the sake of existing deployments; says why it changes nothing. */
  noEffect?: string;
  /** Never shown, neither in problems nor in --help. */
  secret?: boolean;
  /** The empty text is a value (an empty list), not the absence of one. */
  emptyIsValue?: boolean;
  /** A flag without a value means true. */
  toggle?: boolean;
}

export type SettingTable = Readonly<Record<string, Setting>>;

/** What the settings of a table are worth, by their keys; one without a default may be undefined. */
export type ValuesOf<S> = {
  [K in keyof S]: S[K] extends Setting<infer T, infer D> ? T | (D extends string ? never : undefined) : never;
};

export interface Extras {
  otherwise?: string;
  noEffect?: string;
  secret?: boolean;
}

type Fallback = string | undefined;
type Bounds<T> = Extras & { min?: T; max?: T };

/** Written like Go's durations (`54s`, `1m30s`, `500ms`) with `d` for days; read as milliseconds. */
export function duration<D extends Fallback>(env: string, fallback: D, help: string, bounds: Bounds<string> = {}) {
  const { min = "0s", max = "3650d", ...extras } = bounds;
  const schema = bounded(v.pipe(v.string(), v.transform(parseDuration)), parseDuration(min), parseDuration(max));
  const expects = min === "0s"
    ? "a duration such as 54s, 1m30s or 500ms"
    : `a duration from ${min} to ${max}, such as 54s`;
  return setting(env, fallback, { help, schema, placeholder: "DURATION", expects, ...extras });
}

/** Bytes; `64KiB` and `1MiB` are understood too. */
export function size<D extends Fallback>(env: string, fallback: D, help: string, bounds: Bounds<string> = {}) {
  const { min = "0", max = "1TiB", ...extras } = bounds;
  const schema = bounded(v.pipe(v.string(), v.transform(parseSize)), parseSize(min), parseSize(max));
  const expects = `a size from ${min} to ${max} in bytes, KiB or MiB`;
  return setting(env, fallback, { help, schema, placeholder: "SIZE", expects, ...extras });
}

export function count<D extends Fallback>(env: string, fallback: D, help: string, bounds: Bounds<number> = {}) {
  const { min = 0, max = 1_000_000_000, ...extras } = bounds;
  const expects = `a whole number from ${min} to ${max}`;
  return setting(env, fallback, { help, schema: bounded(DIGITS, min, max), placeholder: "N", expects, ...extras });
}

export function port<D extends Fallback>(env: string, fallback: D, help: string, extras: Extras = {}) {
  const expects = "a port from 0 (any free one) to 65535";
  return setting(env, fallback, { help, schema: PORT, placeholder: "PORT", expects, ...extras });
}

export function ports<D extends Fallback>(env: string, fallback: D, help: string, extras: Extras = {}) {
  const schema = v.pipe(list(PORT), v.minLength(1));
  const expects = "a port from 0 (any free one) to 65535, or several with commas between them";
  return setting(env, fallback, { help, schema, placeholder: "PORT,…", expects, ...extras });
}

export function toggle<D extends Fallback>(env: string, fallback: D, help: string, extras: Extras = {}) {
  const schema = v.union([
    v.boolean(),
    v.pipe(v.string(), v.transform((text) => WORDS.get(text.toLowerCase())), v.boolean()),
  ]);
  const expects = "1 or 0 (true, false, yes, no, on and off are understood too)";
  return setting(env, fallback, { help, schema, placeholder: "1|0", expects, toggle: true, ...extras });
}

/** One of a few words. */
export function choice<D extends Fallback, const W extends string>(
  env: string,
  fallback: D,
  help: string,
  options: Extras & { of: readonly W[] },
) {
  const { of, ...extras } = options;
  const placeholder = of.join("|");
  return setting(env, fallback, { help, schema: v.picklist(of), placeholder, expects: either(of), ...extras });
}

/** Several of a few words, with commas between them. */
export function choices<D extends Fallback, const W extends string>(
  env: string,
  fallback: D,
  help: string,
  options: Extras & { of: readonly W[] },
) {
  const { of, ...extras } = options;
  const schema = v.pipe(list(v.picklist(of)), v.minLength(1));
  const expects = `some of ${of.join(", ")}, with commas between them`;
  return setting(env, fallback, { help, schema, placeholder: "NAME,…", expects, ...extras });
}

export function text<D extends Fallback>(
  env: string,
  fallback: D,
  help: string,
  options: Extras & { like?: RegExp; expects?: string; placeholder?: string } = {},
) {
  const { like = /./s, expects = "some text", placeholder = "TEXT", ...extras } = options;
  const schema = v.pipe(v.string(), v.regex(like));
  return setting(env, fallback, { help, schema, placeholder, expects, ...extras });
}

export function texts<D extends Fallback>(
  env: string,
  fallback: D,
  help: string,
  options: Extras & { like?: RegExp; expects?: string; placeholder?: string; least?: number } = {},
) {
  const { like = /./s, expects = "names with commas between them", placeholder = "NAME,…", least = 0, ...extras } =
    options;
  const schema = v.pipe(list(v.pipe(v.string(), v.regex(like))), v.minLength(least));
  return setting(env, fallback, { help, schema, placeholder, expects, emptyIsValue: least === 0, ...extras });
}

/** A whole number from 1 on, or `auto`. */
export function countOrAuto<D extends Fallback>(env: string, fallback: D, help: string, bounds: { max: number }) {
  const schema = v.union([v.literal("auto"), bounded(DIGITS, 1, bounds.max)]);
  return setting(env, fallback, {
    help,
    schema,
    placeholder: "N|auto",
    expects: `auto or a number from 1 to ${bounds.max}`,
  });
}

/** Milliseconds; NaN if it is not a duration. */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(d|h|ms|m|s|us|µs|ns))+$/.test(text)) return NaN;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(\D+)/g)) ms += Number(amount) * MILLISECONDS[unit!]!;
  return Math.round(ms);
}

/** Bytes; NaN if it is not a size. */
export function parseSize(text: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?) ?([kKMGT]?i?B)?$/.exec(text) ?? [];
  return amount === undefined ? NaN : Math.round(Number(amount) * BYTES[unit.toUpperCase()]!);
}

const MILLISECONDS: Record<string, number> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  "µs": 1e-3,
  ns: 1e-6,
};

const BYTES: Record<string, number> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

const WORDS = new Map([
  ...["1", "true", "yes", "on"].map((word) => [word, true] as const),
  ...["0", "false", "no", "off"].map((word) => [word, false] as const),
]);

const DIGITS = v.pipe(v.string(), v.digits(), v.transform(Number));
const PORT = bounded(DIGITS, 0, 65_535);

/** A number, or text that reads as one, in whole units between the bounds; NaN is not a number. */
function bounded(written: v.GenericSchema<string, number>, min: number, max: number): v.GenericSchema<unknown, number> {
  return v.pipe(v.union([v.number(), written]), v.number(), v.integer(), v.minValue(min), v.maxValue(max));
}

function list<T>(item: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T[]> {
  const written = v.pipe(v.string(), v.transform((text) => text.split(",").map((part) => part.trim()).filter(Boolean)));
  return v.pipe(v.union([v.array(v.unknown()), written]), v.array(item));
}

function either(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function setting<T, D extends Fallback>(
  env: string,
  fallback: D,
  rest: Omit<Setting<T, D>, "env" | "default">,
): Setting<T, D> {
  return { env, default: fallback, ...rest };
}
