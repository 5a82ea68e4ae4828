/**
 * From a request to checked values: the path's parameters, the query and the body, each against its route's schema.
 *
 * Called by the router. Whatever is wrong ends in one `bad_message` that names the field.
 */
import * as v from "valibot";
import { ParleyError } from "../errors.ts";
import type { Schema } from "./route.ts";

/** Deeper bodies are refused before anything recurses over them. */
const MAX_DEPTH = 64;
const FIRST_ISSUE_ONLY = { abortEarly: true, abortPipeEarly: true } as const;

/** `part` is for the error message. Throws `bad_message`. */
export function check<S extends Schema>(schema: S, value: unknown, part: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value, FIRST_ISSUE_ONLY);
  if (result.success) return result.output;
  throw new ParleyError("bad_message", `Cannot read the ${part}: ${complaint(result.issues[0])}`);
}

/**
 * The parameters of a path, as the router has taken them out of it. It lets a bad escape stand as it is, and somebody
 * would publish into a room of that name: throws `bad_message`.
 */
export function paramsOf(url: string, found: Record<string, string>): Record<string, string> {
  try {
    decodeURI(new URL(url).pathname);
    return found;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new ParleyError("bad_message", "Cannot read the path: it has a bad %-escape");
  }
}

/** The query as an object; a name that stands there twice has its first value. */
export function queryOf(url: string): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URL(url).searchParams) query[name] ??= value;
  return query;
}

/** Throws `bad_message` if both fields are given. */
export function checkExclusive([one, other]: readonly [string, string], query: Record<string, unknown>): void {
  if (query[one] === undefined || query[other] === undefined) return;
  throw new ParleyError("bad_message", `Cannot read the query: "${one}" and "${other}" exclude each other`);
}

/** The JSON of a body; an empty one is `{}`. Throws `bad_message`, for a list too: to a schema it is an object. */
export async function jsonOf(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text.trim() === "") return {};
  const value = parse(text);
  if (Array.isArray(value)) throw new ParleyError("bad_message", "Cannot read the body: it must be an object, no list");
  // Each level costs two characters, so a short body cannot be deep.
  if (text.length > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH)) {
    throw new ParleyError("bad_message", `Cannot read the body: it is nested more than ${MAX_DEPTH} levels deep`);
  }
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engines word it differently, and quote the input.
    throw new ParleyError("bad_message", "Cannot read the body: it is not JSON");
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function complaint(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (path === null) return issue.message;
  return issue.received === "undefined" ? `"${path}" is missing` : `"${path}" ${issue.message}`;
}
