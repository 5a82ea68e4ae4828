/**
 * From a request to checked values: the path's parameters, the query and the body, each against its route's schema.
 *
 * Whatever is wrong ends in one `bad_message` that names the field.
 */
import type * as v from "valibot";
import { ParleyError } from "../errors.ts";
import { checker, parseJson, refuseDepth } from "../json.ts";
import type { Schema } from "./route.ts";

/** `part` is for the error message. Throws `bad_message`. */
export function check<S extends Schema>(schema: S, value: unknown, part: string): v.InferOutput<S> {
  return checker(schema)(value, `read the ${part}`);
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
  const value = parseJson(text, "body");
  if (Array.isArray(value)) throw new ParleyError("bad_message", "Cannot read the body: it must be an object, no list");
  refuseDepth(value, text.length, "body");
  return value;
}
