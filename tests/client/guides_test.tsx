/**
 * Pages in the manner of the guides whose hooks these are, their imports changed to Parley's, against the real server; and
 * the raw hook through cuts.
 */
import { after, before, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type ReactNode, useEffect, useState } from "react";
import type { MessageFrame } from "../../src/client/frames.ts";
import { WebSocketDemo } from "../../src/client/react/demo.ts";
import { speechOf } from "../../src/client/react/raw_frames.ts";
import {
  ParleyProvider,
  usePersonalRoom,
  usePresence,
  useRealtime,
  useRealtimeMessages,
  useRealtimeNotifications,
  useRoom,
  useWebSocket,
  useWebSocketStatus,
} from "../../src/client/react.ts";
import { eventually, type ServerProcess } from "../harness.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { openPage, type Page } from "./page.tsx";
import { ADMIN_TOKEN, CONNECT, startParley, tokenOf } from "./real_server.ts";

const SLOW = { timeout: 20_000 };
let server: ServerProcess;
let page: Page;
before(async () => {
  server = await startParley();
  page = await openPage({ isLive: true });
});
after(async () => {
  await page.close();
  await server[Symbol.asyncDispose]();
});

function as(user: string, node: ReactNode) {
  return <ParleyProvider url={server.ws(CONNECT)} token={tokenOf(user)}>{node}</ParleyProvider>;
}

async function notify(user: string, message: string): Promise<void> {
  const response = await fetch(`${server.url}/websocket/users/${user}/message`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ type: "notification", data: { message } }),
  });
  assertEquals(response.status, 200, await response.text());
}

test("the envelope guide: status, room, personal room, presence", SLOW, async () => {
  const heard: string[] = [];
  const ConnectionStatus = () => {
    const { isConnected, connectionState } = useWebSocketStatus();
    return <div>Status: {connectionState} {String(isConnected)}</div>;
  };
  const ChatRoom = ({ roomId }: { roomId: string }) => {
    const { isJoined, sendToRoom, messages } = useRoom(roomId, {
      onMessage: (message: MessageFrame) => heard.push(`message ${message.data.text}`),
    });
    const sendMessage = () => {
      sendToRoom({ type: "message", data: { text: "Hello!", sender: "User" } });
    };
    return <button type="button" onClick={sendMessage}>{isJoined ? "joined" : "out"}:{messages.length}</button>;
  };
  const PersonalNotifications = () => {
    usePersonalRoom("ada", { onNotification: (notification) => heard.push(`notification ${notification.message}`) });
    return null;
  };
  const PresenceManager = () => {
    const { updatePresence, presence, myStatus } = usePresence({ userId: "ada" });
    return <button type="button" onClick={() => updatePresence("away")}>{presence?.status}/{myStatus}</button>;
  };
  const mounted = await page.mount(as(
    "ada",
    <>
      <ConnectionStatus />
      <ChatRoom roomId="thread:1" />
      <PersonalNotifications />
      <PresenceManager />
    </>,
  ));
  await eventually(() => mounted.text() === "Status: open truejoined:0online/online");
  for (const button of mounted.container.querySelectorAll("button")) await page.act(() => button.click());
  await notify("ada", "Your order has shipped");
  await eventually(() => mounted.text() === "Status: open truejoined:1away/away" && heard.length === 2);
  assertEquals(heard.sort(), ["message Hello!", "notification Your order has shipped"]);
  await mounted.unmount();
});

test("the Socket.IO guide: realtime, messages, notifications", SLOW, async () => {
  const log: unknown[] = [];
  function MyComponent() {
    const { isConnected, emit, on, off } = useRealtime({
      onConnect: () => log.push("Connected!"),
      onDisconnect: () => log.push("Disconnected"),
      onError: (error) => log.push(error.code),
    });
    useEffect(() => {
      const handleCustomEvent = (data: { message: string }) => log.push(data.message);
      on("customEvent", handleCustomEvent);
      return () => off("customEvent", handleCustomEvent);
    }, [on, off]);
    const sendData = () => emit("customEvent", { conversationId: "k1", message: "Hello!" });
    return <button type="button" id="data" onClick={sendData}>{isConnected ? "Connected" : "Disconnected"}</button>;
  }
  function MessagesPage() {
    const [selectedConversationId] = useState("k1");
    const [seen, setSeen] = useState("");
    const { newMessage, sendMessage, isConnected } = useRealtimeMessages(selectedConversationId);
    useEffect(() => {
      if (newMessage) setSeen(`${newMessage.senderName}: ${newMessage.content}`);
    }, [newMessage]);
    return <button type="button" id="say" disabled={!isConnected} onClick={() => sendMessage("hi")}>{seen}</button>;
  }
  function NotificationBadge() {
    const { unreadCount, notifications, markAsRead } = useRealtimeNotifications();
    return <button type="button" id="badge" onClick={() => markAsRead(notifications[0].id)}>{unreadCount}</button>;
  }
  const all = (
    <>
      <MyComponent />
      <MessagesPage />
      <NotificationBadge />
    </>
  );
  const ada = await page.mount(as("eve", all));
  const bob = await page.mount(as("bob", all));
  const button = (mounted: typeof ada, id: string) => mounted.container.querySelector<HTMLButtonElement>(`#${id}`);
  await eventually(() => ada.text() === "Connected0" && bob.text() === "Connected0");
  await page.act(() => button(bob, "say")?.click());
  await eventually(() => ada.text() === "Connectedbob: hi0" && bob.text() === "Connectedbob: hi0");
  await page.act(() => button(ada, "data")?.click());
  await eventually(() => log.includes("Hello!"));
  await notify("eve", "One");
  await eventually(() => button(ada, "badge")?.textContent === "1");
  await page.act(() => button(ada, "badge")?.click());
  await eventually(() => button(ada, "badge")?.textContent === "0");
  // Strict Mode mounts twice; the second time the connection is the same one.
  assertEquals(log.filter((line) => line === "Connected!").length, 2);
  await ada.unmount();
  await bob.unmount();
});

