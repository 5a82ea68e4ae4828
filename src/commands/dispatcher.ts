/**
 * From a frame to its command's handler, and from an exception to an answer.
 *
 * Every frame passes here, whatever transport brought it, and here it takes its tokens. Commands of one connection run in
 * order: while one waits, the frames after it queue; while nothing waits there is no queue and no promise.
 */
import type { CommandOf, Handler } from "./handler.ts";
import { authenticate } from "./authenticate.ts";
import { call } from "./call.ts";
import { markRead, notifications, unread } from "./inbox.ts";
import { follow, setPresence } from "./presence.ts";
import { publish } from "./publish.ts";
import { history, join, leave, members } from "./rooms.ts";
import { isAnswered, signal } from "./signal.ts";
import type { Connection } from "../hub/connection.ts";
import { type EarlyFrame, EarlyFrames } from "./early_frames.ts";
import { CLOSE, ParleyError } from "../errors.ts";
import { FrameQueue, type Move } from "../hub/frame_queue.ts";
import type { Hub } from "../hub/hub.ts";
import { after, isPromise, type MaybePromise } from "../maybe.ts";
import type { Command, CommandBody } from "../message.ts";
import { Rates } from "../hub/rates.ts";
import { WaitingBytes } from "../hub/waiting_bytes.ts";

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

const TOO_MANY_WAIT = "Cannot take the message: too many wait already";

/** The longest sleep of a frame that waits: a connection that closes meanwhile is released that much later at most. */
const MAX_SLEEP_MS = 1000;

/** How many users a frame may name, or how many rooms it may have looked through, for one token. */
const LOOK_UPS_PER_TOKEN = 10;

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

/** A frame, with its size on the wire. */
interface Received {
  readonly input: unknown;
  readonly bytes: number;
}

/** What a frame asks for; `error`: it cannot be read, or is too large. */
interface DecodedFrame {
  commands: readonly Command[];
  error?: unknown;
}

export class Dispatcher {
  readonly #hub: Hub;
  readonly #rates: Rates;
  readonly #waiting = new WaitingBytes();
  readonly #early = new EarlyFrames((connection) => this.#judgeDue(connection));

  constructor(hub: Hub) {
    this.#hub = hub;
    this.#rates = new Rates(hub.config);
  }

  /** A frame, or whatever the connection's dialect decodes; `bytes` is its size on the wire. Never throws. */
  receive(connection: Connection, input: unknown, bytes: number): void {
    const frame = { input, bytes };
    if (connection.queue) return this.#receiveBehind(connection, connection.queue, frame);
    const reading = this.#read(connection, frame);
    if (!connection.isOpen) return;
    const move = moveOf(connection, reading, bytes);
    const waitMs = move
      ? this.#rates.takeMove(connection, move)
      : this.#rates.takeFrame(connection, bytes, tokensOf(connection, reading));
    if (waitMs > 0 && move) return this.hold(connection).push({ input, bytes, move, isPing: false });
    if (waitMs > 0) return this.#refuseForRate(connection, reading, waitMs);
    const handled = this.#carryOut(connection, reading, frame);
    if (isPromise(handled)) this.hold(connection, handled);
  }

