/**
 * The rooms one is in, with what is unread in each, and a field to enter another.
 */
import { type FormEvent, useEffect, useState } from "react";
import { useRoom } from "../../client/react.ts";
import { Icon } from "./icons.tsx";
import { crowdOf } from "./people.tsx";
import { senderOf, textOf } from "./who.ts";

const FIRST_ROOMS = ["lobby", "random", "help"];

export interface RoomListProps {
  open: string;
  me: string;
  onChoose(room: string): void;
}

export function RoomList({ open, me, onChoose }: RoomListProps) {
  const [rooms, setRooms] = useState(FIRST_ROOMS);
  const [name, setName] = useState("");
  const enter = (event: FormEvent) => {
    event.preventDefault();
    const room = name.trim();
    if (!room) return;
    setRooms([...new Set([...rooms, room])]);
    setName("");
    onChoose(room);
  };
  return (
    <>
      <ul className="rooms">
        {rooms.map((room) => <Entry key={room} room={room} isOpen={room === open} me={me} onChoose={onChoose} />)}
      </ul>
      <form className="enter" onSubmit={enter}>
        <label className="quiet" htmlFor="room">Enter a room</label>
        <input
          id="room"
          className="field"
          value={name}
          maxLength={60}
          autoComplete="off"
          placeholder="Enter a room"
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" className="second" aria-label="Enter the room">
          <Icon name="plus" />
        </button>
      </form>
    </>
  );
}

function Entry({ room, isOpen, me, onChoose }: { room: string; isOpen: boolean } & Omit<RoomListProps, "open">) {
  const [unread, setUnread] = useState(0);
  const view = useRoom(room, {
    onMessage: (message) => isOpen || message.user_id === me || setUnread((count) => count + 1),
  });
  useEffect(() => {
    if (isOpen) setUnread(0);
  }, [isOpen]);
  const { all } = crowdOf(view);
  const last = view.messages.at(-1);
  const hint = last
    ? `${senderOf(last) === me ? "You" : last.username ?? senderOf(last)}: ${textOf(last)}`
    : all > 0
    ? `${all} here`
    : "";
  return (
    <li>
      <button type="button" aria-current={isOpen ? "page" : undefined} onClick={() => onChoose(room)}>
        <span className="name"># {room}</span>
        <span className="hint">{view.typingUsers.length ? "typing …" : hint}</span>
        {unread > 0 && <span className="badge" aria-label={`${unread} unread`}>{unread > 99 ? "99+" : unread}</span>}
      </button>
    </li>
  );
}
