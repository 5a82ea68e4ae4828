/**
 * The room list on one side, the open room on the other; on a phone one of them at a time.
 */
import { useState } from "react";
import { Banner } from "./banner.tsx";
import { Conversation } from "./conversation.tsx";
import { Me } from "./me.tsx";
import { RoomList } from "./room_list.tsx";

export function Chat({ me, onLogout }: { me: string; onLogout(): void }) {
  const [open, setOpen] = useState("lobby");
  const [isListShown, showList] = useState(false);
  const choose = (room: string) => {
    setOpen(room);
    showList(false);
  };
  return (
    <main className={isListShown ? "chat list-shown" : "chat"}>
      <h1 className="quiet">Chat</h1>
      <Banner />
      <nav className="side" aria-label="Rooms">
        <Me name={me} onLogout={onLogout} />
        <RoomList open={open} onChoose={choose} me={me} />
      </nav>
      <Conversation key={open} id={open} me={me} onShowList={() => showList(true)} />
    </main>
  );
}