test("the raw guide: its own frames, in the dialect of the URL", SLOW, async () => {
  let socket: ReturnType<typeof useWebSocket> | undefined;
  function ChatComponent() {
    socket = useWebSocket(server.ws("/ws"));
    const { isConnected, messages, authenticate, joinRoom, sendMessage } = socket;
    useEffect(() => {
      if (isConnected) authenticate(tokenOf("ada"));
    }, [isConnected]);
    return (
      <div>
        <p>Status: {isConnected ? "Connected" : "Disconnected"}</p>
        <button type="button" onClick={() => joinRoom("raw")}>Join</button>
        <button type="button" onClick={() => sendMessage("Hello!", "raw")}>Send</button>
        <ol>{messages.map((message, index) => <li key={index}>{message.type}</li>)}</ol>
      </div>
    );
  }
  const mounted = await page.mount(<ChatComponent />);
  const types = () => socket?.messages.map((message) => message.type).join();
  await eventually(() => types() === "connected,authenticated");
  for (const button of mounted.container.querySelectorAll("button")) await page.act(() => button.click());
  await eventually(() => types() === "connected,authenticated,room-joined,message");
  assertEquals(socket?.messages.at(-1)?.message, "Hello!");
  await mounted.unmount();
});

test("the raw hook comes back, identifies itself and enters its rooms again", SLOW, async () => {
  await using proxy = await FaultProxy.open(server.port);
  let socket: ReturnType<typeof useWebSocket> | undefined;
  function Component() {
    socket = useWebSocket(proxy.url("/ws"));
    return null;
  }
  const mounted = await page.mount(<Component />);
  await eventually(() => socket?.isConnected);
  assertEquals(proxy.accepted, 1, "Strict Mode mounts twice and connects once");
  socket?.authenticate(tokenOf("ada"));
  socket?.joinRoom("raw");
  socket?.joinRoom("left");
  socket?.leaveRoom("left");
  const count = (type: string) => socket?.messages.filter((message) => message.type === type).length;
  await eventually(() => count("room-left") === 1);
  proxy.isRefusing = true;
  proxy.cut();
  await eventually(() => socket?.isConnected === false);
  assertEquals(socket?.send({ type: "ping" }), false, "nothing is sent without a connection, and it says so");
  proxy.isRefusing = false;
  await eventually(() => count("connected") === 2 && count("room-joined") === 3 && count("authenticated") === 2);
  assertEquals(socket?.messages.at(-1)?.roomId, "raw");
  await mounted.unmount();
  await eventually(() => proxy.open === 0);
});

test("each dialect's URL and words", () => {
  const join = (url: string) => speechOf(new URL(url, "ws://localhost")).join("r") as Record<string, unknown>;
  assertEquals(join("/ws"), { type: "join-room", roomId: "r" });
  assertEquals(join("/ws/"), { type: "join-room", roomId: "r" });
  assertEquals(join("/ws?token=t"), { type: "join_room", roomId: "r" });
  assertEquals(join("/ws?access_token=t"), { type: "join_room", roomId: "r" });
  assertEquals(join("/ws/auth/lobby"), { type: "join", room: "r" });
  assertEquals(join("/websocket/connect"), { type: "system", data: { action: "join", room: "r" } });
  assertEquals(join("/ws?dialect=plain"), { type: "join", room: "r" });
});

test("the demo component: connects, talks, says how one is", SLOW, async () => {
  const mounted = await page.mount(as("ada", <WebSocketDemo room="demo" />));
  await eventually(() => mounted.text().includes("Connection: open") && mounted.text().includes("1 here"));
  const button = (name: string) =>
    [...mounted.container.querySelectorAll("button")].find((it) => it.textContent === name);
  await page.act(() => button("busy")?.click());
  await eventually(() => button("busy")?.getAttribute("aria-pressed") === "true");
  await page.act(() => button("Disconnect")?.click());
  await eventually(() => mounted.text().includes("Connection: closed"));
  assert(button("Connect"));
  await mounted.unmount();
});
