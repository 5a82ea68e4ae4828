/**
 * Who said a message and what it says. A guest has no user id and is told by its connection, so that two guests are two
 * people; a user is one person in all tabs and after every reconnect.
 */
import type { MessageFrame, RoomMember } from "../../client/frames.ts";
import { nameFrom } from "../shared/people.ts";

/** This client: its user, and its connection while it has one. */
export interface Self {
  user: string;
  connection?: string;
}

export function senderOf({ user_id, from }: MessageFrame): string {
  return user_id ?? from ?? "server";
}

export function isMine({ user_id, from }: MessageFrame, self: Self): boolean {
  return user_id === undefined ? from !== undefined && from === self.connection : user_id === self.user;
}

/** The text, or the data of a message that has none. */
export function textOf({ data }: MessageFrame): string {
  return data?.text ?? JSON.stringify(data) ?? "";
}

/** Of everybody who is here or has said something. */
export type Names = (id: string) => string;

export function namesOf(members: readonly RoomMember[], messages: readonly MessageFrame[]): Names {
  const names = new Map<string, string>();
  for (const message of messages) if (message.username) names.set(senderOf(message), message.username);
  for (const { user_id, name } of members) names.set(user_id, name);
  return (id) => names.get(id) ?? nameFrom(id);
}
