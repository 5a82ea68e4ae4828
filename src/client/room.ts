/**
 * One room of a client: ten components may hold it, the server sees one member.
 *
 * It joins when the first holder comes, again after every reconnect with the position it has reached, and leaves when the
 * last holder has gone. In rooms that keep history `messages` has no gap and no duplicate; when history could not cover an
 * absence, or the room says it lost events, the list starts over and `gap` tells it.
 */
import { type ClientError, clientError } from "./client_error.ts";
import type { JoinReply, MessageFrame, Position, Receipt, RoomMember, ServerFrame, Target } from "./frames.ts";
import type { HistoryReply } from "./frames.ts";
import { CHANGED, type Listener, Listeners } from "./listeners.ts";
import { MessageLog } from "./message_log.ts";
import { once } from "./once.ts";
import type { Platform } from "./platform.ts";
import { Timer } from "./timer.ts";
import { RoomRoster } from "./room_roster.ts";

export type RoomStatus = "idle" | "joining" | "joined" | "left";

/** Never changes; the next state is another object. */
export interface RoomSnapshot {
  readonly id: string;
  readonly status: RoomStatus;
  readonly isJoined: boolean;
  readonly messages: readonly MessageFrame[];
  readonly members: readonly RoomMember[];
  /** Members of the room, also where the list is shorter: nobody is named in a room too large to tell who comes and goes. */
  readonly total: number;
  /** By user id. */
  readonly presence: Readonly<Record<string, RoomMember>>;
  /** User ids of the others who are typing. */
  readonly typing: readonly string[];
  /** Whether `history` may bring older messages. */
  readonly hasMore: boolean;
  /** Why the server refused the join or put this client out. */
  readonly error?: ClientError;
}

export interface Gap {
  room: string;
  /**
   * `away`: the room's history does not reach back to the last message seen. `reset`: the server lost the room's history,
   * as by a restart without its data. `unkept`: the room keeps none.
   */
  reason: "away" | "reset" | "unkept";
  /** The last position before it, and where the list starts over; absent in rooms without history. */
  since?: Position;
  position?: Position;
}

/** What a room needs of its client. */
export interface RoomHost {
  readonly platform: Platform;
  readonly isOpen: boolean;
  readonly status: { readonly userId?: string };
  readonly options: { maxMessages: number };
  send(target: Target, data: unknown): Promise<Receipt>;
  signal(event: string, data: object | undefined, target: Target): Promise<void>;
  command(action: string, fields: object, isPatient?: boolean): Promise<unknown>;
  /** Somebody holds a room. */
  wake(): void;
  readonly failed: (error: unknown) => void;
  gap(gap: Gap): void;
}

/** Typing is told at most this often; the server forgets it after 6 s. */
const TYPING_EVERY_MS = 3000;

export class Room {
  readonly id: string;
  readonly #host: RoomHost;
  readonly #listeners: Listeners;
  #roster = new RoomRoster();
  #log: MessageLog;
  #status: RoomStatus = "idle";
  #error?: ClientError;
  #holders = 0;
  #snapshot?: RoomSnapshot;
  readonly #exitTimer: Timer;
  readonly #joins: (() => void)[] = [];
  #wasJoined = false;
  #isReset = false;
  #typedAt = 0;

  constructor(id: string, host: RoomHost) {
    this.id = id;
    this.#host = host;
    this.#listeners = new Listeners(host.failed);
    this.#log = new MessageLog(host.options.maxMessages);
    this.#exitTimer = new Timer(host.platform);
  }

  // ---- holding ----