  #receiveBehind(connection: Connection, queue: FrameQueue, received: Received): void {
    const reading = this.#preview(connection, received);
    const { input, bytes } = received;
    const frame = { input, bytes, move: moveOf(connection, reading, bytes), isPing: isPing(reading) };
    if (frame.move) {
      if (!this.#rates.mayWait(connection, queue.moves + 1)) {
        this.#answer(connection, reading, this.#rates.refusalOfMove());
        return this.#countRefusal(connection);
      }
    } else {
      const waitMs = this.#rates.takeFrame(connection, bytes, tokensOf(connection, reading));
      if (waitMs > 0) return this.#refuseForRate(connection, reading, waitMs);
    }
    if (frame.isPing && queue.isPaced) return void this.#handle(connection, frame);
    if (queue.fits(frame, this.#hub.maxBufferedBytes)) return queue.push(frame);
    this.#answer(connection, reading, new ParleyError("rate_limited", TOO_MANY_WAIT));
  }

  /** Frames of the connection wait until `pending` has settled; it must not reject. */
  hold(connection: Connection, pending?: Promise<void>): FrameQueue {
    const queue = new FrameQueue(this.#waiting, connection.address);
    connection.queue = queue;
    const drain = async () => {
      await pending;
      do {
        for (let next = queue.shift(); next && connection.isOpen; next = queue.shift()) {
          if (next.move) await this.#pace(connection, queue, next.move);
          await this.#handle(connection, next);
        }
        if (this.#early.has(connection)) await this.#judgeEarly(connection, this.#early.takeDue(connection));
      } while (connection.isOpen && !queue.isEmpty);
      connection.queue = undefined;
    };
    drain();
    return queue;
  }

  /** Drops what waits of a connection that has closed. */
  forget(connection: Connection): void {
    connection.queue?.clear();
    this.#early.forget(connection);
  }

  /** Until the join or leave may go on; pings go before it. */
  async #pace(connection: Connection, queue: FrameQueue, move: Move): Promise<void> {
    for (;;) {
      const waitMs = connection.isOpen ? this.#rates.takeMove(connection, move) : 0;
      queue.isPaced = waitMs > 0;
      if (!queue.isPaced) return;
      for (const ping of queue.takePings()) await this.#handle(connection, ping);
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, MAX_SLEEP_MS)));
    }
  }

  /** A signal that asks for no answer is dropped, and that is told once in a while. */
  #refuseForRate(connection: Connection, reading: DecodedFrame, waitMs: number): void {
    const [command] = reading.commands;
    const isDropped = command?.kind === "signal" && !isAnswered(command);
    if (isDropped) this.#hub.stats.signalsDropped.add();
    if (!isDropped || this.#rates.mayTell(connection)) this.#answer(connection, reading, this.#rates.refusal(waitMs));
    this.#countRefusal(connection);
  }

  /** Closes a connection that goes on sending too fast. */
  #countRefusal(connection: Connection): void {
    if (!this.#rates.countViolation(connection)) return;
    this.#hub.disconnect(connection, CLOSE.tooManyMessages, "Too many messages");
  }

  /** Answers a frame that is not served, whatever it asks; its sender can tell which one is meant. */
  #answer(connection: Connection, { commands: [command], error }: DecodedFrame, refusal: ParleyError): void {
    if (command || !(error instanceof ParleyError)) return this.#hub.replyError(connection, refusal, command);
    const { ref, room, clientId } = error;
    const { code, message, retryAfter } = refusal;
    this.#hub.replyError(connection, new ParleyError(code, message, { retryAfter, ref, room, clientId }));
  }

  #handle(connection: Connection, frame: Received): MaybePromise<void> {
    if (!connection.isOpen) return;
    const reading = this.#read(connection, frame);
    if (connection.isOpen) return this.#carryOut(connection, reading, frame);
  }

  #read(connection: Connection, { input, bytes }: Received): DecodedFrame {
    try {
      this.#decide(connection, input);
      return this.#sized(connection.decode(input), bytes);
    } catch (error) {
      return { commands: [], error };
    }
  }

  /** What a frame will ask for when its turn comes, as far as can be told; an undecided connection stays so. */
  #preview(connection: Connection, { input, bytes }: Received): DecodedFrame {
    try {
      const shown = connection.dialect.decide?.(input as never);
      // One that is shown by its frames has no state.
      const commands = shown ? shown.decode(input as never, undefined as never) : connection.decode(input);
      return this.#sized(commands, bytes);
    } catch (error) {
      return { commands: [], error };
    }
  }

  /** Where the transport hands on more than a message may have, as Socket.IO's does, a message is refused for its size. */
  #sized(commands: Command[], bytes: number): DecodedFrame {
    const limit = this.#hub.config.websocketMaxMessageBytes;
    const [command] = commands;
    if (bytes <= limit || !command || command.kind === "authenticate") return { commands };
    const message = `Cannot take the event: it has ${bytes} bytes, ${limit} are allowed`;
    return { commands, error: new ParleyError("too_large", message) };
  }

  #carryOut(connection: Connection, { commands, error }: DecodedFrame, frame: Received): MaybePromise<void> {
    if (error !== undefined) return this.#hub.replyError(connection, error, commands[0]);
    if (commands.length === 1) return this.#execute(connection, commands[0]!, frame);
    let done: MaybePromise<void> = undefined;
    for (const command of commands) done = after(done, () => this.#execute(connection, command));
    return done;
  }

  /** A frame that only one dialect knows makes an undecided connection one of that dialect. */
  #decide(connection: Connection, input: unknown): void {
    const shown = connection.dialect.decide?.(input as never);
    if (!shown) return;
    this.#hub.decide(connection, shown);
    if (shown.needsToken && connection.deadline) {
      this.#hub.disconnect(connection, CLOSE.policy, "No authentication token");
    }
  }

  /** Carries it out, and then the frames that came before the join it was. */
  #execute(connection: Connection, command: Command, frame?: Received): MaybePromise<void> {
    const done = this.#attempt(connection, command, frame);
    if (!this.#early.has(connection)) return done;
    return after(done, () => {
      const answered = command.kind === "join" ? command.room ?? connection.pathRoom : undefined;
      const isReady = (room: string) => room === answered || connection.isIn(room);
      return this.#judgeEarly(connection, this.#early.take(connection, isReady));
    });
  }

  /** `frame`: what it came in, if it may wait for its join. */
  #attempt(connection: Connection, command: Command, frame?: Received): MaybePromise<void> {
    try {
      const attempt = connection.deadline && NEEDS_IDENTITY[command.kind];
      if (attempt) throw new ParleyError("unauthorized", `Cannot ${attempt}: authenticate first`);
      const handle = HANDLERS[command.kind] as (
        hub: Hub,
        connection: Connection,
        command: CommandOf<never>,
      ) => MaybePromise<void>;
      const done = handle(this.#hub, connection, command as CommandOf<never>);
      return isPromise(done) ? done.catch((error) => this.#fail(connection, error, { command, frame })) : done;
    } catch (error) {
      this.#fail(connection, error, { command, frame });
    }
  }

  #fail(connection: Connection, error: unknown, { command, frame }: { command: Command; frame?: Received }): void {
    if (frame && error instanceof ParleyError && error.code === "not_joined" && error.room !== undefined) {
      const { input, bytes } = frame;
      if (this.#early.keep(connection, { input, bytes, room: error.room })) return;
    }
    this.#hub.replyError(connection, error, command);
  }

  /** In the order they came, and for the last time: what is for a room that is still not joined is refused. */
  #judgeEarly(connection: Connection, frames: readonly EarlyFrame[]): MaybePromise<void> {
    let done: MaybePromise<void> = undefined;
    for (const frame of frames) {
      done = after(done, () => {
        if (!connection.isOpen) return;
        const { commands: [command] } = this.#read(connection, frame);
        if (command) return this.#attempt(connection, command);
      });
    }
    return done;
  }

  /** No join has come in time. While other frames wait one may still be among them: the queue sees to it at its end. */
  #judgeDue(connection: Connection): void {
    if (!connection.isOpen || connection.queue) return;
    const judged = this.#judgeEarly(connection, this.#early.takeDue(connection));
    if (isPromise(judged)) this.hold(connection, judged);
  }
}

/** A frame takes one token; a list of users, or the rooms in which a guest looks for somebody, one for each ten. */
function tokensOf({ identity, rooms }: Connection, { commands: [command] }: DecodedFrame): number {
  if (command?.kind === "follow" && Array.isArray(command.user)) return tokensFor(command.user.length);
  const isGuestsDirect = identity === undefined && (command?.kind === "publish" || command?.kind === "signal") &&
    (command.target.to ?? command.target.user) !== undefined;
  return isGuestsDirect ? tokensFor(rooms.length) : 1;
}

function tokensFor(lookUps: number): number {
  return Math.max(1, Math.ceil(lookUps / LOOK_UPS_PER_TOKEN));
}

/** The join or leave that a frame asks for. */
function moveOf({ pathRoom }: Connection, { commands: [command] }: DecodedFrame, bytes: number): Move | undefined {
  if (command?.kind === "leave") return { bytes };
  if (command?.kind !== "join") return undefined;
  return { bytes, replays: command.since && (command.room ?? pathRoom) };
}

/** Nothing but pings and pongs. */
function isPing({ commands, error }: DecodedFrame): boolean {
  return error === undefined && commands.every(({ kind }) => kind === "ping");
}
