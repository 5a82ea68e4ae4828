/**
 * JSON from strangers and JSON for clients. What a stranger has sent, in a frame or in the body of a request, is parsed,
 * bounded in depth and held to a schema; whatever is wrong with it ends in one `bad_message` that names the field.
 *
 * A value of the embedding program is copied, so that frames, history and other nodes hold the same, whatever the program
 * does to its object afterwards. Bytes are shown to those who read JSON as `{"$base64": "…"}` in their place, but only in
 * data that the server has marked as binary: an object of that form that a client wrote itself stays an object.
 */
import { Buffer } from "node:buffer";
import * as v from "valibot";
import { ParleyError } from "./errors.ts";
import { randomId } from "./id.ts";
import { isRoomName, ROOM_NAME_RULE } from "./room_name.ts";

/** In what it was sent, for the error message. */
export type JsonSource = "frame" | "body";

/** Deeper values are refused before anything recurses over them. */
const MAX_DEPTH = 64;
const FIRST_ISSUE_ONLY = { abortEarly: true, abortPipeEarly: true } as const;

const MAX_ID_LENGTH = 128;
export const ID_RULE = `must be a string of 1 to ${MAX_ID_LENGTH} characters`;

/** An id of a frame, a message, a connection, an emoji: any short string. */
export const Id = v.pipe(
  v.string(ID_RULE),
  v.nonEmpty(ID_RULE),
  v.maxLength(MAX_ID_LENGTH, ID_RULE),
  v.check((id: string) => id.isWellFormed(), ID_RULE),
);

export const RoomName = v.pipe(v.string(ROOM_NAME_RULE), v.check(isRoomName, ROOM_NAME_RULE));

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

/** `attempt` is for the error message. Throws `bad_message` for what JSON cannot hold at all. */
export function jsonValue(value: unknown, attempt: string): unknown {
  return JSON.parse(jsonOf(value, { attempt }));
}

/** The same for data that came with bytes in it: they stay what they are. */
export function jsonValueWithBytes(value: unknown, attempt: string): unknown {
  const bytes: Uint8Array[] = [];
  // No text of the value begins like it.
  const mark = randomId(22);
  const json = jsonOf(value, {
    attempt,
    // What a Buffer's own toJSON has made of it is too late.
    replacer(this: Record<string, unknown>, name, inner) {
      const own = this[name];
      return own instanceof Uint8Array ? `${mark}${bytes.push(own) - 1}` : inner;
    },
  });
  return JSON.parse(json, (_, inner) => {
    return typeof inner === "string" && inner.startsWith(mark) ? bytes[Number(inner.slice(mark.length))] : inner;
  });
}

interface Writing {
  attempt: string;
  replacer?(this: Record<string, unknown>, name: string, inner: unknown): unknown;
}

function jsonOf(value: unknown, { attempt, replacer }: Writing): string {
  const text = written(value, { attempt, replacer });
  if (text === undefined) throw new ParleyError("bad_message", `Cannot ${attempt}: there is no data in it`);
  return text;
}

function written(value: unknown, { attempt, replacer }: Writing): string | undefined {
  try {
    return JSON.stringify(value, replacer);
  } catch (error) {
    throw new ParleyError("bad_message", `Cannot ${attempt}: JSON cannot hold it (${error})`);
  }
}

/** Official clients of Socket.IO close the connection at a packet with more. */
export const MAX_ATTACHMENTS = 10;

/** The data with its bytes in the form that JSON has for them. */
export function inBase64(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $base64: base64Of(value) };
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(inBase64);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inBase64(inner)]));
}

/** How many attachments the data holds. */
export function countAttachments(value: unknown): number {
  if (value instanceof Uint8Array) return 1;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((count, inner) => count + countAttachments(inner), 0);
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}
