/**
 * What one hostile address does with twenty connections: a table of attackers, each with its door, its first frames and
 * what it then sends as fast as it is told. All of it is well-formed; it is only far too much.
 */
import { json } from "./protocol.ts";
import { mintToken } from "./token.ts";

export interface Attack {
  readonly name: string;
  /** Connections that do this. */
  readonly count: number;
  path(): string;
  /** Sent when the connection opens. */
  readonly opening: readonly string[];
  readonly perSecond: number;
  /** The nth frame after it. */
  frame(n: number): string;
}

/** The room of the bystanders. */
export const LOBBY = "lobby";
const HEAVY = "heavy";
const BIG_TEXT = "x".repeat(60_000);
const STALE = { epoch: "stale", offset: 1 };

const kebabPath = () => "/ws?dialect=kebab";
const tokenPath = (path: string) => () => `${path}?token=${mintToken("mallory")}`;
const event = (name: string, fields: unknown) => `42${json([name, fields])}`;

export const ATTACKS: readonly Attack[] = [
  {
    name: "kebab messages",
    count: 2,
    path: kebabPath,
    opening: [json({ type: "join-room", roomId: LOBBY })],
    perSecond: 500,
    frame: (n) => json({ type: "message", roomId: LOBBY, message: `spam ${n}` }),
  },
  {
    name: "snake signals",
    count: 2,
    path: tokenPath("/ws"),
    opening: [json({ type: "join_room", roomId: LOBBY })],
    perSecond: 500,
    frame: (n) => json({ type: n % 2 ? "typing_stop" : "typing_start", roomId: LOBBY }),
  },
  {
    name: "plain messages",
    count: 2,
    path: () => `/ws/${LOBBY}`,
    opening: [],
    perSecond: 500,
    frame: (n) => json({ type: "message", content: `spam ${n}` }),
  },
  {
    name: "envelope commands",
    count: 2,
    path: tokenPath("/websocket/connect"),
    opening: [json({ type: "system", id: "j", data: { action: "join", room: HEAVY } })],
    perSecond: 500,
    frame: (n) => json({ type: "system", id: `${n}`, data: { action: "history", room: HEAVY, limit: 100 } }),
  },
  {
    name: "Socket.IO events",
    count: 1,
    path: () => "/socket.io/?EIO=4&transport=websocket",
    opening: ["40", event("joinConversation", { conversationId: LOBBY })],
    perSecond: 500,
    frame: (n) => event("sendMessage", { conversationId: LOBBY, content: `spam ${n}` }),
  },
  {
    name: "big messages",
    count: 3,
    path: kebabPath,
    opening: [json({ type: "join-room", roomId: HEAVY })],
    perSecond: 50,
    frame: () => json({ type: "message", roomId: HEAVY, message: BIG_TEXT }),
  },
  {
    name: "stale rejoins",
    count: 4,
    path: kebabPath,
    opening: [],
    perSecond: 50,
    frame: () => json({ type: "join-room", roomId: HEAVY, since: STALE }),
  },
  {
    name: "join storms",
    count: 4,
    path: kebabPath,
    opening: [],
    perSecond: 200,
    frame: (n) => json({ type: n % 2 ? "leave-room" : "join-room", roomId: n % 8 < 2 ? LOBBY : `room ${n >> 1}` }),
  },
];

/** Polling sessions beside them, which join the heavy room and fetch nothing. */
export const UNREAD_POLL = ["40", event("joinConversation", { conversationId: HEAVY })];
