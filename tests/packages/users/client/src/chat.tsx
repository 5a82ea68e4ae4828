"use client";
import { WebSocketDemo } from "parley-client/demo";
import { ParleyProvider, useRoom } from "parley-client/react";

function Talk() {
  const { isJoined, messages, sendToRoom } = useRoom("lobby", { history: 20 });
  return (
    <>
      <p role="status">{isJoined ? "in the room" : "not in the room"}</p>
      <button type="button" onClick={() => void sendToRoom({ type: "message", data: { text: "hello" } })}>Say hello</button>
      <ol>{messages.map((message) => <li key={message.message_id}>{String(message.data["text"])}</li>)}</ol>
    </>
  );
}

export function Chat({ url, token }: { url: string; token: string }) {
  return (
    <ParleyProvider url={url} token={token}>
      <Talk />
      <WebSocketDemo room="demo" />
    </ParleyProvider>
  );
}
