/**
 * From a frame to its command's handler, and from an exception to an answer.
 *
 * The gateway hands every frame over here. Commands of one connection run in order: while one waits, the frames after it
 * queue; while nothing waits there is no queue and no promise.
 */
import type { CommandOf, Handler } from "./command.ts";
import { authenticate } from "./commands/authenticate.ts";
import { call } from "./commands/call.ts";
import { markRead, notifications, unread } from "./commands/inbox.ts";
import { follow, setPresence } from "./commands/presence.ts";
import { publish } from "./commands/publish.ts";
import { history, join, leave, members } from "./commands/rooms.ts";
import { signal } from "./commands/signal.ts";
import type { Connection, WaitingFrames } from "./connection.ts";
import type { Dialects } from "./dialect.ts";
import { CLOSE, ParleyError } from "./errors.ts";
import type { Hub } from "./hub.ts";
import { after, isPromise, type MaybePromise } from "./maybe.ts";
import type { Command, CommandBody } from "./message.ts";

const HANDLERS: { [Kind in CommandBody["kind"]]: Handler<Kind> } = {
  join,
  leave,
  members,
  history,
  publish,
  signal,
  set_presence: setPresence,
  follow,
  notifications,
  mark_read: markRead,
  unread,
  authenticate,
  call,
  ping: (hub, connection, { ref }) => hub.reply(connection, { kind: "pong" }, ref),
};

/**
 * How many frames of one connection may wait for an unfinished command, whatever its rate allows. Together they may be as
 * large as what may wait on the way out.
 */
const QUEUE_LIMIT = 1000;

const TOO_MANY_WAIT = "Cannot take the message: too many wait already";

/** What a connection has to authenticate for, where that is required, in the words of the refusal. */
const NEEDS_IDENTITY: { readonly [Kind in CommandBody["kind"]]: string | undefined } = {
  join: "join a room",
  leave: "leave a room",
  members: "list members",
  history: "read history",
  publish: "send a message",
  signal: "send a signal",
  set_presence: "set a status",
  follow: "follow a user",
  notifications: "list notifications",
  mark_read: "mark notifications as read",
  unread: "count notifications",
  call: "send an event",
  authenticate: undefined,
  ping: undefined,
};

export class Dispatcher {
  readonly #hub: Hub;
  readonly #dialects: Dialects;

  constructor(hub: Hub, dialects: Dialects) {
    this.#hub = hub;
    this.#dialects = dialects;
  }

  /** A frame, or whatever the connection's dialect decodes; `bytes` is its size on the wire. Never throws. */
  receive(connection: Connection, input: unknown, bytes: number): void {
    const { waiting } = connection;
    if (waiting) return this.#queue(connection, waiting, { input, bytes });
    const handled = this.#handle(connection, input);
    if (isPromise(handled)) this.hold(connection, handled);
  }

  #queue(connection: Connection, waiting: WaitingFrames, frame: WaitingFrames["frames"][number]): void {
    if (waiting.frames.length >= QUEUE_LIMIT || waiting.bytes + frame.bytes > this.#hub.maxBufferedBytes) {
      return this.refuse(connection, frame.input, new ParleyError("rate_limited", TOO_MANY_WAIT));
    }
    waiting.frames.push(frame);
    waiting.bytes += frame.bytes;
  }

  /** Frames of the connection wait until `pending` has settled; it must not reject. */
  hold(connection: Connection, pending: Promise<void>): void {
    const waiting: WaitingFrames = { frames: [], bytes: 0 };
    connection.waiting = waiting;
    const drain = async () => {
      await pending;
      for (let next = waiting.frames.shift(); next && connection.isOpen; next = waiting.frames.shift()) {
        waiting.bytes -= next.bytes;
        await this.#handle(connection, next.input);
      }
      connection.waiting = undefined;
    };
    drain();
  }

  /** Answers a frame that is not served, whatever it asks; its sender can tell which one is meant. */
  refuse(connection: Connection, input: unknown, error: ParleyError): void {
    const { code, message, retryAfter } = error;
    const read = readAnyhow(connection, input);
    if (!(read instanceof ParleyError)) return this.#hub.refuse(connection, error, read);
    const { ref, room, clientId } = read;
    this.#hub.refuse(connection, new ParleyError(code, message, { retryAfter, ref, room, clientId }));
  }

  #handle(connection: Connection, input: unknown): MaybePromise<void> {
    if (!connection.isOpen) return;
    try {
      this.#decide(connection, input);
      if (!connection.isOpen) return;
      const commands = connection.dialect.decode(input as never);
      if (commands.length === 1) return this.#execute(connection, commands[0]!);
      let done: MaybePromise<void> = undefined;
      for (const command of commands) done = after(done, () => this.#execute(connection, command));
      return done;
    } catch (error) {
      this.#hub.refuse(connection, error);
    }
  }

  /** A frame that only one dialect knows makes an undecided connection one of that dialect. */
  #decide(connection: Connection, input: unknown): void {
    const shown = connection.dialect.decide?.(input as never);
    if (!shown) return;
    this.#hub.decide(connection, this.#dialects[shown]);
    if (connection.dialect.needsToken && connection.deadline) {
      this.#hub.disconnect(connection, CLOSE.policy, "No authentication token");
    }
  }

  #execute(connection: Connection, command: Command): MaybePromise<void> {
    try {
      const attempt = connection.deadline && NEEDS_IDENTITY[command.kind];
      if (attempt) throw new ParleyError("unauthorized", `Cannot ${attempt}: authenticate first`);
      const handle = HANDLERS[command.kind] as (
        hub: Hub,
        connection: Connection,
        command: CommandOf<never>,
      ) => MaybePromise<void>;
      const done = handle(this.#hub, connection, command as CommandOf<never>);
      return isPromise(done) ? done.catch((error) => this.#hub.refuse(connection, error, command)) : done;
    } catch (error) {
      this.#hub.refuse(connection, error, command);
    }
  }
}

/** The command of a frame, if it has one, or what is wrong with it. */
function readAnyhow(connection: Connection, input: unknown): Command | ParleyError | undefined {
  try {
    return connection.dialect.decode(input as never)[0];
  } catch (error) {
    if (error instanceof ParleyError) return error;
    throw error;
  }
}
