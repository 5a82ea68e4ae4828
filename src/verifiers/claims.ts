/**
 * From the claims of a verified token to an identity. Pure; called by the verifiers, after the signature was checked.
 *
 * Identity providers differ in what they call things, so each property has several names, first one first.
 */
import { ParleyError } from "../errors.ts";
import type { Group, Identity, UserId } from "../message.ts";
import { isRoomName, MAX_ROOM_NAME_LENGTH } from "../room_name.ts";
import { cutText } from "../unicode.ts";

export type Claims = Readonly<Record<string, unknown>>;

const ID_CLAIMS = ["sub", "userId", "user_id", "id"];
const NAME_CLAIMS = ["name", "username", "character_name"];
const MAX_NAME_LENGTH = 128;
const MAX_GROUP_ID_LENGTH = MAX_ROOM_NAME_LENGTH - "group:".length;

/**
 * Throws `unauthorized` if there is no id or none that can name a user, or a number is an id that JSON cannot hold. What
 * is malformed beside the ids is left out.
 */
export function identityOf(claims: Claims): Identity {
  const id = userId(claims);
  const user = String(id);
  const name = NAME_CLAIMS.map((claim) => claims[claim]).find((value) => typeof value === "string" && value !== "");
  const identity: Identity = {
    user,
    id,
    name: typeof name === "string" ? cutText(name.toWellFormed(), MAX_NAME_LENGTH) : user,
    groups: list(claims.groups).map(group).filter((found) => found !== undefined),
    rooms: list(claims.rooms).filter((room): room is string => typeof room === "string" && isPattern(room)),
    roles: [...list(claims.roles), ...list(claims.role)].filter((role): role is string => typeof role === "string"),
  };
  if (typeof claims.email === "string") identity.email = claims.email;
  if (typeof claims.exp === "number") identity.expiresAtMs = claims.exp * 1000;
  return identity;
}

function userId(claims: Claims): UserId {
  const id = ID_CLAIMS.map((claim) => claims[claim]).find((value) =>
    value !== undefined && value !== null && value !== ""
  );
  if (id === undefined) throw new ParleyError("unauthorized", `Invalid token: it has none of ${ID_CLAIMS.join(", ")}`);
  if (typeof id === "number") return exact(id, "its user id");
  if (typeof id === "string" && isRoomName(id)) return id;
  throw new ParleyError(
    "unauthorized",
    `Invalid token: its user id is neither a number nor a name of 1 to ${MAX_ROOM_NAME_LENGTH} characters`,
  );
}

/**
 * JSON.parse rounds what a double cannot hold, so that two ids would become one: only numbers are ids that no rounding
 * can have made.
 */
function exact(id: number, what: string): number {
  // The sum makes 0 of -0, which JSON would write as 0.
  if (Number.isSafeInteger(id)) return id + 0;
  throw new ParleyError(
    "unauthorized",
    `Invalid token: ${what} is not a whole number within ±(2^53−1), write it as a string`,
  );
}

function group(claim: unknown): Group | undefined {
  const { id, name } = typeof claim === "object" && claim !== null ? claim as Record<string, unknown> : { id: claim };
  const key = typeof id === "number" ? String(exact(id, "the id of a group")) : id;
  if (typeof key !== "string" || key.length > MAX_GROUP_ID_LENGTH || !isRoomName(key)) return undefined;
  return typeof name === "string" ? { id: key, name } : { id: key };
}

/** A room's name, or a prefix followed by `*`. */
function isPattern(room: string): boolean {
  return isRoomName(room) || room === "*";
}

/** One value stands for a list of one. */
function list(claim: unknown): unknown[] {
  if (claim === undefined || claim === null) return [];
  return Array.isArray(claim) ? claim : [claim];
}
