/**
 * `usePresence`: what this user says of itself, and how another one (or itself) is.
 */
import { useEffect, useMemo, useSyncExternalStore } from "./from_react.ts";
import type { Presence, PresenceStatus } from "../frames.ts";
import { presenceOf } from "../presence.ts";
import { useClient } from "./provider.ts";
import { told } from "../room_view.ts";
import { useWebSocketStatus } from "./status.ts";

const unknown = () => undefined;

export interface PresenceView {
  /** Said again after every reconnect. */
  updatePresence(status: PresenceStatus, metadata?: unknown): Promise<void>;
  /** Of `userId`; undefined until the server has told. */
  presence?: Presence;
  myStatus: PresenceStatus;
}

export function usePresence({ userId }: { userId?: string } = {}): PresenceView {
  const client = useClient();
  const book = presenceOf(client);
  const { isConnected } = useWebSocketStatus();
  const presence = useSyncExternalStore(book.subscribe, () => userId ? book.of(userId) : undefined, unknown);
  const mine = useSyncExternalStore(book.subscribe, () => book.mine, unknown);
  useEffect(() => userId ? book.follow(userId) : undefined, [book, userId]);
  return {
    presence,
    myStatus: isConnected ? mine?.status ?? "online" : "offline",
    updatePresence: useMemo(() => (status, metadata) => told(client, book.set(status, metadata)), [client, book]),
  };
}
