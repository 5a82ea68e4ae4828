/**
 * A room shown to a component by calls, for frameworks whose views are told of a state instead of asking for it.
 */
import type { Client } from "./client.ts";
import type { Room } from "./room.ts";
import { holdRoom, inTurn, type RoomOptions, type RoomState } from "./room_view.ts";

/** Without a room, that of one which nobody ever joins. */
export function stateOf(client: Client, room = client.room("")): RoomState {
  const { typing: typingUsers, ...rest } = room.getSnapshot();
  return { ...rest, typingUsers };
}

/** Shows the present state and every one after it; in the room, if there is one, until the returned function is called. */
export function followRoom(
  client: Client,
  room: Room | undefined,
  { options, show }: { options: RoomOptions; show(state: RoomState): void },
): () => void {
  const { history = 0 } = options;
  let wasJoined = false;
  const look = () => {
    const state = stateOf(client, room);
    const { isJoined, hasMore, messages } = state;
    const isShort = isJoined && !wasJoined && hasMore && messages.length < history;
    wasJoined = isJoined;
    show(state);
    if (isShort) room?.history(history).catch(client.failed);
  };
  const stop = room ? inTurn(room.subscribe(look), holdRoom(room, { current: options })) : inTurn();
  look();
  return stop;
}
