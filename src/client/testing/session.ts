/**
 * One connection of the fake server: reads what a client says, and answers as the envelope dialect does. A client's `id`
 * comes back once, on the room's copy of its message or else on the answer; an error names it in `data.request`.
 */
import type { ClientFrame, MessageFrame, Position, PresenceStatus, RoomMember } from "../frames.ts";
import type { Clock } from "./clock.ts";
import type { FakeRoom, Member, Unstamped } from "./fake_room.ts";
import type { FakeSocket, Peer } from "./fake_socket.ts";
import { type Identity, identityOf } from "./identity.ts";
import { refusalOf } from "./refusal.ts";
import { Refused } from "./refused.ts";
import type { Repeats } from "./repeats.ts";
import type { Statuses } from "./statuses.ts";

/** What a connection needs of its server. */
export interface SessionHost {
  readonly clock: Clock;
  readonly limits: { readonly maxBytes: number };
  readonly statuses: Statuses;
  readonly repeats: Repeats;
  newId(): string;
  room(name: string): FakeRoom;
  mayJoin(user: string, room: string): boolean;
  /** To a connection or a user; throws `not_found`. */
  direct(to: string, frame: Unstamped, sender: Session): void;
  /** Into the rooms where the user is, and to followers. */
  announceStatus(session: Session): void;
  /** The connection is over. */
  gone(session: Session): void;
}

/** What a client may send, with fields that are not checked any further. */
interface Asked extends ClientFrame {
  id?: string;
  echo?: boolean;
}

interface ActionFields {
  action: string;
  room?: string;
  since?: Position;
  before?: Position;
  limit?: number;
  userId?: string;
  userIds?: string[];
  token?: string;
}

const TOO_LARGE = 1009;
const TYPING = ["typing_start", "typing_stop"];

export class Session implements Member, Peer {
  readonly id: string;
  readonly #host: SessionHost;
  readonly #socket: FakeSocket;
  readonly #rooms = new Set<FakeRoom>();
  #identity: Identity;
  #expiry: unknown;

  constructor(host: SessionHost, socket: FakeSocket, identity: Identity) {
    this.#host = host;
    this.#socket = socket;
    this.#identity = identity;
    this.id = host.newId();
  }

  get user(): string {
    return this.#identity.user;
  }

  get rooms(): string[] {
    return [...this.#rooms].map(({ name }) => name);
  }

  /** Enters its own room, and is greeted. */
  welcome(): void {
    const { user } = this;
    this.#enter(`user:${user}`);
    const data = {
      message: "Connected to WebSocket",
      connection_id: this.id,
      user_id: user,
      rooms: this.rooms,
      limits: this.#host.limits,
    };
    this.tell({ type: "system_notification", data });
    this.tell({ type: "custom_event", room: `user:${user}`, data: { event: "unread_count", count: 0 } });
    this.#expireAt(this.#identity.expiresAt);
  }

  asMember(): RoomMember {
    const { status } = this.#host.statuses.of(this.user);
    return { connection_id: this.id, user_id: this.user, name: this.#identity.name, status };
  }

  tell(frame: Unstamped): void {
    this.#socket.tell({ timestamp: this.#host.clock.now(), id: this.#host.newId(), ...frame });
  }

  // ---- what the socket says ----

  receive(text: string): void {
    const { maxBytes } = this.#host.limits;
    if (new TextEncoder().encode(text).length > maxBytes) return this.#socket.closeWith(TOO_LARGE, "Frame too large");
    let frame: Partial<Asked> = {};
    try {
      frame = Object(JSON.parse(text));
      this.#serve(frame as Asked);
    } catch (error) {
      const { code, message, room } = error instanceof Refused ? error : new Refused("bad_message", String(error));
      this.tell({ type: "error", room, data: { code, message, request: frame.id } });
    }
  }

  gone(): void {
    this.#host.clock.clearTimeout(this.#expiry);
    for (const room of this.#rooms) room.leave(this);
    this.#rooms.clear();
    this.#host.gone(this);
  }

  // ---- inside ----

  #serve(frame: Asked): void {
    switch (frame.type) {
      case "message":
        return this.#publish(frame);
      case "custom_event":
        return this.#signal(frame);
      case "presence":
        return this.#say(frame);
      case "heartbeat":
        return this.#answer(frame, { type: "heartbeat", data: {} });
      case "system":
        return this.#act(frame, Object(frame.data) as ActionFields);
      default:
        throw new Refused("unsupported_type", `Cannot read the frame: there is no type "${frame.type}"`);
    }
  }

  #answer({ id }: Asked, answer: Unstamped): void {
    this.tell(id === undefined ? answer : { ...answer, id });
  }

  #system(frame: Asked, data: object): void {
    this.#answer(frame, { type: "system", data });
  }

