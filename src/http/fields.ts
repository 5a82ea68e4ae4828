/**
 * The fields that requests and answers over HTTP are made of, as valibot schemas, each with its bound and its rule in
 * words; the description of the API is written from them too.
 */
import * as v from "valibot";
import { isRoomName, ROOM_NAME_RULE } from "../room_name.ts";

const MAX_ID_LENGTH = 128;
const ID_RULE = `must be a string of 1 to ${MAX_ID_LENGTH} characters`;
const PAGE_RULE = "must be a whole number of at least 1";

/** An id of a connection, a message, a notification. */
export const Id = v.pipe(v.string(ID_RULE), v.nonEmpty(ID_RULE), v.maxLength(MAX_ID_LENGTH, ID_RULE));

export const RoomName = v.pipe(
  v.string(ROOM_NAME_RULE),
  v.minLength(1, ROOM_NAME_RULE),
  v.maxLength(MAX_ID_LENGTH, ROOM_NAME_RULE),
  v.check(isRoomName, ROOM_NAME_RULE),
);

const USER_RULE = "must be a user id: 1 to 128 characters, no control characters";

/** A user's id as a key: what can name a user is what can name a room. */
export const User = v.pipe(
  v.string(USER_RULE),
  v.minLength(1, USER_RULE),
  v.maxLength(MAX_ID_LENGTH, USER_RULE),
  v.check(isRoomName, USER_RULE),
);

const LOOSE_ID_RULE = `${ID_RULE} or a whole number within ±(2^53−1), larger ones written as strings`;

/** An id that some backends keep as a number; JSON has rounded what a double cannot hold, so that is refused. */
export const LooseId = v.union([Id, v.pipe(v.number(), v.safeInteger())], LOOSE_ID_RULE);

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
