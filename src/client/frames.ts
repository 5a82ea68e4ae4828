/**
 * The frames of the envelope dialect as a client sees them, and the shapes inside their `data`.
 *
 * Types only: nothing of this file reaches a bundle. Every server frame has an `id`; fields a client does not know are
 * left alone.
 */

/** A place in the history of a room. Offsets count from 1 within an epoch. */
export interface Position {
  epoch: string;
  offset: number;
}

/** Whom a message or a signal is for. */
export interface Target {
  room?: string;
  /** A connection id or a user id. */
  to?: string;
}

export interface ServerFrame<Data = unknown> {
  type: string;
  id: string;
  room?: string;
  /** Connection id of the sender. */
  from?: string;
  /** Connection or user id a direct message went to. */
  to?: string;
  user_id?: string;
  username?: string;
  /** Id the server gave a message; `id` may be the one its sender chose. */
  message_id?: string;
  position?: Position;
  /** Milliseconds since 1970, on the server's clock. */
  timestamp: number;
  data: Data;
}

export interface MessageData {
  text?: string;
  [field: string]: unknown;
}

/** A message of a room, or one addressed to this user. */
export type MessageFrame<Data = MessageData> = ServerFrame<Data>;

export type PresenceStatus = "online" | "away" | "busy" | "offline";

export interface Presence {
  status: PresenceStatus;
  metadata?: unknown;
}

export interface RoomMember extends Partial<Presence> {
  connection_id: string;
  user_id: string;
  name: string;
}

/** `data` of `room_joined`. */
export interface JoinReply {
  members: readonly RoomMember[];
  total: number;
  position?: Position;
  recovered?: boolean;
  messages?: MessageFrame[];
}

/** `data` of the answer to `history`. */
export interface HistoryReply {
  /** Oldest first. */
  messages: MessageFrame[];
  /** Older ones are kept; recovered from a `since`: newer ones. */
  more?: boolean;
  /** False: nothing can be told from the `before` or `since` asked for; with `since` these are the newest messages. */
  recovered?: boolean;
}

/** What an accepted message is known by. */
export interface Receipt {
  /** The server's id of the message. */
  id: string;
  position?: Position;
}

export interface Notification {
  id: string;
  message?: string;
  title?: string;
  body?: string;
  read: boolean;
  createdAt: string;
  [field: string]: unknown;
}

/** What a client writes; `id` is added by the outbox. */
export interface ClientFrame {
  type: string;
  room?: string;
  to?: string;
  data?: unknown;
  [field: string]: unknown;
}
