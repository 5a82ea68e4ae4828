/**
 * The fields that frames are made of, as valibot schemas: one bound for each, in whatever dialect it occurs.
 *
 * Everything a stranger can make grow has a limit here; the size of `data` is bounded by the frame's own. Fields that
 * say whom a message is for refuse null: a message meant for one must never go to everybody because a variable was
 * empty. Elsewhere null means absent.
 */
import * as v from "valibot";
import { Id, ID_RULE, RoomName } from "../json.ts";
import { MAX_ROOM_NAME_LENGTH } from "../room_name.ts";

export { Id, RoomName };

/** A frame that authenticates may have 16 KiB. */
const MAX_TOKEN_LENGTH = 16_384;
const MAX_METADATA_LENGTH = 1_024;
const MAX_PAGE = 100;
const MAX_PEOPLE = 200;

function ruleOf(maxLength: number): string {
  return `must be a string of 1 to ${maxLength} characters`;
}

function bounded(maxLength: number) {
  const rule = ruleOf(maxLength);
  const isWellFormed = v.check((text: string) => text.isWellFormed(), rule);
  return v.pipe(v.string(rule), v.nonEmpty(rule), v.maxLength(maxLength, rule), isWellFormed);
}

const wholeNumber = v.pipe(v.number("must be a number"), v.safeInteger("must be a whole number"));

/** Ids that some clients keep as numbers; here they are strings. */
function idOrNumber<S extends v.GenericSchema<string, string>>(id: S, rule: string) {
  return v.union([id, v.pipe(wholeNumber, v.transform(String))], `${rule} or a whole number`);
}

/** A field whose null means that it is absent. */
function absentable<S extends v.GenericSchema>(schema: S) {
  return v.nullish(schema, () => undefined);
}

/** The id of a message, which some clients keep as a number. */
export const MessageId = idOrNumber(Id, ID_RULE);

/** The id of a user or a connection: a user may be called whatever a room may. */
export const Person = idOrNumber(bounded(MAX_ROOM_NAME_LENGTH), ruleOf(MAX_ROOM_NAME_LENGTH));

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
  v.object({ epoch: Id, offset: v.pipe(wholeNumber, v.minValue(0, "must not be negative")) }, (
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
