/**
 * `WebSocketDemo`: the guide's demo page as one component. A look at the connection, a room to talk in, one's own status.
 *
 * Plain elements without styles: it shows that things work and how the hooks are used, in a page that has its own looks.
 */
"use client";

import { createElement as h, useState } from "react";
import type { PresenceStatus } from "../frames.ts";
import { usePresence } from "./presence.ts";
import { useRoom } from "./rooms.ts";
import { useWebSocketStatus } from "./status.ts";

const STATUSES: PresenceStatus[] = ["online", "away", "busy"];

/** Inside a `ParleyProvider`, or alone on a page of Parley's own server. */
export function WebSocketDemo({ room: first = "demo" }: { room?: string }) {
  const [room, setRoom] = useState(first);
  const { connectionState, isConnected, connect, disconnect } = useWebSocketStatus();
  return h(
    "section",
    { "aria-label": "WebSocket demo" },
    h("p", { role: "status" }, `Connection: ${connectionState}`),
    h(
      "button",
      { type: "button", onClick: isConnected ? disconnect : connect },
      isConnected ? "Disconnect" : "Connect",
    ),
    h(MyStatus),
    h("label", null, "Room ", h("input", { value: room, onChange: (event) => setRoom(event.currentTarget.value) })),
    h(Talk, { key: room, room }),
  );
}

function MyStatus() {
  const { myStatus, updatePresence } = usePresence();
  const buttons = STATUSES.map((status) =>
    h(
      "button",
      { type: "button", key: status, "aria-pressed": status === myStatus, onClick: () => updatePresence(status) },
      status,
    )
  );
  return h("div", { role: "group", "aria-label": "My status" }, buttons);
}

function Talk({ room }: { room: string }) {
  const [text, setText] = useState("");
  const { isJoined, messages, members, typingUsers, sendToRoom, sendTyping } = useRoom(room, { history: 20 });
  const send = (event: { preventDefault(): void }) => {
    event.preventDefault();
    if (text) sendToRoom({ type: "message", data: { text } });
    setText("");
  };
  const onChange = (event: { currentTarget: HTMLInputElement }) => {
    setText(event.currentTarget.value);
    sendTyping();
  };
  return h(
    "div",
    null,
    h("p", null, isJoined ? `${members.length} here` : "not in the room"),
    h(
      "ol",
      { "aria-live": "polite" },
      messages.map((message) => h("li", { key: message.message_id }, `${message.username}: ${message.data.text}`)),
    ),
    h("p", null, typingUsers.length ? `${typingUsers.join(", ")} typing …` : ""),
    h(
      "form",
      { onSubmit: send },
      h("input", { "aria-label": "Message", value: text, onChange }),
      h("button", { disabled: !isJoined }, "Send"),
    ),
  );
}