  /** Only who gave an id waits for it. */
  #acknowledge(frame: Asked, fields?: object): void {
    if (frame.id !== undefined) this.#system(frame, { action: "ack", ...fields });
  }

  #publish(frame: Asked): void {
    const { id, room: name, to, data, echo = true } = frame;
    if (name === undefined && to === undefined) {
      throw new Refused("bad_message", 'Cannot send the message: it has neither "room" nor "to"');
    }
    const room = to === undefined ? this.#joined(name!, "publish to") : undefined;
    const message_id = this.#host.newId();
    const message: MessageFrame = {
      ...this.#sender({ type: "message", to, data: Object(data) }),
      room: room?.name,
      id: id !== undefined && room ? id : message_id,
      message_id,
      timestamp: this.#host.clock.now(),
    };
    const known = id === undefined ? undefined : this.#host.repeats.find([this.user, name, to, id, data]);
    if (known) return this.#acknowledge(frame, { ...known, duplicate: true });
    if (room) {
      room.append(message);
      room.tell(message, echo ? undefined : this);
    } else this.#host.direct(to!, message, this);
    const receipt = { message_id, position: message.position };
    if (id !== undefined) this.#host.repeats.keep([this.user, name, to, id, data], receipt);
    if (!room || !echo) this.#acknowledge(frame, receipt);
  }

  #signal(frame: Asked): void {
    const { room: name, to } = frame;
    const { event, ...rest } = Object(frame.data) as { event: string };
    const own = TYPING.includes(event) ? {} : rest;
    const read_at = event === "message_read" ? this.#host.clock.now() : undefined;
    const signal = this.#sender({ type: "custom_event", to, data: { ...own, event, user_id: this.user, read_at } });
    const toAll = ["reaction", "message_read"].includes(event);
    if (to !== undefined) this.#host.direct(to, signal, this);
    else this.#joined(name!, "signal into").tell(signal, toAll ? undefined : this);
    this.#acknowledge(frame);
  }

  #sender<Data>(frame: { type: string; to?: string; data: Data }) {
    return { ...frame, from: this.id, user_id: this.user, username: this.#identity.name };
  }

  #say(frame: Asked): void {
    const { status, metadata } = Object(frame.data) as { status: PresenceStatus; metadata?: unknown };
    const isNews = this.#host.statuses.set(this.user, { status, metadata });
    if (isNews) this.#host.announceStatus(this);
    this.#acknowledge(frame);
  }

  #act(frame: Asked, fields: ActionFields): void {
    const { action, userId, userIds, since, before, limit } = fields;
    const name = fields.room ?? frame.room;
    switch (action) {
      case "join":
        return this.#join(frame, name!, since);
      case "leave":
        return this.#leave(frame, name!);
      case "members":
        return this.#answer(frame, {
          type: "system",
          room: name,
          data: { action, room: name, ...this.#visible(name!).roster() },
        });
      case "history": {
        const room = this.#visible(name!);
        const page = { action, room: name, position: room.position, ...room.page({ before, since, limit }) };
        return this.#answer(frame, { type: "system", room: name, data: page });
      }
      case "subscribe_presence":
      case "unsubscribe_presence":
        return this.#follow(frame, action, userIds ?? [userId!], userIds === undefined);
      case "authenticate":
        return this.#authenticate(frame, fields.token);
      case "notifications":
        return this.#system(frame, { action, notifications: [], unread: 0, more: false });
      case "mark_read":
        return this.#acknowledge(frame);
      case "ping":
        return this.#system(frame, { action: "pong" });
      default:
        throw new Refused("unsupported_type", `Cannot read the system frame: there is no action "${action}"`);
    }
  }

  #join(frame: Asked, name: string, since: Position | undefined): void {
    if (!name) throw new Refused("bad_message", 'Cannot read the system frame for "join": "room" must be a room name');
    if (!this.rooms.includes(name) && !this.#host.mayJoin(this.user, name)) {
      throw new Refused("forbidden", `Cannot join room "${name}": it is not allowed to you`, name);
    }
    const room = this.#enter(name);
    this.#answer(frame, { type: "room_joined", room: name, data: room.welcome(since) });
  }

  #leave(frame: Asked, name: string): void {
    const room = this.#host.room(name);
    if (!room.isReserved && room.leave(this)) this.#rooms.delete(room);
    this.#answer(frame, { type: "room_left", room: name, data: { room: name } });
  }

  #enter(name: string): FakeRoom {
    const room = this.#host.room(name);
    this.#rooms.add(room);
    room.enter(this);
    return room;
  }

  #follow(frame: Asked, action: string, users: string[], isOne: boolean): void {
    for (const user of users) {
      const room = this.#host.room(`presence:${user}`);
      if (action === "subscribe_presence") this.#enter(room.name);
      else if (room.leave(this)) this.#rooms.delete(room);
    }
    const states = users.map((user) => ({ userId: user, user_id: user, ...this.#host.statuses.of(user) }));
    this.#system(frame, isOne ? { action, ...states[0] } : { action, states });
  }

  #authenticate(frame: Asked, token: string | undefined): void {
    const identity = identityOf(token);
    if (!identity) throw new Refused("unauthorized", "Invalid token: it names nobody");
    if (identity.expiresAt <= this.#host.clock.now()) {
      throw new Refused("token_expired", "Invalid token: it has expired");
    }
    if (identity.user !== this.user) {
      throw new Refused("forbidden", "Cannot authenticate: the connection already belongs to another user");
    }
    this.#identity = identity;
    this.#expireAt(identity.expiresAt);
    this.#system(frame, { action: "authenticate", user_id: identity.user, username: identity.name });
  }

  #expireAt(at: number): void {
    const { clock } = this.#host;
    clock.clearTimeout(this.#expiry);
    if (at === Infinity) return;
    this.#expiry = clock.setTimeout(() => {
      const { data, closeCode, closeReason } = refusalOf("token_expired");
      this.tell({ type: "error", data });
      this.#socket.closeWith(closeCode, closeReason);
    }, at - clock.now());
  }

  /** A room that it is in. */
  #joined(name: string, attempt: string): FakeRoom {
    const room = [...this.#rooms].find((room) => room.name === name);
    if (room) return room;
    throw new Refused("not_joined", `Cannot ${attempt} room "${name}": join it first`, name);
  }

  /** A room that it is in, or could join. */
  #visible(name: string): FakeRoom {
    if (this.rooms.includes(name) || this.#host.mayJoin(this.user, name)) return this.#host.room(name);
    throw new Refused("forbidden", `Cannot look into room "${name}": it is not open to you`, name);
  }
}
