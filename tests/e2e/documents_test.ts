/**
 * Clients written as five front-end guides describe them, unmodified and at their own URLs, in one room of one server.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { io } from "socket.io-client";
import WebSocketOfNode from "ws";
import { eventually } from "../harness.ts";
import { type JsonFrame, TestServer } from "./test_server.ts";

const ROOM = "room1";

/** What a client shows its user: lines of a chat. */
type Screen = string[];

/** A client that knows a handful of types and ignores everything else. */
function client(url: string, shown: Record<string, (frame: JsonFrame) => string | void>): [WebSocket, Screen] {
  const screen: Screen = [];
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    const line = shown[frame.type]?.(frame);
    if (line) screen.push(line);
  };
  return [socket, screen];
}

const say = (socket: { send(text: string): void }, frame: JsonFrame) => socket.send(JSON.stringify(frame));

test("the clients of all five guides chat with each other", { timeout: 30_000 }, async () => {
  await using server = await TestServer.open();

  // A page that authenticates in-band, then joins.
  const kebabToken = await server.token("1", { name: "Ann" });
  const [kebab, kebabScreen] = client(server.ws("/ws"), {
    connected: () => say(kebab, { type: "authenticate", token: kebabToken }),
    authenticated: () => say(kebab, { type: "join-room", roomId: ROOM }),
    "room-joined": ({ roomId }) => `in ${roomId}`,
    "user-joined": ({ clientId }) => `joined ${String(clientId).length}`,
    message: ({ from, message }) => `${String(from).length > 0} ${message}`,
  });
  await eventually(() => kebabScreen.includes(`in ${ROOM}`));

  // A command line client with its token in the URL.
  const [snake, snakeScreen] = client(server.ws(`/ws?token=${await server.token("u3", { name: "Cy" })}`), {
    connected: () => say(snake, { type: "join_room", roomId: ROOM }),
    online_update: ({ online }) => `online ${(online as unknown[]).length}`,
    new_message: ({ content, sender_user_id }) => `${sender_user_id}: ${content}`,
    typing_start: ({ userId }) => `${userId} types`,
    user_left: ({ userId }) => `${userId} left`,
  });
  await eventually(() => snakeScreen.includes("online 2"));

  // A page that names the room in its URL and joins it once more when it opens.
  const [plain, plainScreen] = client(server.ws(`/ws/${ROOM}`), {
    message: ({ username, content }) => `${username}: ${content}`,
    user_list: ({ data }) => `users ${(data as string[]).length}`,
    join: ({ username }) => `${username} joined the room`,
    leave: ({ username }) => `${username} left the room`,
  });
  plain.onopen = () => say(plain, { type: "join", room: ROOM });
  await eventually(() => plainScreen.filter((line) => line === "users 3").length === 2);

  // A browser with a cookie; only ws of Node can set one outside of a browser.
  const envelopeScreen: Screen = [];
  const cookie = `falcon_auth_token=${await server.token("eve", { name: "Eve" })}`;
  const envelope = new WebSocketOfNode(server.ws("/websocket/connect"), { headers: { cookie } });
  envelope.on("message", (data) => {
    const frame = JSON.parse(String(data));
    if (frame.type === "system_notification") {
      say(envelope, { type: "system", id: "1", data: { action: "join", room: ROOM } });
    }
    if (frame.type === "room_joined") envelopeScreen.push(`in with ${frame.data.members.length}`);
    if (frame.type === "message") envelopeScreen.push(`${frame.username}: ${frame.data.text}`);
    if (frame.type === "custom_event") envelopeScreen.push(`${frame.data.user_id} ${frame.data.event}`);
  });
  await eventually(() => envelopeScreen.includes("in with 4"));

  // socket.io-client with default transports and its token in the handshake.
  const socketioScreen: Screen = [];
  const socketio = io(server.url(""), { auth: { token: await server.token("sue", { name: "Sue" }) }, forceNew: true });
  socketio.on("connect", () => socketio.emit("joinConversation", { conversationId: ROOM }));
  socketio.on("conversationUsers", ({ total }) => socketioScreen.push(`users ${total}`));
  socketio.on("newMessage", ({ senderName, content }) => socketioScreen.push(`${senderName}: ${content}`));
  socketio.on("userTyping", ({ userId }) => socketioScreen.push(`${userId} types`));
  socketio.on("unreadCount", (count) => socketioScreen.push(`unread ${count}`));
  await eventually(() => socketioScreen.includes("users 5") && socketioScreen.includes("unread 0"));

  say(kebab, { type: "message", roomId: ROOM, message: "Hello room!" });
  say(plain, { type: "message", room: ROOM, content: "Hello, world!" });
  say(envelope, { type: "message", id: "2", room: ROOM, data: { text: "Hello!", sender: "User" } });
  socketio.emit("sendMessage", { conversationId: ROOM, content: "Hi." });
  say(snake, { type: "typing_start", roomId: ROOM });
  const screens = [kebabScreen, snakeScreen, plainScreen, envelopeScreen, socketioScreen];
  for (const text of ["Hello room!", "Hello, world!", "Hello!", "Hi."]) {
    await eventually(() => screens.every((screen) => screen.filter((line) => line.endsWith(text)).length === 1));
  }
  await eventually(() => socketioScreen.includes("u3 types") && envelopeScreen.includes("u3 typing_start"));
  assert(snakeScreen.includes("1: Hello room!"));
  assertEquals(snakeScreen.includes("u3 types"), false);

  plain.close();
  await eventually(() => snakeScreen.some((line) => line.endsWith(" left")));
  for (const socket of [kebab, snake, envelope, socketio]) socket.close();
});
