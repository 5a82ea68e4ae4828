/**
 * The content of a message between the canonical form and the dialects that keep its text apart.
 *
 * Canonical `data` is any JSON, and its text is `data.text`. Dialects with a field for the text take it out and put it
 * back; what stands beside it survives the way through any of them. Called once per message and dialect.
 */
import { inBase64 } from "../json.ts";
import type { MessageEvent } from "../message.ts";
import { isObject, type JsonObject } from "./frame.ts";

/** Canonical data of a text and what the client sent beside it; without a text that is the data itself. */
export function compose(text: string | undefined, beside: unknown): unknown {
  if (text === undefined) return beside;
  if (beside === undefined) return { text };
  if (!isObject(beside)) return { text, data: beside };
  const data: JsonObject = { text, ...beside };
  data.text = text;
  return data;
}

/** The text of canonical data, if it has one. */
export function textOf(data: unknown): string | undefined {
  return isObject(data) && typeof data.text === "string" ? data.text : undefined;
}

/**
 * What is left of canonical data without the fields `taken`: undefined if that is nothing, and X itself where
 * {@link compose} has wrapped an X that is not an object. If none of the fields is there, the data as it is.
 */
export function besides(data: unknown, taken: readonly string[]): unknown {
  if (!isObject(data)) return data;
  const names = Object.keys(data);
  const left = names.filter((name) => !taken.includes(name));
  if (left.length === names.length) return data;
  if (left.length === 0) return undefined;
  if (left.length === 1 && left[0] === "data" && !isObject(data.data)) return data.data;
  return Object.fromEntries(left.map((name) => [name, data[name]]));
}

/** The fields but those of these names. */
export function without(fields: JsonObject, names: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name)));
}

/** The data of a message for those who read JSON. */
export function jsonDataOf({ data, binary }: MessageEvent): unknown {
  return binary ? inBase64(data) : data;
}
