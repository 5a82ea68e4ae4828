/**
 * The canonical model that all dialects share: what is inside Parley between the decoding of a frame and its encoding.
 *
 * A command asks, a reply answers one command of one connection, an event goes to a room and knows no recipient, so it
 * is encoded once per dialect. Types only; nothing of ours is imported here.
 */

/** One WebSocket message, as the runtime hands it over and takes it. */
export type Frame = string | Uint8Array;

/** A user's id with the JSON type its token gave it; as a key (rooms, stores, admin API) it is `String(id)`. */
export type UserId = string | number;

/** A place in the history of a room. Offsets count from 1; another epoch means that nothing before can be recovered. */
export interface StreamPosition {
  epoch: string;
  offset: number;
}

/** Who a token says its bearer is. */
export interface Identity {
  /** The key: `String(id)`. */
  user: string;
  /** The id with the claim's own JSON type. */
  id: UserId;
  name: string;
  email?: string;
  groups: Group[];
  /** Rooms the bearer may join beside what the rules allow: names or `prefix*`. */
  rooms: string[];
  roles: string[];
  /** Milliseconds since 1970, until when the token is accepted, leeway included; absent: it never expires. */
  expiresAtMs?: number;
  /** Names the configured key its token was checked with; absent: none was. */
  key?: string;
}

export interface Group {
  id: string;
  name?: string;
}

/** A connection seen from a room, and the sender of an event. `user` is absent for guests. */
export interface Member {
  connection: string;
  user?: UserId;
  name: string;
  /** What a room's members are shown of it beside; not with what it says. */
  info?: unknown;
}

/** The sender of what REST, the admin API and the library publish. */
export const SERVER: Member = { connection: "server", name: "server" };

/** The room that stands for everybody; no client can join or name it. */
export const EVERYBODY = "*";

export type Status = "online" | "away" | "busy" | "offline";

export interface UserPresence {
  status: Status;
  metadata?: unknown;
  /** When the status was set, in ms since 1970. */
  timestamp: number;
}

export interface UserState {
  user: string;
  presence: UserPresence;
}

/** Who is in a room: at most a bounded number of members in the list, and the true totals. */
export interface Roster {
  list: (Member & { status?: Status })[];
  /** Connections in the room, cluster-wide. */
  members: number;
  /** Users in the room, cluster-wide; a guest connection counts as its own user. */
  users: number;
  /** Whether the room tells joins and leaves: who keeps a list by them has all of it. */
  announcing: boolean;
}

/** Ephemeral events: relayed, never kept. */
export type Signal =
  | { type: "typing"; active: boolean }
  | { type: "reaction"; messageId: string; emoji: string; action: "added" | "removed" }
  | { type: "read"; messageId: string }
  | { type: "call"; signal: unknown }
  | { type: "upload"; data: Record<string, unknown> }
  | { type: "custom"; name: string; data: unknown };

// ---- commands: client → server ----

/**
 * Where a publish or a signal goes. `to` is looked up as a connection id, then as a user id; `user` as a user id only.
 * With either of them `room` is only context. `broadcast` names the dialect whose connections are meant, or "all".
 */
export interface Target {
  room?: string;
  to?: string;
  user?: string;
  broadcast?: string;
}

/** `ref` is what the dialect needs to address the answer; nobody else looks into it. */
export type Command = { ref?: unknown } & CommandBody;

export type CommandBody =
  | { kind: "join"; room?: string; since?: StreamPosition }
  | { kind: "leave"; room?: string }
  | PublishCommand
  | SignalCommand
  | { kind: "set_presence"; status: Status; metadata?: unknown }
  /** One user, or several, whose states are answered together. */
  | { kind: "follow"; user: string | string[]; follow: boolean }
  | { kind: "members"; room?: string }
  | { kind: "history"; room?: string; before?: StreamPosition; since?: StreamPosition; limit?: number }
  | { kind: "notifications"; before?: string; limit?: number }
  | { kind: "mark_read"; notification?: string }
  | { kind: "unread" }
  | { kind: "authenticate"; token: string }
  | { kind: "ping" }
  /** An event of an embedding program's own; answered by its handler. */
  | { kind: "call"; name: string; args: unknown[] };

export interface PublishCommand {
  kind: "publish";
  target: Target;
  /** Any JSON; the text of a message is `data.text`. */
  data: unknown;
  /** Makes the publish idempotent, and is answered. */
  clientId?: string;
  /** Whether the room's copy of the message shall carry `clientId` (envelope: the copy is the answer). */
  stamp?: boolean;
  /** False: the sender gets no copy. */
  echo?: boolean;
  /** There may be a Uint8Array somewhere in the data. */
  binary?: boolean;
}

export interface SignalCommand {
  kind: "signal";
  target: Target;
  signal: Signal;
  clientId?: string;
  binary?: boolean;
}

// ---- events: fan-out, no recipient ----

interface EventBase {
  id: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  /** The room it goes into; absent for everybody and for one connection. */
  room?: string;
}

