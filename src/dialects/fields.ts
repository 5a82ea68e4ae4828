/**
 * The fields that frames are made of, as valibot schemas: one bound for each, in whatever dialect it occurs.
 *
 * Everything a stranger can make grow has a limit here; the size of `data` is bounded by the frame's own. Fields that
 * say whom a message is for refuse null: a message meant for one must never go to everybody because a variable was
 * empty. Elsewhere null means absent.
 */
import * as v from "valibot";
import { isRoomName, MAX_ROOM_NAME_LENGTH, ROOM_NAME_RULE } from "../room_name.ts";

const MAX_ID_LENGTH = 128;
/** A frame that authenticates may have 16 KiB. */
const MAX_TOKEN_LENGTH = 16_384;
const MAX_METADATA_LENGTH = 1_024;
const MAX_PAGE = 100;
const MAX_PEOPLE = 200;

function bounded(maxLength: number) {
  const rule = `must be a string of 1 to ${maxLength} characters`;
  const isWellFormed = v.check((text: string) => text.isWellFormed(), rule);
  return v.pipe(v.string(rule), v.nonEmpty(rule), v.maxLength(maxLength, rule), isWellFormed);
}

const wholeNumber = v.pipe(v.number("must be a number"), v.safeInteger("must be a whole number"));

/** Ids that some clients keep as numbers. */
function boundedOrNumber(maxLength: number) {
  const rule = `must be a string of 1 to ${maxLength} characters or a whole number`;
  return v.union([bounded(maxLength), v.pipe(wholeNumber, v.transform(String))], rule);
}

/** A field whose null means that it is absent. */
function absentable<S extends v.GenericSchema>(schema: S) {
  return v.nullish(schema, () => undefined);
}

export const RoomName = v.pipe(v.string(ROOM_NAME_RULE), v.check(isRoomName, ROOM_NAME_RULE));

/** An id of a frame, a message, a connection, an emoji: any short string. */
export const Id = bounded(MAX_ID_LENGTH);

/** The id of a message. */
export const LooseId = boundedOrNumber(MAX_ID_LENGTH);

/** The id of a user or a connection: a user may be called whatever a room may. */
export const Person = boundedOrNumber(MAX_ROOM_NAME_LENGTH);

const PEOPLE_RULE = `must be a list of 1 to ${MAX_PEOPLE} user ids`;

/** Ids of users, each once. */
export const People = v.pipe(
  v.array(Person, PEOPLE_RULE),
  v.nonEmpty(PEOPLE_RULE),
  v.maxLength(MAX_PEOPLE, PEOPLE_RULE),
  v.transform((people) => [...new Set(people)]),
);

export const ClientId = absentable(Id);

export const Token = bounded(MAX_TOKEN_LENGTH);

export const Position = absentable(
  v.object({ epoch: bounded(MAX_ID_LENGTH), offset: v.pipe(wholeNumber, v.minValue(0, "must not be negative")) }, (
    issue,
  ) => issue.expected === "Object" ? "must be a position {epoch, offset}" : "is missing"),
);

/** A page's size: larger ones are cut to 100. */
export const Limit = absentable(
  v.pipe(wholeNumber, v.minValue(1, "must be at least 1"), v.transform((limit) => Math.min(limit, MAX_PAGE))),
);

export const StatusName = v.picklist(
  ["online", "away", "busy", "offline"],
  'must be "online", "away", "busy" or "offline"',
);

export const ReactionAction = v.optional(
  v.picklist(["added", "removed"], 'must be "added" or "removed"'),
  "added",
);

export const Metadata = v.optional(v.pipe(
  v.unknown(),
  v.check(
    (metadata) => JSON.stringify(metadata).length <= MAX_METADATA_LENGTH,
    `must be at most ${MAX_METADATA_LENGTH} characters of JSON`,
  ),
));

/** The optional fields of whom a frame is for: null is refused. */
export const OptionalPerson = v.optional(Person);
export const OptionalRoomName = v.optional(RoomName);
export const OptionalText = v.optional(v.string("must be a string"));
