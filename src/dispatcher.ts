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
import type { Connection } from "./connection.ts";
import { ParleyError } from "./errors.ts";
import { toParleyError } from "./faults.ts";
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

/** How many frames of one connection may wait for an unfinished command, whatever its rate allows. */
const QUEUE_LIMIT = 1000;

/** What a connection may ask before it has authenticated, where that is required. */
const BEFORE_AUTHENTICATION: ReadonlySet<CommandBody["kind"]> = new Set(["authenticate", "ping"]);

export class Dispatcher {
  readonly #hub: Hub;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** A frame, or whatever the connection's dialect decodes. Never throws. */
  receive(connection: Connection, input: unknown): void {
    const { waiting } = connection;
    if (waiting && waiting.length >= QUEUE_LIMIT) {
      return this.fail(connection, new ParleyError("rate_limited", "Cannot take the message: too many wait already"));
    }
    if (waiting) return void waiting.push(input);
    const handled = this.#handle(connection, input);
    if (isPromise(handled)) this.hold(connection, handled);
  }

  /** Frames of the connection wait until `pending` has settled; it must not reject. */
  hold(connection: Connection, pending: Promise<void>): void {
    const waiting: unknown[] = [];
    connection.waiting = waiting;
    const drain = async () => {
      await pending;
      while (waiting.length > 0 && connection.isOpen) await this.#handle(connection, waiting.shift());
      connection.waiting = undefined;
    };
    drain();
  }

  #handle(connection: Connection, input: unknown): MaybePromise<void> {
    if (!connection.isOpen) return;
    try {
      const commands = connection.dialect.decode(input as never);
      if (commands.length === 1) return this.#execute(connection, commands[0]!);
      let done: MaybePromise<void> = undefined;
      for (const command of commands) done = after(done, () => this.#execute(connection, command));
      return done;
    } catch (error) {
      this.fail(connection, error);
    }
  }

  #execute(connection: Connection, command: Command): MaybePromise<void> {
    try {
      if (connection.deadline && !BEFORE_AUTHENTICATION.has(command.kind)) {
        throw new ParleyError("unauthorized", `Cannot ${wordsOf(command.kind)}: authenticate first`);
      }
      const handle = HANDLERS[command.kind] as (
        hub: Hub,
        connection: Connection,
        command: CommandOf<never>,
      ) => MaybePromise<void>;
      const done = handle(this.#hub, connection, command as CommandOf<never>);
      return isPromise(done) ? done.catch((error) => this.fail(connection, error, command)) : done;
    } catch (error) {
      this.fail(connection, error, command);
    }
  }

  /** Answers an error in the connection's dialect. */
  fail(connection: Connection, thrown: unknown, command?: Command): void {
    const error = toParleyError(thrown, this.#hub.log, { connection: connection.id, command: command?.kind });
    this.#hub.stats.count("errors", error.code);
    const { code, message, retryAfter, room, ref } = error;
    const reply = { kind: "error" as const, code, message, retryAfter, room, of: command?.kind };
    this.#hub.reply(connection, reply, command?.ref ?? ref);
  }
}

function wordsOf(kind: CommandBody["kind"]): string {
  return kind.replace("_", " ");
}
