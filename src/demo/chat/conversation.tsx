/**
 * The open room: who is in it, what is said, who is typing, and where one writes.
 */
import { useMemo } from "react";
import { useRoom, useWebSocketStatus } from "../../client/react.ts";
import type { RoomView } from "../../client/react.ts";
import { Composer } from "./composer.tsx";
import { Icon } from "./icons.tsx";
import { MessageList } from "./message_list.tsx";
import { type Crowd, crowdOf, People } from "./people.tsx";
import { namesOf } from "./who.ts";

export function Conversation({ id, me, onShowList }: { id: string; me: string; onShowList(): void }) {
  const room = useRoom(id, { history: 40 });
  const { connectionId } = useWebSocketStatus();
  const self = useMemo(() => ({ user: me, connection: connectionId }), [me, connectionId]);
  const names = useMemo(() => namesOf(room.members, room.messages), [room.members, room.messages]);
  const crowd = crowdOf(room);
  return (
    <section className="talk" aria-label={`Room ${id}`}>
      <header>
        <button type="button" className="icon back" onClick={onShowList} aria-label="Rooms">
          <Icon name="menu" />
        </button>
        <div className="title">
          <h2># {id}</h2>
          <p>{headline(room, crowd)}</p>
        </div>
        <People crowd={crowd} view={room} />
      </header>
      <MessageList view={room} self={self} names={names} />
      <Typing names={room.typingUsers.map(names)} />
      <Composer view={room} roomName={id} />
    </section>
  );
}

function headline({ isJoined, error }: RoomView, { all }: Crowd): string {
  if (error) return `You are not in this room: ${error.code}`;
  if (!isJoined) return "Waiting for the connection";
  if (all === 0) return "Who is here is not told";
  return all === 1 ? "Only you" : `${all} people`;
}

function Typing({ names }: { names: string[] }) {
  const who = names.length > 2 ? "Several people" : names.join(" and ");
  return (
    <p className="typing" role="status">
      {names.length > 0 && (
        <>
          {who} {names.length === 1 ? "is" : "are"} typing<i />
          <i />
          <i />
        </>
      )}
    </p>
  );
}
