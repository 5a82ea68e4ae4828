/**
 * The data of a kept message as one value without parts: what objects take in memory depends on the runtime, on their keys
 * and on which others there are, by a factor of ten; what a string takes is known. It also leaves a collector nothing to
 * follow.
 *
 * A lone text, which most messages are, is kept as it is and costs no copy.
 */
import type { MessageEvent } from "../../message.ts";
import { decode, encode } from "../cluster/wire.ts";

/** How the data was packed: not at all, out of `{text}`, as JSON, or as JSON with the bytes inside of it beside it. */
export type Form = "value" | "text" | "json" | "binary";

export function formOf({ data, binary }: Pick<MessageEvent, "data" | "binary">): Form {
  if (binary) return "binary";
  if (typeof data !== "object" || data === null) return "value";
  return isText(data) ? "text" : "json";
}

export function pack(event: MessageEvent, form: Form): unknown {
  const { data } = event;
  if (form === "value") return data;
  if (form === "text") return (data as { text: string }).text;
  return form === "json" ? JSON.stringify(data) : encode({ event: { data } }, { ...event, data });
}

export function unpack(packed: unknown, form: Form): unknown {
  if (form === "value") return packed;
  if (form === "text") return { text: packed };
  return form === "json" ? JSON.parse(packed as string) : (decode(packed as string).event as { data: unknown }).data;
}

/** Bytes of what {@link pack} made. */
export function weigh(packed: unknown): number {
  return typeof packed === "string" ? stringBytes(packed) : VALUE_BYTES;
}

/** Some engines keep a number as an object unless it is a small integer. */
const VALUE_BYTES = 16;
const STRING_BYTES = 32;

/** Both runtimes keep a string with one byte a character, or with two if any of them needs it. */
export function stringBytes(text: string): number {
  // deno-lint-ignore no-control-regex
  return STRING_BYTES + text.length * (/[^\x00-\xff]/.test(text) ? 2 : 1);
}

/** Walks over no more than the first two keys. */
function isText(data: object): boolean {
  let keys = 0;
  for (const key in data) if (key !== "text" || ++keys > 1) return false;
  return keys === 1 && typeof (data as { text: unknown }).text === "string";
}
