/**
 * The hub: which connections and rooms this node has, the one way of an event to them, and the one way of a reply.
 *
 * It must never know a dialect by name, a runtime or HTTP, and never do anything for a single member of a room when an
 * event is delivered.
 */
import { Audit } from "./audit.ts";
import type { Broker, Control, Directory, RoutedEvent } from "../broker.ts";
import type { Publisher } from "./coalescer.ts";
import type { Config, RoomRule } from "../config/config.ts";
import type { Connection } from "./connection.ts";
import type { AnyDialect } from "../dialect.ts";
import { ParleyError, toParleyError } from "../errors.ts";
import { bytesOfAll, fitRoster } from "./frame_size.ts";
import type { IdSource } from "../id.ts";
import type { Log } from "../log.ts";
import { isPromise, type MaybePromise, run, type Steps } from "../maybe.ts";
import {
  type Command,
  EVERYBODY,
  type Frame,
  type MembersEvent,
  type MembershipEvent,
  type MemberUpdatedEvent,
  type MessageEvent,
  type PresenceEvent,
  type ReplyBody,
  type RoomEvent,
  SERVER,
} from "../message.ts";
import { StatusThrottle } from "./status_throttle.ts";
import type { PolicyChain } from "../policies/chain.ts";
import type { RoomRules } from "../policies/rules.ts";
import { isReading, ReadRate } from "./read_rate.ts";
import { Audiences, Room } from "./room.ts";
import { typeOfRoom } from "../room_name.ts";
import type { Stats } from "./metrics.ts";
import { KeyedQueue } from "./keyed_queue.ts";
import { TypingClock } from "./typing.ts";
import { Unsent } from "./unsent.ts";
import type { Verifier } from "../verifier.ts";
import { Views } from "./views.ts";

/** After which a long reply that was refused may be asked for again. */
const UNSENT_RETRY_MS = 1000;

export interface HubParts {
  config: Config;
  adapter: Publisher;
  broker: Broker;
  /** Made of the broker. */
  cluster: Directory & Control;
  verifier: Verifier;
  rules: RoomRules;
  policies: PolicyChain;
  ids: IdSource;
  stats: Stats;
  log: Log;
  /** How much a socket may have unsent. */
  maxBufferedBytes: number;
}

/** What a reply may take where a socket may have any number of bytes unsent. */
const UNBOUNDED_REPLY_BYTES = 1024 * 1024;

export class Hub {
  readonly config: Config;
  readonly broker: Broker;
  readonly cluster: Directory & Control;
  readonly verifier: Verifier;
  readonly rules: RoomRules;
  /** Decide about every right; {@link rules} is one of them. */
  readonly policies: PolicyChain;
  readonly ids: IdSource;
  readonly stats: Stats;
  readonly log: Log;
  readonly audit: Audit;
  readonly maxBufferedBytes: number;
  readonly connections = new Map<string, Connection>();
  readonly rooms = new Map<string, Room>();
  readonly typing = new TypingClock();
  readonly statusThrottle = new StatusThrottle();
  readonly views = new Views();
  /** How often a user was kicked here. A user that was not blocked before the last time may be blocked since. */
  kicks = 0;
  /** By user: its connections enter reserved rooms, leave them and are kicked one after another. */
  readonly perUser = new KeyedQueue();
  readonly unsent = new Unsent();
  readonly reads: ReadRate;
  readonly outlet: Publisher;
  /** The permanent topic of every connection: broadcasts, and it keeps a socket from leaving its last topic. */
  readonly #everybody: Audiences;

  constructor(parts: HubParts) {
    this.config = parts.config;
    this.broker = parts.broker;
    this.cluster = parts.cluster;
    this.verifier = parts.verifier;
    this.rules = parts.rules;
    this.policies = parts.policies;
    this.ids = parts.ids;
    this.stats = parts.stats;
    this.log = parts.log;
    this.audit = new Audit(parts.log);
    this.maxBufferedBytes = parts.maxBufferedBytes;
    this.outlet = parts.adapter;
    this.reads = new ReadRate(parts.config);
    this.#everybody = new Audiences(EVERYBODY, parts.adapter);
  }

  /** How much one reply with what a room has kept may take: half of what a socket may have unsent. */
  get replyBytes(): number {
    return this.maxBufferedBytes > 0 ? this.maxBufferedBytes / 2 : UNBOUNDED_REPLY_BYTES;
  }

