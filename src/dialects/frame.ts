/**
 * From the text of one frame to commands: the part of decoding that envelope, kebab, snake and plain share.
 *
 * A dialect is a table from `type` to a reader: the fields it wants, and the command they make. Everything a stranger
 * can get wrong ends here in a ParleyError that says which field of which frame, with the frame's `ref`.
 */
import * as v from "valibot";
import type { Dialect } from "../dialect.ts";
import { ParleyError } from "../errors.ts";
import { checker, parseJson, refuseDepth } from "../json.ts";
import type { Command, CommandBody, Frame, Reply } from "../message.ts";
import { MAX_ROOM_NAME_LENGTH } from "../room_name.ts";
import { cutText, toWellFormedJson } from "../unicode.ts";
import * as field from "./fields.ts";

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

/** A dialect with the table that its `decode` is made of. */
export interface JsonDialect extends Dialect {
  readonly frames: Readonly<Record<string, FrameReader>>;
  /** See {@link decoder}. */
  refOf(fields: JsonObject, type: string): Ref;
}

const QUOTED_LENGTH = 40;

/**
 * A reader of frames with these fields; `all` has the fields that may be any JSON. What `make` does not take goes nowhere,
 * so nobody's word about identity or time gets in.
 */
export function on<E extends v.ObjectEntries, Result = CommandBody>(
  entries: E,
  make: (fields: v.InferOutput<v.ObjectSchema<E, undefined>>, all: JsonObject) => Result,
): (fields: JsonObject, attempted: string) => Result {
  const check = checker(v.object(entries));
  return (fields, attempted) => make(check(fields, attempted), fields);
}

/** The `decode` of a dialect. `refOf` may throw ParleyError; it must not trust any field. */
export function decoder(
  types: Readonly<Record<string, FrameReader>>,
  refOf: (fields: JsonObject, type: string) => Ref,
): (frame: Frame) => Command[] {
  const readers = new Map(Object.entries(types));
  return (frame) => {
    const fields = parseFrame(frame);
    // First of all, so that whatever else is wrong is told under the frame's own id.
    const ref = refOf(fields, typeof fields.type === "string" ? fields.type : "");
    try {
      refuseDepth(fields, frame.length, "frame");
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

const readToken: FrameReader = on({ token: field.Token }, ({ token }) => ({ kind: "authenticate", token }));

/** An `authenticate` frame whose token stands in any of three places. */
export function readAuthenticate(fields: JsonObject, attempted: string): CommandBody | undefined {
  const token = fields.token ?? fields.content ?? (isObject(fields.data) ? fields.data.token : undefined);
  return readToken({ token }, attempted);
}

/** The fields of a frame. Throws ParleyError: binary, not JSON, or no object. */
export function parseFrame(frame: Frame): JsonObject {
  if (typeof frame !== "string") {
    throw new ParleyError("bad_message", "Cannot read the frame: it is binary, this dialect speaks JSON text");
  }
  const value = parseJson(frame, "frame");
  if (!isObject(value)) throw new ParleyError("bad_message", "Cannot read the frame: it is JSON, but not an object");
  return value;
}

/** A JSON object: neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A stranger's word inside an error message. */
export function quote(text: string): string {
  return toWellFormedJson(text.length > QUOTED_LENGTH ? `${cutText(text, QUOTED_LENGTH)}…` : text);
}

/** A field for a `ref`: what is not a short string is left out, since the frame will be refused for it anyway. */
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

function typeOf(fields: JsonObject): string {
  if (typeof fields.type === "string") return fields.type;
  throw new ParleyError(
    "bad_message",
    `Cannot read the frame: "type" ${"type" in fields ? "must be a string" : "is missing"}`,
  );
}
