/**
 * `useRealtime` and `useRealtimeMessages`: the hooks of the Socket.IO guide, with its names.
 */
import { useEffect, useMemo, useState } from "./from_react.ts";
import { type ClientError, clientError } from "../client_error.ts";
import type { Client } from "../client.ts";
import type { Receipt } from "../frames.ts";
import { useClient, useLatest } from "./provider.ts";
import {
  type ConversationData,
  type ConversationMessage,
  hear,
  say,
  toConversationMessage,
} from "./realtime_events.ts";
import { inTurn, told } from "../room_view.ts";
import { useRoom } from "./rooms.ts";
import { useWebSocketStatus } from "./status.ts";

export interface RealtimeOptions {
  onConnect?(): void;
  onDisconnect?(): void;
  /** Not for a connection that comes back. Where the token is to blame the message says "authentication failed". */
  onError?(error: ClientError): void;
  /** Default true. */
  autoConnect?: boolean;
}

export interface Realtime {
  isConnected: boolean;
  /** Rejects with a ClientError, which `onError` hears too. */
  emit: (event: string, data?: ConversationData) => Promise<Receipt | void>;
  on(event: string, listener: (data: never) => void): void;
  off(event: string, listener: (data: never) => void): void;
  connect(): void;
  disconnect(): void;
}

/** The guide's five tries, after 1, 2, 4, 8 and 16 s, where the application chose nothing else. */
const FIVE_TRIES = { maxAttempts: 5, backoff: { jitter: false } };
const AUTHENTICATION = /refused|expired|unauth/;

export function useRealtime(options: RealtimeOptions = {}): Realtime {
  const { autoConnect = true } = options;
  const client = useClient(autoConnect);
  const { isConnected, connect, disconnect } = useWebSocketStatus(autoConnect);
  const latest = useLatest(options);
  useEffect(() => {
    Object.assign(client.options, { ...FIVE_TRIES, ...client.options });
    if (client.isOpen) latest.current.onConnect?.();
    return inTurn(
      client.on("connect", () => latest.current.onConnect?.()),
      client.on("disconnect", () => latest.current.onDisconnect?.()),
      client.onError((error) => error.code === "disconnected" || latest.current.onError?.(explained(error))),
    );
  }, [client]);
  return { isConnected, connect, disconnect, ...useMemo(() => guideEvents(client), [client]) };
}

function guideEvents(client: Client): Pick<Realtime, "emit" | "on" | "off"> {
  const heard: { event: string; listener: unknown; stop(): void }[] = [];
  return {
    emit: (event, data) => told(client, say(client, event, data)),
    on(event, listener) {
      heard.push({ event, listener, stop: hear(client, event, listener) });
    },
    off(event, listener) {
      const at = heard.findIndex((entry) => entry.event === event && entry.listener === listener);
      if (at >= 0) heard.splice(at, 1)[0].stop();
    },
  };
}

function explained(error: ClientError): ClientError {
  return AUTHENTICATION.test(error.code) ? clientError(error.code, "authentication failed", error) : error;
}

export interface RealtimeMessages {
  /** The last one that arrived while mounted; null before. */
  newMessage: ConversationMessage | null;
  messages: ConversationMessage[];
  sendMessage(content: string, extra?: object): Promise<Receipt | void>;
  isConnected: boolean;
  /** User ids of the others. */
  typingUsers: readonly string[];
  sendTyping(isTyping?: boolean): void;
}

/** Joins the conversation for as long as it is mounted; without an id it is in none. */
export function useRealtimeMessages(conversationId: string | undefined): RealtimeMessages {
  const [newMessage, setNewMessage] = useState<ConversationMessage | null>(null);
  const { isConnected } = useWebSocketStatus();
  const { messages, sendToRoom, typingUsers, sendTyping } = useRoom(conversationId, {
    onMessage: (message) => setNewMessage(toConversationMessage(message)),
  });
  useEffect(() => setNewMessage(null), [conversationId]);
  return {
    newMessage,
    messages: useMemo(() => messages.map(toConversationMessage), [messages]),
    sendMessage: useMemo(() => (text, extra) => sendToRoom({ data: { ...extra, text } }), [sendToRoom]),
    isConnected,
    typingUsers,
    sendTyping,
  };
}
