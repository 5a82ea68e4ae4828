/**
 * `useRealtime` and `useRealtimeMessages`: the hooks of the Socket.IO guide, with its names.
 */
import { useEffect, useMemo, useState } from "./from_react.ts";
import type { ClientError } from "../client_error.ts";
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
  /**
   * Of a connection that does not come back, once: after five tries. The client goes on trying. Where the token is to blame
   * the message says "authentication failed".
   */
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

/** The guide gives up after five tries, and so does its toast; the client itself is not this hook's to end. */
const TRIES = 5;
const AUTHENTICATION = /refused|expired|unauth/;

export function useRealtime(options: RealtimeOptions = {}): Realtime {
  const { autoConnect = true } = options;
  const client = useClient(autoConnect);
  const { isConnected, connect, disconnect } = useWebSocketStatus(autoConnect);
  const latest = useLatest(options);
  useEffect(() => {
    if (client.isOpen) latest.current.onConnect?.();
    return inTurn(
      client.on("connect", () => latest.current.onConnect?.()),
      client.on("disconnect", () => latest.current.onDisconnect?.()),
      client.onError((error) => {
        const { state, attempt, error: loss } = client.status;
        const isRetried = error === loss && state !== "closed" && attempt !== TRIES + 1;
        if (!isRetried && error.code !== "disconnected") latest.current.onError?.(explained(error));
      }),
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
  if (!AUTHENTICATION.test(error.code)) return error;
  return Object.assign(new Error("authentication failed: " + error.message, { cause: error }), { code: error.code });
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
  const { messages, room, sendToRoom, typingUsers, sendTyping } = useRoom(conversationId, {
    onMessage: (message) => setNewMessage(toConversationMessage(message)),
  });
  useEffect(() => setNewMessage(null), [room]);
  return {
    newMessage,
    messages: useMemo(() => messages.map(toConversationMessage), [messages]),
    sendMessage: useMemo(() => (text, extra) => sendToRoom({ data: { ...extra, text } }), [sendToRoom]),
    isConnected,
    typingUsers,
    sendTyping,
  };
}
