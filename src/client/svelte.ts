/**
 * `parley-client/svelte`: a room as a store of Svelte 5, with what React's `useRoom` gives. Importing has no effect; a
 * room is entered with the first subscriber of its store, and left with the last.
 */
import { getContext, onMount, setContext } from "svelte";
import { type Readable, readable } from "svelte/store";
import type { Client } from "./client.ts";
import { followRoom, stateOf } from "./followed_room.ts";
import type { Status } from "./link.ts";
import { actionsOf, type RoomOptions, type RoomView } from "./room_view.ts";

export type { Outgoing, RoomOptions, RoomView } from "./room_view.ts";

const CLIENT = Symbol("parley-client");

/** For the component that calls it and all below; connected for as long as it is mounted. */
export function provideClient(client: Client): void {
  setContext(CLIENT, client);
  onMount(() => client.retain());
}

/** Throws TypeError if no component above has provided one. */
export function useClient(): Client {
  const client = getContext<Client | undefined>(CLIENT);
  if (client) return client;
  throw new TypeError("Cannot find a client: neither this component nor one above has called provideClient");
}

/** The connection. `client`: for stores that are made outside of a component. */
export function useStatus(client: Client = useClient()): Readable<Status> {
  return readable(client.getSnapshot(), (set) => {
    const look = () => set(client.getSnapshot());
    look();
    return client.subscribe(look);
  });
}

/**
 * Without an id it is in no room, and sending is refused; an id that changes comes as a store, as `toStore(() => id)`.
 * `client`: for stores that are made outside of a component.
 */
export function useRoom(
  roomId: string | undefined | Readable<string | undefined>,
  options: RoomOptions = {},
  client: Client = useClient(),
): Readable<RoomView> {
  return readable({ ...stateOf(client), ...actionsOf(client, undefined) } as RoomView, (set) => {
    let leave = () => {};
    const enter = (id: string | undefined) => {
      leave();
      const room = id ? client.room(id) : undefined;
      const actions = { ...actionsOf(client, room), room };
      leave = followRoom(client, room, { options, show: (state) => set({ ...state, ...actions }) });
    };
    const stop = typeof roomId === "object" ? roomId.subscribe(enter) : enter(roomId);
    return () => {
      stop?.();
      leave();
    };
  });
}
