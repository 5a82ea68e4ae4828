/**
 * Names that no custom signal may have.
 *
 * A custom signal reaches other dialects as a frame type or an event of its own name, so with one of these a client
 * could forge a frame of the server. Checked by envelope and socketio when they decode.
 */
import { ParleyError } from "../errors.ts";
import { quote } from "./frame.ts";

const RESERVED: ReadonlySet<string> = new Set([
  // Several dialects
  ...["message", "error", "pong", "connected", "authenticated", "reaction", "typing_start", "typing_stop"],
  ...["notification", "presence", "unread_count"],
  // envelope: types, and events of custom_event
  ...["system", "system_notification", "custom_event", "heartbeat", "room_update", "room_joined", "room_left"],
  ...["user_profile_update", "group_membership_change", "backend_status", "critical_alert", "service_recovery"],
  ...["message_read", "call_signal", "upload_progress"],
  // socketio
  ...["newMessage", "userJoined", "userLeft", "conversationUsers", "conversationReset", "userTyping"],
  ...["userStoppedTyping", "messageReaction", "messageRead", "callSignal", "uploadProgress", "userPresence"],
  ...["unreadCount", "exception"],
  // kebab
  ...["auth-error", "room-joined", "room-left", "room-reset", "user-joined", "user-left", "message-ack"],
  ...["room-members", "typing-start", "typing-stop"],
  // snake
  ...["new_message", "user_joined", "user_left", "online_update", "room_reset", "message_ack"],
  // plain
  ...["join", "leave", "user_list", "reset", "ack"],
  // Socket.IO's own
  ...["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"],
]);

/** Throws ParleyError `forbidden` for a name that belongs to the server. */
export function refuseReserved(name: string): void {
  if (RESERVED.has(name)) {
    throw new ParleyError("forbidden", `Cannot send the event: the name ${quote(name)} belongs to the server`);
  }
}