  /** Registers it. What is said to everybody reaches it only after {@link addToEverybody}. */
  open(connection: Connection): void {
    this.connections.set(connection.id, connection);
    this.stats.connectionsOpened.add();
    this.stats.lastConnectionAt = connection.createdAt;
  }

  /** It has been greeted, and has shown who it is where that is required. */
  addToEverybody(connection: Connection): void {
    connection.hearsBroadcasts = true;
    this.#everybody.add(connection);
  }

  /** Undoes {@link open}. It has to leave its rooms before. */
  forget(connection: Connection): void {
    this.unsent.forget(connection.socket);
    if (this.connections.delete(connection.id) && connection.hearsBroadcasts) this.#everybody.remove(connection);
  }

  /** Connections of each dialect, without those that are still to show who they are. */
  countByDialect(): Record<string, number> {
    return Object.fromEntries(this.#everybody.list.map(({ dialect, count }) => [dialect.name, count]));
  }

  /** New rules for all rooms; the sweep removes the members that they do not let in. */
  renewRules(rules: Config["rooms"], otherwise: Config["defaultRoom"]): void {
    this.rules.renew(rules, otherwise);
    for (const room of this.rooms.values()) room.setRule(this.rules.ruleOf(room.name));
  }

  /** The rule of a room, whether it is here or not. */
  ruleOf(room: string): RoomRule {
    return this.rooms.get(room)?.rule ?? this.rules.ruleOf(room);
  }

  /** The room on this node, made if need be; it goes away with its last member or joiner. */
  room(name: string): Room {
    let room = this.rooms.get(name);
    if (!room) {
      room = new Room(name, typeOfRoom(name), this.rules.ruleOf(name), this);
      this.rooms.set(name, room);
    }
    return room;
  }

  subscribe(room: string): MaybePromise<void> {
    return this.broker.subscribe(room);
  }

  unsubscribe(room: string): MaybePromise<void> {
    return this.broker.unsubscribe(room);
  }

  dissolved(room: Room): void {
    if (this.rooms.get(room.name) === room) this.rooms.delete(room.name);
  }

  /** Moves an undecided connection, with all its topics, to the dialect that a frame of it has shown. */
  decide(connection: Connection, dialect: Connection["dialect"]): void {
    const audiences = connection.rooms.flatMap(({ name }) => this.rooms.get(name)?.audiences ?? []);
    if (connection.hearsBroadcasts) audiences.push(this.#everybody);
    for (const each of audiences) each.move(connection, dialect);
    connection.dialect = dialect;
  }

  /**
   * An event as the broker delivers it, also one that was published here, to the members on this node: one encoding per
   * dialect, one publish per topic, nothing per member.
   */
  deliver(routed: RoutedEvent): void {
    const { event, only } = routed;
    const room = routed.room === EVERYBODY ? undefined : this.rooms.get(routed.room);
    if (routed.room !== EVERYBODY && !room) return;
    if (room && isAboutMembers(event)) {
      if (event.kind !== "members") this.views.note(room, event);
      if (!isTold(room, event)) return;
    }
    // Of lists a joiner needs none: its reply has one that is as new.
    if (room?.joiners && event.kind !== "members") { for (const joiner of room.joiners) joiner.hold(routed); }
    const except = routed.except === undefined ? undefined : this.connections.get(routed.except)?.socket;
    const { list, outlet } = room?.audiences ?? this.#everybody;
    for (const audience of list) {
      if (only !== undefined && audience.dialect.name !== only) continue;
      const frames = audience.dialect.encodeEvent(this.#fitted(event, audience.dialect));
      for (const frame of frames) outlet.publish(audience.topic, frame, except);
      if (frames.length > 0) this.stats.deliveries.add(audience.count);
    }
    if (event.kind === "message") this.#measure(event);
  }

  #measure({ from, timestamp }: MessageEvent): void {
    // What comes from outside may bear a time of its own, and the clock of another node may be ahead.
    if (from.connection === SERVER.connection) return;
    this.stats.deliverySeconds.observe(Math.max(0, Date.now() - timestamp) / 1000);
  }

  #fitted(event: RoomEvent, dialect: AnyDialect): RoomEvent {
    if (event.kind !== "members") return event;
    return { ...event, roster: fitRoster(event.roster, dialect, this.maxBufferedBytes) };
  }

  /** Sends a reply to one connection, in its dialect. */
  reply(connection: Connection, body: ReplyBody, ref?: unknown): void {
    if (!connection.isOpen) return;
    const frames = this.#encodeReply(connection, body, ref);
    for (const frame of frames) connection.socket.send(frame);
    this.stats.framesOut.add(frames.length);
    if (isReading(body)) this.reads.charge(connection, bytesOfAll(frames));
    // What waits for a poll is counted where it waits.
    if (!connection.socket.isPolled) this.unsent.note(connection.address, connection.socket);
  }

  /** How many bytes a reply takes in all the frames it is told in. */
  sizeOfReply(connection: Connection, body: ReplyBody, ref?: unknown): number {
    return bytesOfAll(this.#encodeReply(connection, body, ref));
  }

  #encodeReply(connection: Connection, body: ReplyBody, ref: unknown): Frame[] {
    return connection.encodeReply({ self: connection.member, ...body, ref, ...this.stamp() });
  }

  /** Before a reply of what was kept. Throws `rate_limited`, or what {@link checkUnsent} throws. */
  checkReading(connection: Connection, attempt: string): void {
    this.checkUnsent(connection, attempt);
    const retryAfter = this.reads.waitMs(connection);
    if (retryAfter <= 0) return;
    throw new ParleyError("rate_limited", `Cannot ${attempt}: too much was read in a short time`, { retryAfter });
  }

  /** Before a reply that may be long. Throws `unavailable` while too much waits to be read at the client's address. */
  checkUnsent({ address }: Connection, attempt: string): void {
    if (!this.unsent.isFull(address)) return;
    const message = `Cannot ${attempt}: too much was sent to this address and has not been read`;
    throw new ParleyError("unavailable", message, { retryAfter: UNSENT_RETRY_MS });
  }

  /** Answers an error in the connection's dialect; what is not a ParleyError is logged, and answered as `internal`. */
  replyError(connection: Connection, thrown: unknown, command?: Command): void {
    const error = toParleyError(thrown, this.log, { connection: connection.id, command: command?.kind });
    this.stats.errors.add(error.code);
    const { code, message, retryAfter, ref, by } = error;
    if (by) this.log.debug("a policy refused", { connection: connection.id, command: command?.kind, by, code });
    const { room = error.room, clientId = error.clientId } = command ? namedBy(command) : {};
    const reply = { kind: "error" as const, code, message, retryAfter, room, clientId, of: command?.kind };
    this.reply(connection, reply, command?.ref ?? ref);
  }

  /** Ends a connection; the rest happens when the adapter reports its close. */
  disconnect(connection: Connection, code: number, reason: string): void {
    connection.isOpen = false;
    connection.close(code, reason);
  }

  /** Id and time of an event that is made now. */
  stamp(): { id: string; timestamp: number } {
    return { id: this.ids.next(), timestamp: Date.now() };
  }
}

type AboutMembers = MembershipEvent | MemberUpdatedEvent | MembersEvent | PresenceEvent;

function isAboutMembers(event: RoomEvent): event is AboutMembers {
  const { kind } = event;
  return kind === "join" || kind === "leave" || kind === "member_updated" || kind === "members" || kind === "presence";
}

/** Joins and leaves only while the room announces; a status has been judged where it was made. */
function isTold(room: Room, event: AboutMembers): boolean {
  if (event.kind === "presence") return true;
  return room.announces && (event.kind === "members" || event.kind === "member_updated" || event.announcing);
}

/** What its sender can match the refusal of a command by. */
function namedBy(command: Command): { room?: string; clientId?: string } {
  if (command.kind === "publish") return { room: command.target.room, clientId: command.clientId };
  if (command.kind === "signal") return { room: command.target.room };
  return "room" in command ? { room: command.room } : {};
}

/** Runs steps that nobody waits for; what they throw is logged. */
export function spawn(hub: Hub, what: string, steps: Steps<unknown>): void {
  const failed = (error: unknown) => hub.log.warn(`${what} failed`, { error });
  try {
    const done = run(steps);
    if (isPromise(done)) done.catch(failed);
  } catch (error) {
    failed(error);
  }
}
