/**
 * The four dialects of JSON frames, as their clients write and read them.
 */
import { guestName } from "../../hub/guest_name.ts";
import { server } from "../shared/server.ts";
import type { Count, Dialect, JoinReply, Person, Reader } from "./dialect.ts";

let count = 0;
const freshId = () => `${Date.now().toString(36)}-${++count}`;

/** A dialect whose missed messages are frames like any other. */
function json<Frame>(
  { read, ...dialect }: Omit<Dialect, "read" | "readMissed"> & { read(frame: Frame, reader: Reader): void },
): Dialect {
  return {
    ...dialect,
    read: (frame, reader) => read(JSON.parse(frame), reader),
    readMissed: (message, reader) => read(message as Frame, reader),
  };
}

interface EnvelopeMember {
  connection_id: string;
  user_id: string;
  name: string;
}

interface EnvelopeFrame {
  type: string;
  from: string;
  user_id?: string;
  username: string;
  message_id: string;
  position?: unknown;
  data: JoinReply & EnvelopeMember & {
    action?: string;
    event?: string;
    members?: EnvelopeMember[];
    text?: string;
    message: string;
  };
}

const fromEnvelope = (member: EnvelopeMember): Person => ({
  key: member.connection_id,
  user: member.user_id,
  name: member.name,
});

export const envelope = json<EnvelopeFrame>({
  address: (token) => `${server.paths.envelope}?token=${token}`,
  join: (room, since) => ({ type: "system", id: freshId(), data: { action: "join", room, since } }),
  say: (room, text) => ({ type: "message", id: freshId(), room, data: { text } }),
  typing: (room, isTyping) => ({
    type: "custom_event",
    room,
    data: { event: isTyping ? "typing_start" : "typing_stop" },
  }),
  read(frame, reader) {
    const { type, data } = frame;
    switch (type === "room_update" || type === "custom_event" ? data.action ?? data.event : type) {
      case "system_notification":
        return data.connection_id && reader.ready();
      case "room_joined":
      case "members":
        return reader.joined(data.members?.map(fromEnvelope), data);
      case "member_joined":
        return reader.entered(fromEnvelope(data), data);
      case "member_left":
        return reader.left(data.connection_id, data);
      case "typing_start":
        return reader.typed(data.user_id, true);
      case "typing_stop":
        return reader.typed(data.user_id, false);
      case "error":
        return reader.refused(data.message);
      case "message": {
        const { message_id: id, user_id, from, username: name, position } = frame;
        return reader.said({ id, sender: user_id ?? from, name, text: data?.text, data, position });
      }
    }
  },
});

interface KebabMember {
  clientId: string;
  userId?: string | number;
  username?: string;
}

interface KebabFrame extends JoinReply, KebabMember {
  type: string;
  id: string;
  from: string;
  message: string;
  data?: unknown;
  members?: KebabMember[];
}

function fromKebab({ clientId, userId, username }: KebabMember): Person {
  if (userId === undefined) return { key: clientId, name: username ?? guestName(clientId) };
  return { key: clientId, user: String(userId), name: username };
}

export const kebab = json<KebabFrame>({
  address: () => server.paths.ws,
  join: (roomId, since) => ({ type: "join-room", roomId, since }),
  say: (roomId, message) => ({ type: "message", roomId, message }),
  typing: (roomId, isTyping) => ({ type: isTyping ? "typing-start" : "typing-stop", roomId }),
  read(frame, reader) {
    const { clientId, userId } = frame;
    switch (frame.type) {
      case "connected":
        return reader.send({ type: "authenticate", token: reader.token });
      case "authenticated":
        return reader.ready();
      case "room-joined":
      case "room-members":
        return reader.joined(frame.members?.map(fromKebab), frame);
      case "user-joined":
        return reader.entered(fromKebab(frame), frame);
      case "user-left":
        return reader.left(clientId, frame);
      case "typing-start":
        return reader.typed(String(userId ?? clientId), true);
      case "typing-stop":
        return reader.typed(String(userId ?? clientId), false);
      case "error":
      case "auth-error":
        return reader.refused(frame.message);
      case "message": {
        const { id, from, username: name, message, data, position } = frame;
        // A message without a text has its data in this place.
        const text = typeof message === "string" ? message : undefined;
        return reader.said({ id, sender: String(userId ?? from), name, text, data: data ?? message, position });
      }
    }
  },
});

interface SnakeFrame extends JoinReply {
  type: string;
  id: string;
  userId: string | number;
  online?: (string | number)[];
  sender_user_id: string | number;
  sender_name: string;
  content?: string;
  data?: unknown;
  message: string;
}

const fromSnake = (userId: string | number): Person => ({ key: String(userId), user: String(userId) });

export const snake = json<SnakeFrame>({
  address: (token) => `${server.paths.ws}?token=${token}`,
  join: (roomId, since) => ({ type: "join_room", roomId, since }),
  say: (roomId, content) => ({ type: "message", roomId, content }),
  typing: (roomId, isTyping) => ({ type: isTyping ? "typing_start" : "typing_stop", roomId }),
  read(frame, reader) {
    switch (frame.type) {
      case "connected":
        return reader.ready();
      case "online_update":
        return reader.joined(frame.online?.map(fromSnake), frame);
      case "user_joined":
        return reader.entered(fromSnake(frame.userId), frame);
      case "user_left":
        return reader.left(String(frame.userId), frame);
      case "typing_start":
        return reader.typed(String(frame.userId), true);
      case "typing_stop":
        return reader.typed(String(frame.userId), false);
      case "error":
        return reader.refused(frame.message);
      case "new_message": {
        const { id, sender_user_id, sender_name: name, content: text, data, position } = frame;
        return reader.said({ id, sender: String(sender_user_id), name, text, data, position });
      }
    }
  },
});

interface PlainFrame extends Count, Omit<JoinReply, "messages"> {
  type: string;
  id: string;
  user_id: string;
  username: string;
  content?: string;
  /** Of a list, the names. */
  data?: unknown;
}

const fromPlain = (username: string): Person => ({ key: username, name: username });

export const plain = json<PlainFrame>({
  address: (token) => `${server.paths.ws.replace(/\/$/, "")}/auth?token=${token}`,
  opened: (reader) => reader.ready(),
  join: (room, since) => ({ type: "join", room, since }),
  say: (room, content) => ({ type: "message", room, content }),
  read(frame, reader) {
    const { id, user_id, username: name, content: text, data, position } = frame;
    switch (frame.type) {
      case "user_list":
        return reader.joined((data as string[] | undefined)?.map(fromPlain), frame);
      case "join":
        return reader.entered({ key: name, user: user_id, name }, frame);
      case "leave":
        return reader.left(name, frame);
      case "error":
        return reader.refused(text ?? "");
      case "message":
        return reader.said({ id, sender: user_id, name, text, data, position });
    }
  },
});
