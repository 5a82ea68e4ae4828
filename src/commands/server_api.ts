/**
 * What the server itself says: events and messages of the admin API and of embedding programs, to a room, a user, a
 * connection or everybody.
 *
 * Two names have a meaning: `message` is an ordinary message from `server`, kept where the room keeps history, and a
 * `notification` to a user is stored in the inbox first.
 */
import type { Hub } from "../hub/hub.ts";
import { type Steps, wait } from "../maybe.ts";
import {
  EVERYBODY,
  type MessageEvent,
  type Notification,
  SERVER,
  type ServerEvent,
  type StreamPosition,
} from "../message.ts";
import { ParleyError } from "../errors.ts";
import { isRoomName } from "../room_name.ts";
import { tellUnread } from "./inbox.ts";

/** Its fields are told as they are; `data` is what dialects with an envelope show. */
export interface ServerEventInput {
  type: string;
  fields: Record<string, unknown>;
}

export interface Sent {
  id: string;
  timestamp: number;
  /** Connections it was sent to, as far as the cluster knows. */
  recipients: number;
}

export class ServerApi {
  readonly #hub: Hub;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Throws `unavailable`. */
  *sendToRoom(room: string, input: ServerEventInput): Steps<Sent> {
    const event = this.#eventOf(input, room);
    const keep = event.kind === "message" ? this.#hub.ruleOf(room).history : undefined;
    yield* wait(this.#hub.broker.publish({ room, event }, { keep }));
    return sent(event, yield* wait(this.#hub.broker.presence.count(room)));
  }

  /** To all connections of a user; a notification is kept even if there is none. */
  *sendToUser(user: string, input: ServerEventInput): Steps<Sent> {
    const room = `user:${user}`;
    if (input.type === "notification") return yield* this.#notify(user, input);
    const change = input.type === "group_membership_change" ? groupChangeOf(input) : undefined;
    if (change?.joined) yield* this.#moveGroup(user, change);
    const event = this.#eventOf(input, room);
    yield* wait(this.#hub.broker.publish({ room, event }));
    if (change?.joined === false) yield* this.#moveGroup(user, change);
    return sent(event, yield* wait(this.#hub.broker.presence.count(room)));
  }

  /** Throws `not_found` if the connection is nowhere in the cluster. */
  *sendToClient(connection: string, input: ServerEventInput): Steps<Sent> {
    const event = this.#eventOf(input);
    const { reached } = yield* wait(this.#hub.cluster.send({ connection, event }));
    if (!reached) throw new ParleyError("not_found", `Cannot reach connection "${connection}": it is not here`);
    return sent(event, 1);
  }

  *broadcast(input: ServerEventInput): Steps<Sent> {
    const event = this.#eventOf(input);
    yield* wait(this.#hub.broker.publish({ room: EVERYBODY, event }));
    return sent(event, yield* this.#countAll());
  }

  /** An ordinary message from outside; what is given of id, time and sender is published as given. */
  *publish(room: string, message: MessageInput): Steps<PublishedMessage> {
    checkTime(message.timestamp);
    const event: MessageEvent = {
      kind: "message",
      id: message.id ?? this.#hub.ids.next(),
      timestamp: message.timestamp ?? Date.now(),
      from: message.from ?? SERVER,
      room,
      data: message.data,
    };
    if (message.id !== undefined) event.frameId = this.#hub.ids.next();
    this.#hub.stats.messages.add();
    const options = { keep: this.#hub.ruleOf(room).history, once: message.once };
    const { position, duplicateOf } = yield* wait(this.#hub.broker.publish({ room, event }, options));
    const { id, timestamp } = duplicateOf ?? event;
    return { id, timestamp, position, duplicate: duplicateOf !== undefined };
  }

  *#notify(user: string, { fields }: ServerEventInput): Steps<Sent> {
    const room = `user:${user}`;
    const given = isRecord(fields.data) ? fields.data : fields.data === undefined ? fields : { message: fields.data };
    const stamp = this.#hub.stamp();
    const notification: Notification = {
      ...given,
      message: given.message ?? given.body ?? given.title,
      id: stamp.id,
      read: false,
      createdAt: new Date(stamp.timestamp).toISOString(),
    };
    const unread = yield* wait(this.#hub.broker.inbox.add(user, notification));
    // Without `data` the fields themselves are it, and dialects that show fields at the top show them there too.
    const beside = fields.data === undefined ? fields : {};
    const event: ServerEvent = {
      kind: "server",
      ...stamp,
      room,
      type: "notification",
      fields: { ...beside, data: notification },
    };
    yield* wait(this.#hub.broker.publish({ room, event }));
    yield* tellUnread(this.#hub, user, unread);
    return sent(event, yield* wait(this.#hub.broker.presence.count(room)));
  }

  /** The user's live connections are in the group's room before they are told, or out of it after. */
  *#moveGroup(user: string, { group, joined }: GroupChange): Steps<void> {
    yield* wait(this.#hub.broker.grants.setGroup(user, group, joined));
    yield* wait(this.#hub.cluster.execute({ do: "move_group", user, group, joined }));
  }

  #eventOf({ type, fields }: ServerEventInput, room?: string): ServerEvent | MessageEvent {
    const stamp = this.#hub.stamp();
    if (type === "message") {
      this.#hub.stats.messages.add();
      const data = fields.data === undefined ? fields : fields.data;
      return { kind: "message", ...stamp, room, from: SERVER, data };
    }
    return { kind: "server", ...stamp, room, type, fields };
  }

  *#countAll(): Steps<number> {
    const { total } = yield* wait(this.#hub.cluster.connections({ limit: 0 }));
    return total;
  }
}

export interface MessageInput {
  data: unknown;
  id?: string;
  timestamp?: number;
  from?: MessageEvent["from"];
  once?: { sender: string; key: string };
}

export interface PublishedMessage {
  id: string;
  timestamp: number;
  position?: StreamPosition;
  duplicate: boolean;
}

/** What dates can say; anything else would break the frames of every dialect with times of its own. */
function checkTime(timestamp: number | undefined): void {
  if (timestamp === undefined || !Number.isNaN(new Date(timestamp).getTime())) return;
  throw new ParleyError("bad_message", `Cannot publish the message: "timestamp" is not a time, it is ${timestamp}`);
}

interface GroupChange {
  group: string;
  joined: boolean;
}

function groupChangeOf({ fields }: ServerEventInput): GroupChange {
  const data = isRecord(fields.data) ? fields.data : fields;
  const group = data.group_id ?? data.groupId;
  if ((typeof group !== "string" && typeof group !== "number") || typeof data.joined !== "boolean") {
    throw new ParleyError("bad_message", 'Cannot change the group: data needs a "group_id" and a boolean "joined"');
  }
  if (typeof group === "number" && !Number.isSafeInteger(group)) {
    const rule = '"group_id" is not a whole number within ±(2^53−1), write it as a string';
    throw new ParleyError("bad_message", `Cannot change the group: ${rule}`);
  }
  if (!isRoomName(`group:${group}`)) {
    throw new ParleyError("bad_message", 'Cannot change the group: "group_id" is too long or has control characters');
  }
  return { group: String(group), joined: data.joined };
}

function sent(event: ServerEvent | MessageEvent, recipients: number): Sent {
  return { id: event.id, timestamp: event.timestamp, recipients };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
