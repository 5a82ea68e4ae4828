/**
 * JSON that a stranger has sent, in a frame or in the body of a request: parsed, bounded in depth, held to a schema.
 *
 * Whatever is wrong with it ends in one `bad_message` that names the field.
 */
import * as v from "valibot";
import { ParleyError } from "./errors.ts";

/** In what it was sent, for the error message. */
export type JsonSource = "frame" | "body";

/** Deeper values are refused before anything recurses over them. */
const MAX_DEPTH = 64;
const FIRST_ISSUE_ONLY = { abortEarly: true, abortPipeEarly: true } as const;

/** Throws `bad_message`. */
export function parseJson(text: string, source: JsonSource): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engines word it differently, and quote the input; a stable sentence serves the client better.
    throw new ParleyError("bad_message", `Cannot read the ${source}: it is not JSON`);
  }
}

/** Throws `bad_message` for what is nested too deep; `size` is its length as JSON. */
export function refuseDepth(value: unknown, size: number, source: JsonSource): void {
  // Each level costs two characters, so what is short cannot be deep.
  if (size > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH)) {
    throw new ParleyError("bad_message", `Cannot read the ${source}: it is nested more than ${MAX_DEPTH} levels deep`);
  }
}

/** Holds values to the schema; what it returns throws `bad_message`. `attempt`: `read the query`. */
export function checker<S extends v.GenericSchema>(schema: S): (value: unknown, attempt: string) => v.InferOutput<S> {
  const read = v.safeParser(schema, FIRST_ISSUE_ONLY);
  return (value, attempt) => {
    const result = read(value);
    if (result.success) return result.output;
    throw new ParleyError("bad_message", `Cannot ${attempt}: ${inWords(result.issues[0])}`);
  };
}

function inWords(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (path === null) return issue.message;
  return issue.received === "undefined" ? `"${path}" is missing` : `"${path}" ${issue.message}`;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((inner) => isDeeper(inner, levels - 1));
  for (const name in value) if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true;
  return false;
}
