/**
 * From the text of one frame to commands: the part of decoding that envelope, kebab, snake and plain share.
 *
 * A dialect is a table from `type` to a reader: the fields it wants, and the command they make. Everything a stranger
 * can get wrong ends here in a ParleyError that says which field of which frame, with the frame's `ref`.
 */
import * as v from "valibot";
import { ParleyError } from "../errors.ts";
import type { Command, CommandBody, Frame, Reply } from "../message.ts";
import { MAX_ROOM_NAME_LENGTH } from "../room_name.ts";
import { cutText, toWellFormedJson } from "../unicode.ts";

export type JsonObject = Record<string, unknown>;

/** What these dialects need to address an answer. */
export interface Ref {
  type: string;
  /** envelope: the client's id of the frame. */
  id?: string;
  /** The room the frame named, valid or not. */
  room?: string;
  /** kebab, snake, plain: the client's id of its message, valid or not. */
  clientId?: string;
}

/** A frame's fields into a command; none: the frame asks for nothing. `attempted` is for error messages. */
export type FrameReader = (fields: JsonObject, attempted: string) => CommandBody | undefined;

/** Deeper frames are refused before anything recurses over them. */
const MAX_DEPTH = 64;
const QUOTED_LENGTH = 40;
const FIRST_ISSUE_ONLY = { abortEarly: true, abortPipeEarly: true } as const;

/**
 * A reader of frames with these fields; `all` has the fields that may be any JSON. What `make` does not take goes nowhere,
 * so nobody's word about identity or time gets in.
 */
export function on<E extends v.ObjectEntries, Result = CommandBody>(
  entries: E,
  make: (fields: v.InferOutput<v.ObjectSchema<E, undefined>>, all: JsonObject) => Result,
): (fields: JsonObject, attempted: string) => Result {
  const read = v.safeParser(v.object(entries), FIRST_ISSUE_ONLY);
  return (fields, attempted) => {
    const result = read(fields);
    if (!result.success) throw new ParleyError("bad_message", `Cannot ${attempted}: ${complaint(result.issues[0])}`);
    return make(result.output, fields);
  };
}

/** The `decode` of a dialect. `refOf` may throw ParleyError; it must not trust any field. */
export function decoder(
  types: Record<string, FrameReader>,
  refOf: (fields: JsonObject, type: string) => Ref,
): (frame: Frame) => Command[] {
  const readers = new Map(Object.entries(types));
  return (frame) => {
    const fields = parseFrame(frame);
    // First of all, so that whatever else is wrong is told under the frame's own id.
    const ref = refOf(fields, typeof fields.type === "string" ? fields.type : "");
    try {
      refuseDepth(fields, frame.length);
      const type = typeOf(fields);
      const reader = readers.get(type);
      if (!reader) throw new ParleyError("unsupported_type", `Cannot read the frame: there is no type ${quote(type)}`);
      const command: Command | undefined = reader(fields, `read the ${type} frame`);
      if (!command) return [];
      if (isAnswered(command)) command.ref = ref;
      return [command];
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      throw new ParleyError(error.code, error.message, { ref, room: ref.room, clientId: ref.clientId });
    }
  };
}

/** The fields of a frame. Throws ParleyError: binary, not JSON, or no object. */
export function parseFrame(frame: Frame): JsonObject {
  if (typeof frame !== "string") {
    throw new ParleyError("bad_message", "Cannot read the frame: it is binary, this dialect speaks JSON text");
  }
  const value = parse(frame);
  if (!isObject(value)) throw new ParleyError("bad_message", "Cannot read the frame: it is JSON, but not an object");
  return value;
}

/** Throws ParleyError `bad_message` for what is nested too deep; `size` is its length as JSON. */
export function refuseDepth(value: object, size: number): void {
  // Each level costs two characters, so a short frame cannot be deep.
  if (size > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH)) {
    throw new ParleyError("bad_message", `Cannot read the frame: it is nested more than ${MAX_DEPTH} levels deep`);
  }
}

/** A JSON object: neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A stranger's word inside an error message. */
export function quote(text: string): string {
  return toWellFormedJson(text.length > QUOTED_LENGTH ? `${cutText(text, QUOTED_LENGTH)}…` : text);
}

/** A field for a `ref`: what is no short string is left out, since the frame will be refused for it anyway. */
export function shortString(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= MAX_ROOM_NAME_LENGTH ? value : undefined;
}

/** The `ref` that these dialects gave the command; unasked replies have none. */
export function refOf(reply: Reply): Partial<Ref> {
  return (reply.ref ?? {}) as Partial<Ref>;
}

/** What carries no id of the client's is done in silence; without a `ref` the hub need not make an answer. */
function isAnswered(command: Command): boolean {
  return (command.kind !== "publish" && command.kind !== "signal") || command.clientId !== undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engines word it differently, and quote the input; a stable sentence serves the client better.
    throw new ParleyError("bad_message", "Cannot read the frame: it is not JSON");
  }
}

function typeOf(fields: JsonObject): string {
  if (typeof fields.type === "string") return fields.type;
  throw new ParleyError(
    "bad_message",
    `Cannot read the frame: "type" ${"type" in fields ? "must be a string" : "is missing"}`,
  );
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((inner) => isDeeper(inner, levels - 1));
  for (const name in value) if (isDeeper((value as JsonObject)[name], levels - 1)) return true;
  return false;
}

function complaint(issue: v.BaseIssue<unknown>): string {
  const name = JSON.stringify(v.getDotPath(issue) ?? "");
  return issue.received === "undefined" ? `${name} is missing` : `${name} ${issue.message}`;
}
