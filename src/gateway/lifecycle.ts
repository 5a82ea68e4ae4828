/**
 * A connection from its first turn to its last, whatever transport carries it: welcome, frames, closing.
 *
 * No transport may hand frames to the dispatcher by itself. Whether somebody may come in was decided before.
 */
import type { Config } from "../config/config.ts";
import type { Connection } from "../hub/connection.ts";
import type { Limits } from "../dialect.ts";
import type { Dispatcher } from "../commands/dispatcher.ts";
import { CLOSE, ParleyError } from "../errors.ts";
import { type Hub, spawn } from "../hub/hub.ts";
import { type Admitted, adopt } from "../hub/identity.ts";
import { isPromise, run, type Steps, wait } from "../maybe.ts";
import * as membership from "../hub/membership.ts";
import type { Arrival, Asker } from "../policy.ts";
import { greetWithUnread } from "../commands/inbox.ts";

/** Close codes with a series of their own; a peer may send any of three thousand others. */
const COUNTED_CLOSES: ReadonlySet<number> = new Set([...Object.values(CLOSE), 1005, 1006, 1007]);

/** As what a connection was let in. */
export interface EntryTerms {
  /** Absent for guests. */
  admitted?: Admitted;
  /** Absent if no policy looks at it. */
  arrival?: Arrival;
}

export class Lifecycle {
  readonly #hub: Hub;
  readonly #dispatcher: Dispatcher;
  readonly #limits: Limits;

  constructor(hub: Hub, dispatcher: Dispatcher) {
    this.#hub = hub;
    this.#dispatcher = dispatcher;
    this.#limits = limitsOf(hub.config);
  }

  /** A new connection: it is greeted after its rooms are joined, and its frames wait until then. */
  open(connection: Connection, entry: EntryTerms): void {
    const { config } = this.#hub;
    this.#hub.open(connection);
    if (!entry.admitted && config.websocketRequireAuth) {
      connection.deadline = { byMs: performance.now() + config.authenticateTimeoutMs };
    }
    const welcomed = run(this.#welcome(connection, entry));
    if (isPromise(welcomed)) this.#dispatcher.hold(connection, welcomed);
  }

  *#welcome(connection: Connection, { admitted, arrival }: EntryTerms): Steps<void> {
    const hub = this.#hub;
    try {
      if (admitted) yield* adopt(hub, connection, admitted);
      if (!connection.isOpen) return;
      this.#greet(connection);
      if (!connection.deadline) hub.addToEverybody(connection);
    } catch (error) {
      if (!connection.isOpen) return;
      hub.replyError(connection, error);
      return this.#turnAway(connection, error);
    }
    connection.isGreeted = true;
    if (arrival) yield* this.#tellPolicies(connection, arrival);
    if (admitted) yield* greetWithUnread(hub, connection);
    if (!connection.deadline) yield* membership.joinPathRoom(hub, connection);
    connection.welcomedAtMs = performance.now();
  }

  /** It is in already: a policy that fails now changes nothing. */
  *#tellPolicies(connection: Connection, arrival: Arrival): Steps<void> {
    try {
      yield* this.#hub.policies.connected(connection, arrival);
    } catch (error) {
      this.#hub.log.error("telling of a connection failed", { connection: connection.id, error });
    }
  }

  #greet(connection: Connection): void {
    const { dialect, state, member, identity, rooms } = connection;
    if (!dialect.greet) return;
    const names = rooms.map((room) => room.name);
    const greeting = { ...this.#hub.stamp(), self: member, identity, rooms: names, limits: this.#limits };
    connection.socket.send(dialect.greet(greeting, state as never));
    this.#hub.stats.framesOut.add();
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
    const { stats } = this.#hub;
    stats.framesIn.add();
    stats.bytesIn.add(bytes);
    if (!connection.isOpen) return;
    this.#dispatcher.receive(connection, input, bytes);
  }

  /** The socket has closed; the others are told through the broker. */
  close(connection: Connection, shown: number, reason: string): void {
    const hub = this.#hub;
    const code = connection.closedWith ?? shown;
    connection.isOpen = false;
    this.#dispatcher.forget(connection);
    // With the rooms that it leaves next.
    const who = hub.policies.hearsOfEnds && connection.isGreeted ? snapshotOf(connection) : undefined;
    hub.stats.closes.add(COUNTED_CLOSES.has(code) ? code : "other");
    hub.stats.connectionSeconds.observe((performance.now() - connection.openedAtMs) / 1000);
    const isSlow = code === CLOSE.slowConsumer;
    if (isSlow) hub.stats.slowConsumers.add();
    const { id, user } = connection;
    hub.log[isSlow ? "info" : "debug"]("a connection has ended", { connection: id, user, code, reason });
    spawn(hub, "Leaving rooms on close", leaveRooms(hub, connection));
    if (connection.hasGuestStatus) spawn(hub, "Forgetting the status of a guest", forgetStatus(hub, connection));
    hub.forget(connection);
    if (who) spawn(hub, "Telling of the end of a connection", hub.policies.disconnect(who, { code, reason }));
  }
}

function limitsOf(config: Config): Limits {
  return {
    rate: config.websocketMessageRate,
    burst: config.websocketMessageBurst,
    bytesPerSecond: config.websocketByteRate,
    maxBytes: config.websocketMaxMessageBytes,
    rooms: config.websocketMaxRooms,
    joinsPerSecond: config.websocketJoinRate,
  };
}

function* leaveRooms(hub: Hub, connection: Connection): Steps<void> {
  yield* wait(membership.leaveAll(hub, connection));
}

/** Said under the connection's own id, whoever it has become since. */
function* forgetStatus(hub: Hub, { id }: Connection): Steps<void> {
  const { timestamp } = hub.stamp();
  yield* wait(hub.broker.presence.setStatus(id, { status: "online", timestamp }));
}

function snapshotOf(connection: Connection): Asker {
  const { id, identity, member, dialect, address, createdAt } = connection;
  const rooms = [...connection.rooms];
  const isIn = (room: string) => rooms.some(({ name }) => name === room);
  return { id, identity, member, dialect, rooms, address, createdAt, isIn };
}