export interface MessageEvent extends EventBase {
  kind: "message";
  from: Member;
  data: unknown;
  /** Where a direct message was addressed to. */
  to?: string;
  /** Set by the broker when the room keeps history. */
  position?: StreamPosition;
  /**
   * The `id` of the envelope's frame where it is not the message's own: the publisher's, which makes its copy the answer,
   * or a fresh one for a message whose id came from outside and may be what some client waits for.
   */
  frameId?: string;
  binary?: boolean;
}

export interface SignalEvent extends EventBase {
  kind: "signal";
  from: Member;
  signal: Signal;
  to?: string;
  binary?: boolean;
}

/** Made by the broker when a connection has entered or left a room; counts are those after it. */
export interface MembershipEvent extends EventBase {
  kind: "join" | "leave";
  room: string;
  member: Member;
  /**
   * The user's first connection in, or last one out, in the whole cluster. Example: Ann opens two tabs and closes both.
   * The room is told a join with `edge`, a join without, a leave without and a leave with it: who lists connections takes
   * all four, who lists users only the two edges. Each guest is a user of its own.
   */
  edge: boolean;
  members: number;
  users: number;
  /** Whether the room announces after it; if not, nobody is told of this. */
  announcing: boolean;
  /** A guest became a user in place: only dialects that announce per user tell it. */
  identityOnly?: boolean;
}

/** What the members of a room are shown of one of them has changed. Made by the broker, only while the room announces. */
export interface MemberUpdatedEvent extends EventBase {
  kind: "member_updated";
  room: string;
  member: Member;
}

/** Who is in the room, told as a whole; made by each node for its own members. No list while the room does not announce. */
export interface MembersEvent extends EventBase {
  kind: "members";
  room: string;
  roster: Roster;
}

export interface PresenceEvent extends EventBase {
  kind: "presence";
  from: Member;
  status: Status;
  metadata?: unknown;
}

/** An event of the application, from the admin API or the library. */
export interface ServerEvent extends EventBase {
  kind: "server";
  type: string;
  fields: Record<string, unknown>;
}

export interface UnreadEvent extends EventBase {
  kind: "unread";
  count: number;
}

/** The room lost events that cannot be recovered; clients start over from `position`. */
export interface ResetEvent extends EventBase {
  kind: "reset";
  room: string;
  position: StreamPosition;
}

/** The server goes away; clients reconnect. */
export interface NoticeEvent extends EventBase {
  kind: "notice";
  message: string;
  reconnect: boolean;
}

export type RoomEvent =
  | MessageEvent
  | SignalEvent
  | MembershipEvent
  | MemberUpdatedEvent
  | MembersEvent
  | PresenceEvent
  | ServerEvent
  | UnreadEvent
  | ResetEvent
  | NoticeEvent;

// ---- replies: server → one connection ----

/** What a join is answered with, beside the room. */
export interface Recovery {
  /** Absent where the room keeps no history. */
  position?: StreamPosition;
  /** Present when the join carried `since`. */
  recovered?: boolean;
  messages?: MessageEvent[];
}

/** A stored notification; further fields are the application's own. */
export interface Notification {
  id: string;
  read: boolean;
  /** ISO 8601. */
  createdAt: string;
  message?: unknown;
  [field: string]: unknown;
}

/** `self` is the connection that is answered, as the room sees it that it has joined or left. `id` and `timestamp` are fresh. */
export type Reply = { ref?: unknown; id: string; timestamp: number; self: Member } & ReplyBody;

export type ReplyBody =
  | ({ kind: "joined"; room: string; roster: Roster; self?: Member } & Recovery)
  | { kind: "left"; room: string; reason?: string; self?: Member }
  | { kind: "members"; room: string; roster: Roster }
  | {
    kind: "ack";
    /** Which sort of command is answered. */
    of: "publish" | "signal" | "set_presence" | "mark_read";
    /** The publisher's own id. */
    clientId?: string;
    messageId?: string;
    position?: StreamPosition;
    duplicate?: boolean;
    /** The sender is a member and gets, or got, the copy itself. */
    echoed?: boolean;
    message?: MessageEvent;
  }
  | {
    kind: "history";
    room: string;
    messages: MessageEvent[];
    position?: StreamPosition;
    recovered: boolean;
    more: boolean;
  }
  | { kind: "presence"; following: boolean } & (UserState | { states: UserState[] })
  | { kind: "notifications"; notifications: Notification[]; unread: number; more: boolean }
  | { kind: "unread"; count: number }
  | { kind: "authenticated"; identity: Identity }
  | { kind: "pong" }
  /** What an embedding program's handler answered. */
  | { kind: "result"; values: unknown[] }
  | {
    kind: "error";
    code: string;
    message: string;
    retryAfter?: number;
    /** Which of several causes it is: why a connection was not let in. */
    reason?: string;
    /** The room that the refused frame named, and the id that its sender gave the message: what it is matched by. */
    room?: string;
    clientId?: string;
    of?: CommandBody["kind"];
    /** The time to authenticate ran out; the connection is closed next. */
    timedOut?: boolean;
  };