  /** Joins if this is the first holder. Returns how to let go. */
  retain(): () => void {
    this.#holders++;
    this.#exitTimer.clear();
    this.#host.wake();
    if (this.#status === "idle" || this.#status === "left") this.#enter();
    return once(() => {
      if (!--this.#holders) this.#exitTimer.set(0, () => this.#exit());
    });
  }

  /**
   * Holds the room until `leave`; resolves once the server has let us in. Rejects with `forbidden`, `room_full`, `closed`,
   * … and holds nothing then.
   */
  join(): Promise<void> {
    this.#joins.push(this.retain());
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.#status === "joined") resolve();
        else if (!this.#error) return;
        else {
          this.leave();
          reject(this.#error);
        }
        stop();
      };
      const stop = this.subscribe(look);
      look();
    });
  }

  /**
   * Undoes one `join`; who holds the room by `retain` keeps it. The last holder's leave is told to the server unless
   * somebody comes in the same turn.
   */
  readonly leave = (): void => this.#joins.pop()?.();

  // ---- speaking ----

  /** A string becomes `{text}`. Resolves when the server has taken it; waits over a loss of the connection. */
  send(data: unknown): Promise<Receipt> {
    this.#typedAt = 0;
    return this.#host.send({ room: this.id }, data);
  }

  /** An event that is relayed and never kept; needs a connection. */
  signal(event: string, data?: object): Promise<void> {
    return this.#host.signal(event, data, { room: this.id });
  }

  /** Call it on every keystroke: it tells the others at most every three seconds. */
  typing(isTyping = true): void {
    const nowMs = this.#host.platform.now();
    if (isTyping ? nowMs - this.#typedAt < TYPING_EVERY_MS : !this.#typedAt) return;
    this.#typedAt = isTyping ? nowMs : 0;
    if (this.#host.isOpen) this.signal(isTyping ? "typing_start" : "typing_stop").catch(this.#host.failed);
  }

  /** Loads older messages to the front of the list; resolves with whether there may be more. */
  async history(limit = 50): Promise<boolean> {
    const before = this.#log.messages[0]?.position;
    this.#log.prepend(await this.#command("history", { before, limit }) as HistoryReply);
    this.#changed();
    return this.#log.hasMore;
  }

  // ---- watching ----

  get messages(): readonly MessageFrame[] {
    return this.#log.messages;
  }

  get members(): readonly RoomMember[] {
    return this.#roster.members;
  }

  get presence(): RoomSnapshot["presence"] {
    return this.getSnapshot().presence;
  }

  onMessage(listener: (message: MessageFrame) => void): () => void {
    return this.on("message", listener);
  }

  /** `message`, `gap`, any frame type, or the name of a signal; called with (data, frame), `message` with the frame. */
  on(name: string, listener: Listener): () => void {
    return this.#listeners.on(name, listener);
  }

  readonly subscribe = (listener: () => void): () => void => this.#listeners.on(CHANGED, listener);

  readonly getSnapshot = (): RoomSnapshot => {
    const { messages, hasMore } = this.#log;
    return this.#snapshot ??= {
      id: this.id,
      status: this.#status,
      isJoined: this.#status === "joined",
      messages,
      hasMore,
      ...this.#roster,
      presence: Object.fromEntries(this.#roster.members.map((member) => [member.user_id, member])),
      typing: [...this.#roster.typing].filter((user) => user !== this.#host.status.userId),
      error: this.#error,
    };
  };

  // ---- called by the client ----

  /** The connection is open. A room we were put out of is not entered again by itself. */
  opened(): void {
    if (this.#holders && this.#status !== "left") this.#enter();
  }

  down(): void {
    this.#roster.typing.clear();
    if (this.#status === "joined") this.#become("joining");
  }

  /** The client speaks for somebody else: nothing of this room is his. */
  forget(): void {
    this.#log = new MessageLog(this.#host.options.maxMessages);
    this.#roster = new RoomRoster();
    this.#wasJoined = this.#isReset = false;
    this.#become(this.#holders ? "joining" : "idle");
  }

  ended(error: ClientError): void {
    this.#error = error;
    this.#changed();
  }

  /** A frame of this room, its data already checked; `name` is what listeners know it by. */
  receive(name: string, frame: ServerFrame): void {
    const data = (frame.data ?? {}) as Record<string, unknown>;
    switch (frame.type) {
      case "message":
        return this.#message(frame as MessageFrame);
      case "room_joined":
        return this.#joined(frame.data as JoinReply);
      case "room_left":
        if (data.reason) this.#out(clientError(data.reason as string, `stay in "${this.id}"`));
        return;
      case "room_update":
        if (data.action === "reset") this.#resync(true);
    }
    if (this.#roster.receive(frame.type, data)) this.#changed();
    this.#listeners.call(name, data, frame);
  }

  // ---- inside ----

  #enter(): void {
    this.#become("joining");
    if (!this.#host.isOpen) return;
    this.#command("join", { since: this.#log.last }, true).catch((error: ClientError) => {
      if (error.code !== "disconnected" && this.#holders) this.#out(error);
    });
  }

  #joined(reply: JoinReply): void {
    // Let in after all, when nobody waited any more.
    if (!this.#holders) return this.#exit();
    const since = this.#log.last;
    const { position } = reply;
    const { fresh, gap } = this.#log.resume(reply, this.#isReset);
    this.#roster.reset(reply);
    const isReset = this.#isReset || since?.epoch !== position?.epoch;
    this.#isReset = false;
    this.#become("joined");
    if (gap || (this.#wasJoined && !position)) {
      const reason = !position ? "unkept" : isReset ? "reset" : "away";
      const lost: Gap = { room: this.id, reason, since, position };
      this.#listeners.call("gap", lost);
      this.#host.gap(lost);
    }
    this.#wasJoined = true;
    for (const message of fresh) this.#listeners.call("message", message);
  }

  #message(frame: MessageFrame): void {
    // Until the answer to a join is here the order is its business: it holds what comes meanwhile.
    if (this.#status !== "joined" && this.#log.last) return;
    const fit = this.#log.append(frame);
    if (fit === "hole") return this.#resync();
    if (fit === "known") return;
    this.#roster.typing.delete(frame.user_id as string);
    this.#changed();
    this.#listeners.call("message", frame);
  }

  /** Joining a room one is in is announced to nobody and answered with what was missed. */
  #resync(isReset = false): void {
    this.#isReset ||= isReset;
    if (this.#status === "joined") this.#enter();
  }

  #out(error: ClientError): void {
    this.#error = error;
    this.#become("left");
    this.#host.failed(error);
  }

  #exit(): void {
    if (this.#host.isOpen && this.#status !== "left") this.#command("leave").catch(this.#host.failed);
    this.forget();
  }

  #command(action: string, fields?: object, isPatient?: boolean): Promise<unknown> {
    return this.#host.command(action, { room: this.id, ...fields }, isPatient);
  }

  #become(status: RoomStatus): void {
    this.#status = status;
    if (status !== "left") this.#error = undefined;
    this.#changed();
  }

  #changed(): void {
    this.#snapshot = undefined;
    this.#listeners.call(CHANGED);
  }
}
