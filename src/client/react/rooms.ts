/**
 * `useRoom` and `usePersonalRoom`: a room joined for as long as a component is mounted. Any number of components may use
 * one room; the server sees one member.
 */
import { useEffect, useMemo, useSyncExternalStore } from "./from_react.ts";
import { clientError } from "../client_error.ts";
import type { Client } from "../client.ts";
import type { MessageFrame, Notification, Receipt } from "../frames.ts";
import type { Gap, Room, RoomSnapshot } from "../room.ts";
import { inTurn, useClient, useLatest } from "./provider.ts";

export interface RoomOptions {
  onMessage?(message: MessageFrame): void;
  /** Messages are lost; the list has started over. */
  onGap?(gap: Gap): void;
  /** Loads older messages after joining until the list has so many. Default 0. */
  history?: number;
}

/** `{type: "message", data}` as the guides write it, `{type: "custom_event", data: {event}}`, or just the data. */
export type Outgoing = string | { type?: string; data?: unknown; [field: string]: unknown };

export interface RoomView extends Omit<RoomSnapshot, "typing"> {
  typingUsers: readonly string[];
  /** Rejects with a ClientError, which `onError` of the client hears too. */
  sendToRoom(message: Outgoing): Promise<Receipt | void>;
  /** Call it on every keystroke. */
  sendTyping(isTyping?: boolean): void;
  /** Older messages, to the front of the list; resolves with whether there may be more. */
  loadHistory(limit?: number): Promise<boolean>;
  /** For what is not here; undefined without a room id. */
  room?: Room;
}

/** Without an id it is in no room, and sending is refused. */
export function useRoom(roomId: string | undefined, options: RoomOptions = {}): RoomView {
  const client = useClient();
  // Nobody ever joins this one: it stands for no room, and for every room on a server.
  const nowhere = client.room("");
  const room = roomId ? client.room(roomId) : undefined;
  const { subscribe, getSnapshot } = room ?? nowhere;
  const latest = useLatest(options);
  const { history = 0 } = options;
  const { typing: typingUsers, ...snapshot } = useSyncExternalStore(subscribe, getSnapshot, nowhere.getSnapshot);
  useEffect(() => {
    if (!room) return;
    return inTurn(
      room.onMessage((message) => latest.current.onMessage?.(message)),
      room.on("gap", (gap: Gap) => latest.current.onGap?.(gap)),
      room.retain(),
    );
  }, [room]);
  useEffect(() => {
    const isShort = snapshot.isJoined && snapshot.hasMore && snapshot.messages.length < history;
    if (isShort) room?.history(history).catch(client.failed);
  }, [room, snapshot.isJoined, history]);
  return { ...snapshot, room, typingUsers, ...useMemo(() => actions(client, room), [client, room]) };
}

function actions(client: Client, room: Room | undefined) {
  return {
    sendToRoom: (message: Outgoing) =>
      told(client, room ? speak(room, message) : Promise.reject(clientError("not_joined", "send"))),
    sendTyping: (isTyping?: boolean) => room?.typing(isTyping),
    loadHistory: (limit?: number) => told(client, room?.history(limit) ?? Promise.resolve(false)),
  };
}

function speak(room: Room, message: Outgoing): Promise<Receipt | void> {
  if (typeof message === "string" || !("data" in message)) return room.send(message);
  const { type, data } = message;
  return type === "custom_event" ? room.signal(Object(data).event, Object(data)) : room.send(data);
}

/** A failure nobody waits for is heard by `onError`, not as an unhandled rejection. */
export function told<Value>(client: Client, promise: Promise<Value>): Promise<Value> {
  promise.catch(client.failed);
  return promise;
}

/** What the server sends to this user alone. */
export function usePersonalRoom(
  userId: string | undefined,
  { onNotification, ...options }: RoomOptions & { onNotification?(notification: Notification): void } = {},
): RoomView {
  const view = useRoom(userId && `user:${userId}`, options);
  const latest = useLatest(onNotification);
  const { room } = view;
  useEffect(() => room?.on("notification", (data: Notification) => latest.current?.(data)), [room]);
  return view;
}
