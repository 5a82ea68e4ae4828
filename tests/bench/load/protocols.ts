/**
 * The text protocols: `raw`, which the bare servers speak, Parley's dialects, and Socket.IO over WebSocket alone.
 * One object each; a new dialect is one more. The events of `socketio` are those of Parley's dialect of that name, and
 * the socket.io peers answer to the same ones.
 */
import { json, type Protocol } from "./protocol.ts";

const bearer = (token?: string): Record<string, string> => token ? { Authorization: `Bearer ${token}` } : {};

export const raw: Protocol = {
  name: "raw",
  path: ({ room }) => `/${room}`,
  opening: () => [{ until: `"connected"` }],
  publish: (_room, text) => json({ text }),
};

export const kebab: Protocol = {
  name: "kebab",
  path: () => "/ws",
  headers: ({ token }) => bearer(token),
  opening: ({ room }) => [{ until: `"connected"` }, kebab.join!(room)],
  publish: (roomId, message) => json({ type: "message", roomId, message }),
  join: (roomId) => ({ send: json({ type: "join-room", roomId }), until: `"room-joined"` }),
  leave: (roomId) => ({ send: json({ type: "leave-room", roomId }), until: `"room-left"` }),
};

/** Only the greeting: what the ramp counts as connected. */
export const greeted: Protocol = { ...kebab, name: "greeted", opening: () => [{ until: `"connected"` }] };

export const snake: Protocol = {
  name: "snake",
  wantsToken: true,
  path: ({ token }) => `/ws?token=${token}`,
  opening: ({ room: roomId }) => [
    { until: `"connected"` },
    { send: json({ type: "join_room", roomId }), until: `"online_update"` },
  ],
  publish: (roomId, content) => json({ type: "message", roomId, content }),
};

export const plain: Protocol = {
  name: "plain",
  path: ({ room }) => `/ws/${room}`,
  opening: () => [{ until: `"user_list"` }],
  publish: (room, content) => json({ type: "message", room, content }),
};

export const envelope: Protocol = {
  name: "envelope",
  wantsToken: true,
  path: () => "/websocket/connect",
  headers: ({ token }) => bearer(token),
  opening: ({ room }) => [
    { until: `"system_notification"` },
    { send: json({ type: "system", id: "join", data: { action: "join", room } }), until: `"room_joined"` },
  ],
  publish: (room, text) => json({ type: "message", room, data: { text } }),
};

const event = (name: string, body: unknown): string => "42" + json([name, body]);

export const socketio: Protocol = {
  name: "socketio",
  path: () => "/socket.io/?EIO=4&transport=websocket",
  opening: ({ room }) => [{ until: `0{"sid"` }, { send: "40", until: "40{" }, socketio.join!(room)],
  publish: (conversationId, content) => event("sendMessage", { conversationId, content }),
  join: (conversationId) => ({ send: event("joinConversation", { conversationId }), until: `"conversationUsers"` }),
  leave: (conversationId) => ({ send: "420" + json(["leaveConversation", { conversationId }]), until: "430[" }),
  heartbeat: { ping: "2", pong: "3" },
};
