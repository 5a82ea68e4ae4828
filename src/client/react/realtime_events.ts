/**
 * The event names of the Socket.IO guide on an envelope connection: what its `emit` sends, and what its `on` hears.
 */
import type { Client } from "../client.ts";
import type { MessageData, MessageFrame, Receipt, ServerFrame } from "../frames.ts";

/** A message as that guide's components expect it; other fields of the data stand beside these. */
export interface ConversationMessage extends MessageData {
  id: string;
  conversationId: string;
  content?: string;
  senderId?: string;
  senderName?: string;
  /** ISO 8601. */
  createdAt: string;
}

export function toConversationMessage(frame: MessageFrame): ConversationMessage {
  const { text, ...rest } = Object(frame.data);
  return {
    ...rest,
    id: frame.message_id ?? frame.id,
    conversationId: frame.room ?? "",
    content: text,
    senderId: frame.user_id,
    senderName: frame.username,
    createdAt: new Date(frame.timestamp).toISOString(),
  };
}

type Reading = (frame: ServerFrame) => unknown;

const readTyping: Reading = ({ room, data }) => ({ userId: Object(data).user_id, conversationId: room });

/** The guide's name → the name on the wire, and how its data is read. */
const HEARD: Record<string, [name: string, read: Reading]> = {
  newMessage: ["message", (frame) => toConversationMessage(frame as MessageFrame)],
  unreadCount: ["unread_count", ({ data }) => Object(data).count],
  userTyping: ["typing_start", readTyping],
  userStoppedTyping: ["typing_stop", readTyping],
};

export function hear(client: Client, event: string, listener: (data: never) => void): () => void {
  const [name, read] = HEARD[event] ?? [event, ({ data }: ServerFrame) => data];
  return client.on(name, (_, frame) => listener(read(frame) as never));
}

export interface ConversationData {
  conversationId?: string;
  to?: string;
  content?: string;
  [field: string]: unknown;
}

/** Any event with a conversation or a recipient goes there; the five of the guide mean what they say. */
export async function say(client: Client, event: string, data: ConversationData = {}): Promise<Receipt | void> {
  const { conversationId, to, content, ...rest } = data;
  if (conversationId) {
    const room = client.room(conversationId);
    if (event === "joinConversation") return room.join();
    if (event === "leaveConversation") return room.leave();
    if (event === "sendMessage") return room.send({ ...rest, text: content });
    if (event === "typing") return room.typing();
    if (event === "stopTyping") return room.typing(false);
  }
  await client.signal(event, { ...rest, content }, { room: conversationId, to });
}
