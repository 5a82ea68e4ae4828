/**
 * A connection from its first turn to its last, whatever transport carries it: welcome, frames, farewell.
 *
 * The gateway (plain WebSockets) and the Socket.IO host call it. Limits on frames stand here, so that no transport can
 * pass them by.
 */
import type { Connection } from "./connection.ts";
import type { AnyDialect, DialectName } from "./dialect.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { CLOSE, ParleyError } from "./errors.ts";
import { clientOf, type Hub, spawn } from "./hub.ts";
import { adopt } from "./identity.ts";
import { isPromise, run, type Steps, wait } from "./maybe.ts";
import type { Identity } from "./message.ts";
import * as membership from "./membership.ts";
import { greetWithUnread } from "./commands/inbox.ts";

/** How often a connection may be refused, in multiples of its burst, before it is closed. */
const REFUSALS_PER_BURST = 2;

/** By name; `undecided` stands for a connection whose first frames will tell. */
export type Dialects = Readonly<Record<DialectName | "undecided", AnyDialect>>;

export interface LifecycleParts {
  hub: Hub;
  dispatcher: Dispatcher;
  dialects: Dialects;
}

export class Lifecycle {
  readonly #hub: Hub;
  readonly #dispatcher: Dispatcher;
  readonly #dialects: Dialects;

  constructor(parts: LifecycleParts) {
    this.#hub = parts.hub;
    this.#dispatcher = parts.dispatcher;
    this.#dialects = parts.dialects;
  }

  /** A new connection: it is greeted after its rooms are joined, and its frames wait until then. */
  open(connection: Connection, identity?: Identity): void {
    const { config } = this.#hub;
    this.#hub.open(connection);
    if (!identity && config.websocketRequireAuth) {
      connection.deadline = { byMs: Date.now() + config.authenticateTimeoutMs };
    }
    const welcomed = run(this.#welcome(connection, identity));
    if (isPromise(welcomed)) this.#dispatcher.hold(connection, welcomed);
  }

  *#welcome(connection: Connection, identity?: Identity): Steps<void> {
    const hub = this.#hub;
    try {
      if (identity) yield* adopt(hub, connection, identity);
      this.#greet(connection);
      yield* wait(hub.hooks.onConnect?.(clientOf(connection)));
      if (identity) yield* greetWithUnread(hub, connection);
    } catch (error) {
      this.#dispatcher.fail(connection, error);
      return this.#turnAway(connection, error);
    }
    if (connection.pathRoom === undefined || connection.deadline || !connection.isOpen) return;
    try {
      yield* membership.join(hub, connection, { room: connection.pathRoom });
    } catch (error) {
      this.#dispatcher.fail(connection, error, { kind: "join", room: connection.pathRoom });
    }
  }

  #greet(connection: Connection): void {
    const { dialect, member, identity, rooms } = connection;
    if (!dialect.greet || !connection.isOpen) return;
    const names = rooms.map((room) => room.name);
    connection.socket.send(dialect.greet({ ...this.#hub.stamp(), self: member, identity, rooms: names }));
    this.#hub.stats.framesOut++;
  }

  #turnAway(connection: Connection, error: unknown): void {
    const code = error instanceof ParleyError ? error.code : "internal";
    if (code === "room_full") this.#hub.disconnect(connection, CLOSE.tryLater, "Too many connections of this user");
    else if (code === "unavailable") this.#hub.disconnect(connection, CLOSE.tryLater, "Not available right now");
    else if (code === "internal") this.#hub.disconnect(connection, CLOSE.internal, "Internal error");
    else this.#hub.disconnect(connection, CLOSE.policy, "Not allowed");
  }

  /** A frame, or what a transport has made of several. `bytes` is its size on the wire. */
  receive(connection: Connection, input: unknown, bytes: number): void {
    const { config, stats } = this.#hub;
    stats.framesIn++;
    stats.bytesIn += bytes;
    if (!connection.isOpen) return;
    const waitMs = connection.takeToken(config.websocketMessageRate, config.websocketMessageBurst);
    if (waitMs > 0) return this.#refuse(connection, input, waitMs);
    const decided = connection.dialect.decide?.(input as never);
    if (decided) this.#hub.decide(connection, this.#dialects[decided]);
    this.#dispatcher.receive(connection, input);
  }

  #refuse(connection: Connection, input: unknown, retryAfter: number): void {
    const { config } = this.#hub;
    const message = `Cannot take the message: at most ${config.websocketMessageRate} a second are allowed`;
    const ref = refOf(connection, input);
    this.#dispatcher.fail(connection, new ParleyError("rate_limited", message, { retryAfter, ref }));
    if (connection.refuse(REFUSALS_PER_BURST * config.websocketMessageBurst)) {
      this.#hub.disconnect(connection, CLOSE.tooManyMessages, "Too many messages");
    }
  }

  /** The socket has closed; the others are told through the broker. */
  close(connection: Connection, code: number, reason: string): void {
    const hub = this.#hub;
    connection.isOpen = false;
    const client = hub.hooks.onDisconnect ? clientOf(connection) : undefined;
    hub.stats.count("closes", code);
    hub.stats.connectionSeconds.observe((Date.now() - connection.createdAt) / 1000);
    if (code === CLOSE.slowConsumer) hub.stats.slowConsumers++;
    spawn(hub, "Leaving rooms on close", leaveRooms(hub, connection));
    hub.forget(connection);
    if (client) spawn(hub, "onDisconnect", tellDisconnect(hub, client, { code, reason }));
  }
}

function* leaveRooms(hub: Hub, connection: Connection): Steps<void> {
  yield* wait(membership.leaveAll(hub, connection));
}

function* tellDisconnect(
  hub: Hub,
  client: ReturnType<typeof clientOf>,
  end: { code: number; reason: string },
): Steps<void> {
  yield* wait(hub.hooks.onDisconnect?.(client, end.code, end.reason));
}

/** What a refused frame bears, so that the refusal can be addressed to it. */
function refOf(connection: Connection, input: unknown): unknown {
  try {
    return connection.dialect.decode(input as never)[0]?.ref;
  } catch (error) {
    if (error instanceof ParleyError) return error.ref;
    throw error;
  }
}
