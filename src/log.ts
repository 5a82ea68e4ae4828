/**
 * The log: one line an event, as text for people or JSON for machines.
 *
 * Anything may call it, also with fields that came from a stranger: control characters are escaped, so a field cannot
 * forge a line, and credentials are never written: fields that are named like one, the query and the password of a URL,
 * and whatever looks like a JWT. It never throws.
 */
export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** `message` is a constant, what varies goes into the fields; a field that is undefined is left out. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  /** The least that is written. Default `info`. */
  level?: Level;
  format?: "text" | "json";
  /** Text only: tell the levels apart by colour. */
  colour?: boolean;
  /** Takes one line without its end. Default: standard output. */
  write?: (line: string) => void;
  /** Milliseconds since 1970. */
  now?: () => number;
}

interface Line {
  time: string;
  level: Level;
  message: string;
  fields: Record<string, unknown>;
}

const CREDENTIAL = /token|authorization|cookie|secret|password|api_?key/i;
const JWT = /\beyJ[\w-]{4,}\.[\w-]+(\.[\w-]*)?/g;
const URL_QUERY = /((?:\b[a-z][a-z0-9+.-]*:\/\/|^\/)[^\s?#"']*)\?[^\s"']*/gi;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
const HIDDEN = "[hidden]";

export function createLog(options: LogOptions = {}): Log {
  const { level: least = "info", format = "text", colour = false, write = print, now = Date.now } = options;
  const form = format === "json" ? asJson : (line: Line) => asText(line, colour);
  const writer = (level: Level) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return () => {};
    return (message: string, fields: LogFields = {}) => {
      write(form({ time: new Date(now()).toISOString(), level, message: redact(message), fields: visible(fields) }));
    };
  };
  return { debug: writer("debug"), info: writer("info"), warn: writer("warn"), error: writer("error") };
}

/** Deno throws where nobody can read any more: the terminal was closed, the reader of the pipe has ended. */
function print(line: string): void {
  try {
    console.log(line);
  } catch {
    return; // There is nobody left to tell.
  }
}

/** The text without the queries and passwords of URLs and without JWTs. */
export function redact(text: string): string {
  return text.replace(URL_PASSWORD, "$1").replace(URL_QUERY, "$1").replace(JWT, HIDDEN);
}

function visible(fields: LogFields): Line["fields"] {
  const shown: Line["fields"] = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) shown[name] = CREDENTIAL.test(name) ? HIDDEN : plain(value);
  }
  return shown;
}

/** What JSON can hold of a value, credentials taken out at every depth. */
function plain(value: unknown): unknown {
  if (value instanceof Error) {
    return redact(value.stack?.includes(value.message) ? value.stack : `${value}\n${value.stack}`);
  }
  if (typeof value !== "object" || value === null) return simple(value);
  try {
    return JSON.parse(JSON.stringify(value, (name, inner) => CREDENTIAL.test(name) ? HIDDEN : simple(inner)));
  } catch {
    return `[${value.constructor?.name ?? "object"} that JSON cannot hold]`;
  }
}

function simple(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return String(value);
  return value;
}

function asJson({ fields, ...head }: Line): string {
  // The line's own names come first, and a field of the same name cannot replace them.
  return JSON.stringify({ ...head, ...fields, ...head });
}

const COLOURS: Record<Level, number> = { debug: 90, info: 36, warn: 33, error: 31 };

function asText({ level, time, message, fields }: Line, colour: boolean): string {
  const paint = (code: number, text: string) => colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  const lines = [`${paint(90, time)} ${paint(COLOURS[level], level.toUpperCase().padEnd(5))} ${escaped(message)}`];
  for (const [name, value] of Object.entries(fields)) {
    const [text, ...frames] = typeof value === "string" ? value.split(/\n(?=\s+at )/) : [shown(value)];
    lines[0] += ` ${paint(90, `${name}=`)}${typeof value === "string" ? quoted(text!) : text}`;
    lines.push(...frames.map((frame) => paint(90, `    ${escaped(frame.trim())}`)));
  }
  return lines.join("\n");
}

function shown(value: unknown): string {
  const isPlainList = Array.isArray(value) && value.length > 0 &&
    value.every((item) => /^[\w.:/@*+-]+$/.test(String(item)));
  return isPlainList ? value.join(",") : escaped(JSON.stringify(value));
}

function quoted(text: string): string {
  return /^[\w.:/@*+,-]+$/.test(text) ? text : escaped(JSON.stringify(text));
}

/**
 * JSON leaves some control characters as they are: those a terminal obeys, Unicode's own line ends, and those that turn
 * the direction of writing, with which a name could show the rest of its line in another order.
 */
function escaped(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
