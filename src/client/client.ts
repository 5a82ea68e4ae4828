/**
 * The client: one connection of one user, its rooms, its events.
 *
 * Made by `createClient`, which does nothing until `connect` or `retain`; a browser, Bun, Deno and Node (with `ws`) run the
 * same code. Rooms are in room.ts, the connection in link.ts, what waits in outbox.ts.
 */
import { type ClientError, clientError } from "./client_error.ts";
import { expose } from "./debug.ts";
import type { ClientFrame, MessageFrame, Notification, Presence, Receipt, ServerFrame, Target } from "./frames.ts";
import { Link, type Status } from "./link.ts";
import { CHANGED, FAILED, type Listener, Listeners } from "./listeners.ts";
import { once } from "./once.ts";
import { type ClientOptions, settingsOf } from "./options.ts";
import { Outbox } from "./outbox.ts";
import type { Limits } from "./pace.ts";
import { type Gap, Room, type RoomHost } from "./room.ts";
import { validated } from "./schema.ts";
import { Timer } from "./timer.ts";
import { expiryMs, readToken, type TokenSource, userOf } from "./token.ts";

/** Events every client knows; an application adds its own as `createClient<MyEvents>`. */
export interface ClientEvents {
  message: MessageFrame["data"];
  notification: Notification;
  unread_count: { count: number };
  presence: Presence & { userId: string };
  /** Messages of a room are lost for this client; `data` says where. */
  gap: Gap;
  connect: undefined;
  disconnect: { code: number; error: ClientError };
  /** The client speaks for another user from now on, or for none: rooms, inbox and queue of the one before are forgotten. */
  switch: undefined;
  /** Every frame, before anything else. */
  "*": unknown;
}

export type EventName<Events> = (keyof Events | keyof ClientEvents) & string;
export type EventData<Events, Name> = Name extends keyof ClientEvents ? ClientEvents[Name]
  : Name extends keyof Events ? Events[Name]
  : unknown;

/** The part of a token's remaining life after which a fresh one is asked for. */
const REFRESH_AT = 0.9;

/** Names of what the client itself says: nobody can send them. */
const LOCAL = ["gap", "connect", "disconnect", "switch"];

export class Client<Events extends object = Record<string, unknown>> extends Link implements RoomHost {
  readonly #outbox: Outbox;
  readonly #rooms = new Map<string, Room>();
  readonly #listeners = new Listeners((error) => this.failed(error));
  readonly #refreshTimer: Timer;
  #holders = 0;
  /** Many may wait for what fails once. */
  readonly #told = new WeakSet<ClientError>();

  constructor(url: string, options: ClientOptions) {
    super(url, options);
    this.#refreshTimer = new Timer(this.platform);
    this.#outbox = new Outbox(this);
  }

  // ---- connection ----

