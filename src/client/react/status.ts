/**
 * `useWebSocketStatus`: the connection as a component sees it.
 */
import { useMemo, useSyncExternalStore } from "./from_react.ts";
import type { ConnectionState, Status } from "../link.ts";
import { useClient } from "./provider.ts";

const IDLE: Status = { state: "idle", attempt: 0 };
const idle = () => IDLE;

export interface WebSocketStatus extends Omit<Status, "state"> {
  isConnected: boolean;
  connectionState: ConnectionState;
  connect(): void;
  disconnect(): void;
}

export function useWebSocketStatus(autoConnect?: boolean): WebSocketStatus {
  const client = useClient(autoConnect);
  const { state, ...status } = useSyncExternalStore(client.subscribe, client.getSnapshot, idle);
  return {
    ...status,
    isConnected: state === "open",
    connectionState: state,
    ...useMemo(() => ({ connect: () => client.connect(), disconnect: () => client.close() }), [client]),
  };
}
