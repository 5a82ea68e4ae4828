/**
 * The open room: who is in it, what is said, who is typing, and where one writes.
 */
import { useRoom } from "../../client/react.ts";
import type { RoomView } from "../../client/react.ts";
import { Avatar } from "./avatar.tsx";
import { Composer } from "./composer.tsx";
import { Icon } from "./icons.tsx";
import { MessageList } from "./message_list.tsx";

export function Conversation({ id, me, onShowList }: { id: string; me: string; onShowList(): void }) {
  const room = useRoom(id, { history: 40 });
  const people = [...new Map(room.members.map((member) => [member.user_id, member])).values()];
  const names = new Map(people.map((member) => [member.user_id, member.name]));
  return (
    <main className="room">
      <header>
        <button type="button" className="icon back" onClick={onShowList} aria-label="Rooms">
          <Icon name="menu" />
        </button>
        <div className="title">
          <h1># {id}</h1>
          <p>{headline(room, people.length)}</p>
        </div>
        <ul className="people" aria-label="In this room">
          {people.slice(0, 8).map((member) => (
            <li key={member.user_id}>
              <span className="hidden">{member.name}</span>
              <Avatar name={member.name} status={room.presence[member.user_id]?.status ?? "online"} />
            </li>
          ))}
          {people.length > 8 && <li className="more">+{people.length - 8}</li>}
        </ul>
      </header>
      <MessageList view={room} me={me} />
      <p className="typing" role="status">{typing(room.typingUsers.map((user) => names.get(user) ?? user))}</p>
      <Composer view={room} roomName={id} />
    </main>
  );
}

function headline({ isJoined, error }: RoomView, people: number): string {
  if (error) return `You are not in this room: ${error.code}`;
  if (!isJoined) return "Waiting for the connection";
  return people === 1 ? "Only you" : `${people} people`;
}

function typing(names: string[]): string {
  if (names.length === 0) return "";
  if (names.length > 2) return "Several people are typing …";
  return `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing …`;
}
