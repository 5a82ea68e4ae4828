/**
 * `useRoom` and `usePersonalRoom`: a room joined for as long as a component is mounted. Any number of components may use
 * one room; the server sees one member.
 */
import { useEffect, useMemo, useSyncExternalStore } from "./from_react.ts";
import type { Notification } from "../frames.ts";
import { actionsOf, holdRoom, type RoomOptions, type RoomView } from "../room_view.ts";
import { useClient, useLatest } from "./provider.ts";

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
  useEffect(() => room && holdRoom(room, latest), [room]);
  useEffect(() => {
    const isShort = snapshot.isJoined && snapshot.hasMore && snapshot.messages.length < history;
    if (isShort) room?.history(history).catch(client.failed);
  }, [room, snapshot.isJoined, history]);
  return { ...snapshot, typingUsers, room, ...useMemo(() => actionsOf(client, room), [client, room]) };
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
