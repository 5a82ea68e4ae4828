/**
 * What a client of each dialect knows of who is in a room, kept from its frames as the dialect's page says: a list replaces,
 * a join adds, a leave removes, and every one of them brings the true total and whether the room announces.
 *
 * For tests that compare what members see with what the server knows. The envelope view is that of Parley's own client.
 */
import { RoomRoster } from "../src/client/room_roster.ts";
import type { JoinReply, ServerFrame } from "../src/client/frames.ts";

type Json = Record<string, unknown>;

export interface MemberView {
  /** Connections in envelope and kebab, users in the others; in order. */
  list: string[];
  total: number;
  announcing: boolean;
}

export type ViewedDialect = "envelope" | "kebab" | "snake" | "plain" | "socketio";

/** The view after all these frames of one room; of socketio the frames are `[event, argument]`. */
export function viewOf(dialect: ViewedDialect, frames: unknown[]): MemberView {
  if (dialect === "envelope") return clientView(frames as ServerFrame[]);
  const list = new Set<string>();
  let total = NaN;
  let announcing = true;
  for (const frame of frames) {
    const change = READERS[dialect](frame as Json);
    if (!change) continue;
    if (change.list) list.clear();
    for (const each of change.list ?? []) list.add(each);
    if (change.joined !== undefined) list.add(change.joined);
    if (change.left !== undefined) list.delete(change.left);
    if (change.isWhole && !change.list) list.clear();
    // A snake or plain joiner's own join comes without them: its list follows.
    if (change.fields.total === undefined) continue;
    total = change.fields.total as number;
    announcing = change.fields.announcing as boolean;
  }
  return { list: [...list].sort(), total, announcing };
}

function clientView(frames: ServerFrame[]): MemberView {
  const roster = new RoomRoster();
  for (const frame of frames) {
    if (frame.type === "room_joined") roster.reset(frame.data as JoinReply);
    else roster.receive(frame.type, frame.data as Record<string, unknown>);
  }
  return clientViewOf(roster);
}

/** It shows no more than that its list is shorter than the room. */
export function clientViewOf({ members, total }: Pick<RoomRoster, "members" | "total">): MemberView {
  const list = members.map(({ connection_id }) => connection_id).sort();
  return { list, total, announcing: list.length === total };
}

interface Change {
  fields: Json;
  list?: string[];
  isWhole?: boolean;
  joined?: string;
  left?: string;
}

const READERS: Record<Exclude<ViewedDialect, "envelope">, (frame: Json) => Change | undefined> = {
  kebab(frame) {
    switch (frame.type) {
      case "room-joined":
      case "room-members":
        return whole(frame, (frame.members as Json[] | undefined)?.map(({ clientId }) => String(clientId)));
      case "user-joined":
        return { fields: frame, joined: String(frame.clientId) };
      case "user-left":
        return { fields: frame, left: String(frame.clientId) };
    }
  },
  snake(frame) {
    switch (frame.type) {
      case "online_update":
        return whole(frame, (frame.online as unknown[] | undefined)?.map(String));
      case "user_joined":
        return { fields: frame, joined: String(frame.userId) };
      case "user_left":
        return { fields: frame, left: String(frame.userId) };
    }
  },
  plain(frame) {
    switch (frame.type) {
      case "user_list":
        return whole(frame, (frame.data as unknown[] | undefined)?.map(String));
      case "join":
        return { fields: frame, joined: String(frame.username) };
      case "leave":
        return { fields: frame, left: String(frame.username) };
    }
  },
  socketio(frame) {
    const [event, fields] = frame as unknown as [string, Json];
    switch (event) {
      case "conversationUsers":
        return whole(fields, (fields.users as Json[] | undefined)?.map(({ userId }) => String(userId)));
      case "userJoined":
        return { fields, joined: String(fields.userId) };
      case "userLeft":
        return { fields, left: String(fields.userId) };
    }
  },
};

function whole(fields: Json, list: string[] | undefined): Change {
  return { fields, list, isWhole: true };
}