  /** Connects for as long as somebody holds the client. Returns how to let go. */
  retain(): () => void {
    if (this.#holders++) this.wake();
    else this.connect();
    return once(() => {
      this.#holders--;
      this.platform.setTimeout(() => this.#holders || this.close(), 0);
    });
  }

  /**
   * A new credential. A JWT of the same user is shown to the server on the open connection. Anything else is another
   * identity: the connection ends before anything more is sent, what was queued is rejected with `signed_out`, and the
   * client begins anew.
   */
  async setToken(token: TokenSource): Promise<void> {
    settingsOf({ token });
    const user = userOf(token);
    const isSame = token && (token === this.token || user && user === userOf(this.shown ?? this.token));
    this.token = token;
    if (!isSame) this.restart();
    else if (this.isOpen) await this.#refresh();
    else if (this.isTokenRefused) this.connect();
  }

  /** Called after every change of the status. */
  readonly subscribe = (listener: () => void): () => void => this.#listeners.on(CHANGED, listener);
  readonly getSnapshot = (): Status => this.status;

  // ---- rooms, messages, events ----

  /** The same object for the same id, as long as the client lives; joins nothing by itself. */
  room(id: string): Room {
    let room = this.#rooms.get(id);
    if (!room) this.#rooms.set(id, room = new Room(id, this));
    return room;
  }

  /** A string becomes `{text}`. Resolves when the server has taken it; waits over a loss of the connection. */
  async send(target: Target, data: unknown): Promise<Receipt> {
    const answer = await this.request({
      type: "message",
      ...target,
      data: typeof data === "string" ? { text: data } : data,
    });
    // Its copy, or an acknowledgement where the sender gets no copy.
    const { message_id, position } = answer.type === "message" ? answer : answer.data as Partial<ServerFrame>;
    return { id: message_id ?? answer.id, position };
  }

  /** An event that is relayed and never kept; needs a connection. */
  async signal(event: string, data?: object, target?: Target): Promise<void> {
    await this.request({ type: "custom_event", ...target, data: { ...data, event } });
  }

  /**
   * A `system` frame: `notifications`, `mark_read`, `members`, …; resolves with the data of its answer. `isPatient`: a
   * refusal that will pass, as `unavailable`, is not an answer, and it is asked again.
   */
  async command(action: string, fields?: object, isPatient?: boolean): Promise<unknown> {
    return (await this.request({ type: "system", data: { ...fields, action } }, isPatient)).data;
  }

  /** Any frame, answered. Only messages wait for a connection. Rejects with a ClientError. */
  request(frame: ClientFrame, isPatient?: boolean): Promise<ServerFrame> {
    return this.#outbox.request(frame, isPatient);
  }

  /** By frame type, or by the name of a custom event. Returns how to stop listening. */
  on<Name extends EventName<Events>>(
    name: Name,
    listener: (data: EventData<Events, Name>, frame: ServerFrame) => void,
  ): () => void {
    return this.#listeners.on(name, listener as Listener);
  }

  off<Name extends EventName<Events>>(
    name: Name,
    listener: (data: EventData<Events, Name>, frame: ServerFrame) => void,
  ): void {
    this.#listeners.off(name, listener as Listener);
  }

  /** Called after every failure, beside `options.onError`. */
  onError(listener: (error: ClientError) => void): () => void {
    return this.#listeners.on(FAILED, listener as Listener);
  }

  // ---- what rooms and presence call ----

  /** A failure nobody waits for. */
  override readonly failed = (error: unknown): void => {
    const known = typeof (error as ClientError)?.code === "string";
    const failure = known ? error as ClientError : clientError("unexpected", "call a listener", error);
    if (this.#told.has(failure)) return;
    this.#told.add(failure);
    this.options.onError(failure);
    this.#listeners.call(FAILED, failure);
  };

  gap(gap: Gap): void {
    this.#listeners.call("gap", gap);
  }

  // ---- inside ----

  protected override received(frame: ServerFrame): void {
    this.#listeners.call("*", frame.data, frame);
    this.#outbox.settle(frame, this.status.connectionId);
    const { event } = (frame.data ?? {}) as { event?: string };
    const name = frame.type === "custom_event" && event ? event : frame.type;
    if (LOCAL.includes(name)) return;
    frame.data = validated(this.options.schemas[name], name, frame.data);
    if (frame.room) this.#rooms.get(frame.room)?.receive(name, frame);
    this.#listeners.call(name, frame.data, frame);
  }

  protected override opened(greeting: ServerFrame): void {
    const { limits } = greeting.data as { limits?: Limits };
    this.#outbox.open(limits, () => {
      for (const room of this.#rooms.values()) room.opened();
    });
    this.#refreshBefore(greeting.timestamp);
    this.#listeners.call("connect");
  }

  protected override lost(code: number, error: ClientError): void {
    this.#refreshTimer.clear();
    this.#outbox.down(code, error);
    for (const room of this.#rooms.values()) room.down();
    this.#listeners.call("disconnect", { code, error });
  }

  protected override forget(): void {
    this.#outbox.end(clientError("signed_out", "send"));
    for (const room of this.#rooms.values()) room.forget();
    this.#listeners.call("switch");
  }

  protected override ended(error: ClientError): void {
    this.#outbox.end(error);
    for (const room of this.#rooms.values()) room.ended(error);
  }

  protected override changed(): void {
    expose(this);
    this.#listeners.call(CHANGED);
  }

  /** A fresh token on the open connection; where the server knows it for somebody else's, that is another identity. */
  async #refresh(): Promise<void> {
    const token = await readToken(this.token);
    if (!this.isOpen) return;
    if (userOf(token) !== userOf(this.shown)) return this.restart();
    try {
      const { timestamp } = await this.request({ type: "system", data: { action: "authenticate", token } });
      this.shown = token;
      this.#refreshBefore(timestamp);
    } catch (error) {
      if ((error as ClientError).code !== "forbidden") throw error;
      this.restart();
    }
  }

  /** Counts on the server's clock, whatever this machine's says. */
  #refreshBefore(serverNow: number): void {
    this.#refreshTimer.clear();
    const leftMs = expiryMs(this.shown) - serverNow;
    if (!(leftMs > 0) || typeof this.token !== "function") return;
    this.#refreshTimer.set(leftMs * REFRESH_AT, () => this.#refresh().catch(this.failed));
  }
}

/** `url` may be relative to the page, `http(s)` or `ws(s)`. Nothing happens before `connect` or `retain`. */
export function createClient<Events extends object = Record<string, unknown>>(
  url: string,
  options: ClientOptions = {},
): Client<Events> {
  return new Client<Events>(url, options);
}
