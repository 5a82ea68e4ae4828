/**
 * A room as a component sees it, whatever its framework: the view that hooks, composables and stores give, what can be
 * done in it, and holding it for as long as the component lives.
 */
import { clientError } from "./client_error.ts";
import type { Client } from "./client.ts";
import type { MessageFrame, Receipt } from "./frames.ts";
import type { Gap, Room, RoomSnapshot } from "./room.ts";

export interface RoomOptions {
  onMessage?(message: MessageFrame): void;
  /** Messages are lost; the list has started over. */
  onGap?(gap: Gap): void;
  /** Loads older messages after joining until the list has so many. Default 0. */
  history?: number;
}

/** `{type: "message", data}` as the guides write it, `{type: "custom_event", data: {event}}`, or just the data. */
export type Outgoing = string | { type?: string; data?: unknown; [field: string]: unknown };

export interface RoomState extends Omit<RoomSnapshot, "typing"> {
  typingUsers: readonly string[];
}

export interface RoomActions {
  /** Rejects with a ClientError, which `onError` of the client hears too. */
  sendToRoom(message: Outgoing): Promise<Receipt | void>;
  /** Call it on every keystroke. */
  sendTyping(isTyping?: boolean): void;
  /** Older messages, to the front of the list; resolves with whether there may be more. */
  loadHistory(limit?: number): Promise<boolean>;
}

export interface RoomView extends RoomState, RoomActions {
  /** For what is not here; undefined without a room id. */
  room?: Room;
}

/** In no room, sending is refused. */
export function actionsOf(client: Client, room: Room | undefined): RoomActions {
  return {
    sendToRoom: (message) =>
      told(client, room ? speak(room, message) : Promise.reject(clientError("not_joined", "send"))),
    sendTyping: (isTyping) => room?.typing(isTyping),
    loadHistory: (limit) => told(client, room?.history(limit) ?? Promise.resolve(false)),
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

/** In the room until the returned function is called; of the options, those that are `current` hold. */
export function holdRoom(room: Room, latest: { readonly current: RoomOptions }): () => void {
  return inTurn(
    room.onMessage((message) => latest.current.onMessage?.(message)),
    room.on("gap", (gap: Gap) => latest.current.onGap?.(gap)),
    room.retain(),
  );
}

/** One clean-up for several. */
export function inTurn(...stops: (() => void)[]): () => void {
  return () => stops.forEach((stop) => stop());
}
