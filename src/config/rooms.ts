/**
 * The `rooms` of the CONFIG file: rules by room name, of which the first that matches decides.
 *
 * `{"match":"thread:*","join":"authenticated","publish":"member","history":{"size":100,"ttl":"1h"},"maxMembers":200}`
 */
import * as v from "valibot";
import { hintFor } from "./nearest_name.ts";
import { parseDuration } from "./kinds.ts";

export interface RoomRule {
  /** A room's name, or a prefix followed by `*`. */
  readonly match: string;
  /** `listed`: only by the `rooms` of the token. */
  readonly join: "anyone" | "authenticated" | "listed" | "nobody";
  readonly publish: "member" | "authenticated" | "anyone" | "nobody";
  /** Tells who is in, and who comes and goes. */
  readonly presence: boolean;
  /** Absent: the room keeps nothing. */
  readonly history?: { readonly size: number; readonly ttlMs: number };
  /** 0: what WEBSOCKET_MAX_MEMBERS says. */
  readonly maxMembers: number;
  /** How long frames of a busy room may wait to be sent together; absent: not at all. */
  readonly coalesceMs?: number;
}

type Keeping = NonNullable<RoomRule["history"]>;

/** Checked before it is read, so that a problem quotes what was written. */
function duration(minMs: number, maxMs = Infinity) {
  const isWithin = (text: string) => parseDuration(text) >= minMs && parseDuration(text) <= maxMs;
  return v.pipe(v.string(), v.check(isWithin), v.transform(parseDuration));
}

const History = v.strictObject({
  size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))),
  ttl: v.optional(duration(1000)),
  ttlMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1000))),
});

const Rule = v.strictObject({
  match: v.pipe(v.string(), v.minLength(1), v.maxLength(129), v.regex(/^[^*]*\*?$/)),
  join: v.optional(v.picklist(["anyone", "authenticated", "listed", "nobody"]), "anyone"),
  publish: v.optional(v.picklist(["member", "authenticated", "anyone", "nobody"]), "member"),
  presence: v.optional(v.boolean(), true),
  // Not a union, whose problem would be that of the whole.
  history: v.optional(v.lazy((input) => input === false ? v.literal(false) : History)),
  maxMembers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  coalesce: v.optional(duration(1, 100)),
});

/** As written in the CONFIG file or by an embedding program; everything but `match` may be left out. */
export type RoomRuleInput = v.InferInput<typeof Rule>;

/** Reads the rules; problems name the rule and the field. `standard` fills what a rule leaves open about history. */
export function readRules(written: unknown, standard: Keeping): { rules: RoomRule[]; problems: string[] } {
  if (!Array.isArray(written)) {
    return { rules: [], problems: [`rooms: expected a list of rules, got ${quote(written)}`] };
  }
  const rules: RoomRule[] = [];
  const problems: string[] = [];
  for (const [index, input] of written.entries()) {
    const result = v.safeParse(Rule, input);
    if (result.success) rules.push(complete(result.output, standard));
    else problems.push(...result.issues.map((issue) => describe(index, issue)));
  }
  return { rules, problems };
}

/** What holds in rooms that no rule matches. */
export function standardRule(history: Keeping): RoomRule {
  return complete({ match: "*", join: "anyone", publish: "member", presence: true, maxMembers: 0 }, history);
}

function complete(rule: v.InferOutput<typeof Rule>, standard: Keeping): RoomRule {
  const { history: wanted, coalesce: coalesceMs, ...given } = rule;
  const rest = coalesceMs === undefined ? given : { ...given, coalesceMs };
  if (wanted === false) return rest;
  const history = { size: wanted?.size ?? standard.size, ttlMs: wanted?.ttlMs ?? wanted?.ttl ?? standard.ttlMs };
  return history.size === 0 ? rest : { ...rest, history };
}

function describe(index: number, issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const place = `rooms[${index}]${path ? `.${path}` : ""}`;
  if (issue.expected === "never") {
    const known = Object.keys(path?.startsWith("history.") ? History.entries : Rule.entries);
    return `${place}: there is no such field${hintFor(path?.split(".").at(-1) ?? "", known)}`;
  }
  return `${place}: expected ${EXPECTED[path ?? ""] ?? 'a rule such as {"match":"thread:*"}'}, got ${
    quote(issue.input)
  }`;
}

const EXPECTED: Record<string, string> = {
  match: "a room's name or a prefix followed by *",
  join: "anyone, authenticated, listed or nobody",
  publish: "member, authenticated, anyone or nobody",
  presence: "true or false",
  history: 'false or {"size":100,"ttl":"1h"}',
  "history.size": "a whole number from 0 to 100000",
  "history.ttl": "a duration of at least 1s, such as 1h",
  "history.ttlMs": "a whole number of milliseconds from 1000 on",
  maxMembers: "a whole number from 0 on",
  coalesce: "a duration from 1ms to 100ms",
};

function quote(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
