/**
 * `parley-client/react`: the hooks, under the names of the guides they replace. React is a peer; importing has no effect.
 */
"use client";

export { ParleyProvider, type ParleyProviderProps, useClient } from "./react/provider.ts";
export { useWebSocketStatus, type WebSocketStatus } from "./react/status.ts";
export { usePersonalRoom, useRoom } from "./react/rooms.ts";
export type { RoomOptions, RoomView } from "./room_view.ts";
export { type PresenceView, usePresence } from "./react/presence.ts";
export {
  type Realtime,
  type RealtimeMessages,
  type RealtimeOptions,
  useRealtime,
  useRealtimeMessages,
} from "./react/realtime.ts";
export type { ConversationMessage } from "./react/realtime_events.ts";
export { type RealtimeNotifications, useRealtimeNotifications } from "./react/notifications.ts";
export { useWebSocket, type WebSocketMessage, type WebSocketView } from "./react/raw_socket.ts";
export { createClient } from "./client.ts";
