/**
 * Socket.IO without its library, over one WebSocket: `0` opens, `40` connects, `2` and `3` are ping and pong, `42` is an
 * event and `44` a refusal.
 */
import { server } from "../shared/server.ts";
import type { Dialect, JoinReply, Person, Reader } from "./dialect.ts";

interface SocketioUser {
  userId: string | number;
  name?: string;
}

interface SocketioFields extends JoinReply, SocketioUser {
  users?: SocketioUser[];
  message: string;
}

interface SocketioMessage {
  id: string;
  senderId: string | number;
  senderName: string;
  content?: string;
  position?: unknown;
}

const event = (name: string, fields: object) => `42${JSON.stringify([name, fields])}`;

const personOf = ({ userId, name }: SocketioUser): Person => ({ key: String(userId), user: String(userId), name });

export const socketio: Dialect = {
  address: () => `${server.paths.socketio}?EIO=4&transport=websocket`,
  join: (conversationId, since) => event("joinConversation", { conversationId, since }),
  say: (conversationId, content) => event("sendMessage", { conversationId, content }),
  typing: (conversationId, isTyping) => event(isTyping ? "typing" : "stopTyping", { conversationId }),
  read(packet, reader) {
    const [, type, body] = /^(\d+)(.*)$/s.exec(packet) ?? [];
    if (type === "0") reader.send(`40${JSON.stringify({ token: reader.token })}`);
    if (type === "2") reader.send("3");
    if (type === "40") reader.ready();
    if (type === "44") reader.refused(JSON.parse(body!).message);
    if (type === "42") readEvent(JSON.parse(body!), reader);
  },
  readMissed: (message, reader) => readMessage(message as SocketioMessage, reader),
};

function readEvent([name, fields]: [name: string, fields: SocketioFields], reader: Reader): void {
  switch (name) {
    case "conversationUsers":
      return reader.joined(fields.users?.map(personOf), fields);
    case "userJoined":
      return reader.entered(personOf(fields), fields);
    case "userLeft":
      return reader.left(String(fields.userId), fields);
    case "userTyping":
      return reader.typed(String(fields.userId), true);
    case "userStoppedTyping":
      return reader.typed(String(fields.userId), false);
    case "exception":
      return reader.refused(fields.message);
    case "newMessage":
      return readMessage(fields as unknown as SocketioMessage, reader);
  }
}

function readMessage(
  { id, senderId, senderName: name, content: text, position, ...data }: SocketioMessage,
  reader: Reader,
) {
  reader.said({ id, sender: String(senderId), name, text, data, position });
}
