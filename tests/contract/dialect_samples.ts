/**
 * One of everything that a dialect is asked to encode. The tables are typed by kind, so a new kind of reply, event or
 * signal does not compile until it has its sample here, and with it its place in every dialect.
 */
import type { Greeting } from "../../src/dialect.ts";
import type { Member, MessageEvent, Reply, ReplyBody, RoomEvent, Signal } from "../../src/message.ts";

const MOMENT = { id: "AAAAAAAAAAAAAAAAAAAAAA", timestamp: 1763035200123 };
const POSITION = { epoch: "e1", offset: 6 };

export const USER: Member = { connection: "conn-user", user: 7, name: "Ann \ud83d\ude00" };
export const GUEST: Member = { connection: "conn-guest", name: "guest-0a1b2c" };

/** Text with half a surrogate pair, which no UTF-8 can carry as it is. */
const HALF_A_PAIR = "a\ud800b";

export const MESSAGE: MessageEvent = {
  ...MOMENT,
  kind: "message",
  room: "lobby",
  from: USER,
  data: { text: HALF_A_PAIR, more: [1, null, { deep: true }] },
  position: POSITION,
  frameId: "c1",
};

const SIGNALS: { [Type in Signal["type"]]: Extract<Signal, { type: Type }> } = {
  typing: { type: "typing", active: true },
  reaction: { type: "reaction", messageId: "m1", emoji: "👍", action: "added" },
  read: { type: "read", messageId: "m1" },
  call: { type: "call", signal: { sdp: HALF_A_PAIR } },
  upload: { type: "upload", data: { uploadId: "u1", loaded: 1, total: 2 } },
  custom: { type: "custom", name: "poke", data: { hard: true } },
};

type EventsOf<Kind extends RoomEvent["kind"]> = (RoomEvent & { kind: Kind })[];

const seats = { room: "lobby", edge: true, members: 2, users: 2, announcing: true };

const roster = { list: [{ ...USER, status: "away" as const }, GUEST], members: 2, users: 2, announcing: true };
/** Of a room that does not announce. */
const LARGE = { list: [], members: 900, users: 800, announcing: false };

const EVENTS: { [Kind in RoomEvent["kind"]]: EventsOf<Kind> } = {
  message: [MESSAGE, { ...MESSAGE, from: GUEST, data: null }, { ...MESSAGE, room: undefined, to: "bob" }],
  signal: Object.values(SIGNALS).flatMap((signal) =>
    [USER, GUEST].map((from) => ({ ...MOMENT, kind: "signal", room: "lobby", from, signal }))
  ),
  join: [USER, GUEST].map((member) => ({ ...MOMENT, ...seats, kind: "join", member })),
  leave: [false, true].map((identityOnly) => ({ ...MOMENT, ...seats, kind: "leave", member: GUEST, identityOnly })),
  member_updated: [{
    ...MOMENT,
    kind: "member_updated",
    room: "lobby",
    member: { ...USER, info: { in: HALF_A_PAIR } },
  }],
  members: [roster, LARGE].map((each) => ({ ...MOMENT, kind: "members", room: "lobby", roster: each })),
  presence: [{ ...MOMENT, kind: "presence", room: "lobby", from: USER, status: "busy", metadata: { in: HALF_A_PAIR } }],
  server: [
    { ...MOMENT, kind: "server", room: "lobby", type: "announcement", fields: { data: { message: HALF_A_PAIR } } },
    { ...MOMENT, kind: "server", type: "announcement", fields: {} },
  ],
  unread: [{ ...MOMENT, kind: "unread", room: "user:7", count: 3 }],
  reset: [{ ...MOMENT, kind: "reset", room: "lobby", position: POSITION }],
  notice: [{ ...MOMENT, kind: "notice", message: "Restarting", reconnect: true }],
};

type BodiesOf<Kind extends ReplyBody["kind"]> = (ReplyBody & { kind: Kind })[];

const identity = { user: "7", id: 7, name: "Ann", email: "a@b.c", groups: [], rooms: [], roles: [] };

const REPLIES: { [Kind in ReplyBody["kind"]]: BodiesOf<Kind> } = {
  joined: [
    { kind: "joined", room: "lobby", roster, position: POSITION, recovered: true, messages: [MESSAGE] },
    { kind: "joined", room: "lobby", roster: LARGE },
  ],
  left: [{ kind: "left", room: "lobby", reason: "kicked" }, { kind: "left", room: "lobby" }],
  members: [{ kind: "members", room: "lobby", roster }],
  ack: [
    { kind: "ack", of: "publish", clientId: "c1", messageId: "m1", position: POSITION, message: MESSAGE },
    { kind: "ack", of: "publish", clientId: "c1", messageId: "m1", duplicate: true, message: MESSAGE },
    { kind: "ack", of: "signal" },
  ],
  history: [{ kind: "history", room: "lobby", messages: [MESSAGE], position: POSITION, recovered: true, more: false }],
  presence: [
    { kind: "presence", user: "7", following: true, presence: { status: "away", timestamp: 1 } },
    { kind: "presence", following: true, states: [{ user: "7", presence: { status: "away", timestamp: 1 } }] },
  ],
  notifications: [{
    kind: "notifications",
    notifications: [{ id: "n1", read: false, createdAt: "2025-11-13T12:00:00.000Z", message: HALF_A_PAIR }],
    unread: 1,
    more: false,
  }],
  unread: [{ kind: "unread", count: 3 }],
  authenticated: [{ kind: "authenticated", identity }],
  pong: [{ kind: "pong" }],
  result: [{ kind: "result", values: [{ ok: true }, 2] }],
  error: [
    { kind: "error", code: "rate_limited", message: HALF_A_PAIR, retryAfter: 250, room: "lobby" },
    { kind: "error", code: "unauthorized", message: "Invalid token", of: "authenticate", timedOut: true },
  ],
};

const limits = { rate: 50, burst: 100, bytesPerSecond: 0, maxBytes: 65_536, rooms: 100, joinsPerSecond: 10 };

export const GREETING: Greeting = { ...MOMENT, self: USER, identity, rooms: ["user:7"], limits };

export const ALL_EVENTS: RoomEvent[] = Object.values(EVENTS).flat();

/** Every reply, to a user and to a guest; `ref` is what the dialect made of some command, or nothing. */
export function allReplies(ref: unknown): Reply[] {
  return Object.values(REPLIES).flat().flatMap((body) =>
    [USER, GUEST].map((self) => ({ ...MOMENT, ...body, self, ref }))
  );
}
