/**
 * The fields that requests and answers over HTTP are made of, as valibot schemas, each with its bound and its rule in
 * words; the description of the API is written from them too.
 */
import * as v from "valibot";
import { Id, ID_RULE, RoomName as AnyRoomName } from "../json.ts";
import { isRoomName, MAX_ROOM_NAME_LENGTH } from "../room_name.ts";

export { Id };

const PAGE_RULE = "must be a whole number of at least 1";

/**
 * What the description says of a schema that does not say it itself: a check in words of JSON Schema, or of the schema
 * that something is held to later.
 */
export function described<Input>(as: Described) {
  return v.metadata<Input, { [DESCRIBED_AS]: Described }>({ [DESCRIBED_AS]: as });
}

/** Where a schema bears it: no JSON has a key like that, so it cannot get into the description by itself. */
export const DESCRIBED_AS = Symbol("described as");
export type Described = Record<string, unknown> | v.GenericSchema;

/** What {@link isRoomName} tells of single characters, as far as it can be said without flags: for the description. */
// deno-lint-ignore no-control-regex
const NAME_PATTERN = /^(?!\*$)[^\u0000-\u001f\u007f-\u009f]+$/;
const NAME_FORM = { minLength: 1, maxLength: MAX_ROOM_NAME_LENGTH, pattern: NAME_PATTERN.source };

export const RoomName = v.pipe(AnyRoomName, described(NAME_FORM));

const USER_RULE = `must be a user id: 1 to ${MAX_ROOM_NAME_LENGTH} characters, no control characters, not "*"`;

/** A user's id as a key, or a connection's: what can name a user is what can name a room. */
export const User = v.pipe(v.string(USER_RULE), v.check(isRoomName, USER_RULE), described(NAME_FORM));

const OR_NUMBER = "or a whole number within ±(2^53−1), larger ones written as strings";
const ID_OR_NUMBER_RULE = `${ID_RULE} ${OR_NUMBER}`;
const USER_OR_NUMBER_RULE = `${USER_RULE}, ${OR_NUMBER}`;

/** An id that some backends keep as a number; JSON has rounded what a double cannot hold, so that is refused. */
export const IdOrNumber = v.union([Id, v.pipe(v.number(), v.safeInteger())], ID_OR_NUMBER_RULE);

/** The same for an id of a user. */
export const UserOrNumber = v.union([User, v.pipe(v.number(), v.safeInteger())], USER_OR_NUMBER_RULE);

/** A page's size in a query; what is over `max` is cut. */
export function PageSize(usual: number, max: number) {
  return v.pipe(
    v.optional(v.string(), String(usual)),
    v.regex(/^[1-9]\d{0,8}$/, PAGE_RULE),
    v.transform((limit) => Math.min(Number(limit), max)),
  );
}

/** A position in a query: `{epoch}:{offset}`. */
export const PositionText = v.pipe(
  v.string(),
  v.regex(/^.{1,128}:\d{1,15}$/, "must be a position {epoch}:{offset}"),
  v.transform((text) => {
    const at = text.lastIndexOf(":");
    return { epoch: text.slice(0, at), offset: Number(text.slice(at + 1)) };
  }),
);

/** A position in answers. */
export const Position = v.object({ epoch: v.string(), offset: v.number() });

/** A moment in answers: ISO 8601. */
export const Time = v.pipe(v.string(), v.isoTimestamp());

/** A moment in answers: milliseconds since 1970. */
export const Milliseconds = v.number();

export const Count = v.number();

export const RoomType = v.picklist(["personal", "group", "custom"], 'must be "personal", "group" or "custom"');

export const Success = v.literal(true);
