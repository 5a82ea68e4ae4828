/**
 * Contract of everything that nodes share: brokers/memory, brokers/broadcast_channel, brokers/redis.
 *
 * What is particular to a broker is how it publishes, subscribes, asks other nodes and knows who is present. What it keeps
 * is in the stores it is given (stores.ts), and the directory and the control are made of `ask` (brokers/cluster).
 *
 * One setting selects all of it, so no half-clustered state exists. The memory broker answers synchronously; others may
 * return promises. While the engine behind a broker is away every call that needs it fails with `unavailable`: a publish
 * is refused, never accepted and lost.
 */
import type { MaybePromise } from "./maybe.ts";
import type { Member, RoomEvent, Roster, StreamPosition, UserId, UserPresence } from "./message.ts";
import type { Grants, History, Inbox, Keep, OnceKey, Original } from "./stores.ts";

/** An event and who gets it. */
export interface RoutedEvent {
  /** The room, or EVERYBODY. */
  room: string;
  event: RoomEvent;
  /** The connection that gets no copy. */
  except?: string;
  /** The one dialect whose connections get it. */
  only?: string;
}

export interface PublishOptions {
  /** Keep a message in the room's history. */
  keep?: Keep;
  /**
   * Makes the publish idempotent for five minutes (memory: at least the sender's last 256 keys). Example: the client "ann"
   * repeats its message 7 because it heard no answer. With the same text it has the same key, so it is not published, and
   * `duplicateOf` is the first one. With another text the key is another one, and it is published.
   */
  once?: OnceKey;
}

export interface PublishResult {
  /** Where the message stands, if it was kept. */
  position?: StreamPosition;
  /** The publish was a repeat: nothing was delivered; what is here and `position` are the first one's. */
  duplicateOf?: Original;
  /** It was published, but this node delivers no copy: a reset, or a position that somebody here was told, stands for it. */
  covered?: true;
}

/**
 * Guarantees: all events of a room reach all nodes in one order, each at most once; `deliver` is called on the
 * publishing node too, and before `publish` settles. A kept message gets the next offset of its room, and is delivered
 * with it. Presence events (`join`, `leave`) take part in the same order. A publish that fails with `unavailable` was not
 * confirmed, and may have happened; made `once`, it can be repeated without harm.
 */
export interface Broker {
  readonly name: string;
  /** Its nodes can be on several machines, so that it is for a load balancer to choose one. */
  readonly spansMachines: boolean;
  /** Before anything else; `node` is told of events of the rooms it subscribed to, and of EVERYBODY. */
  start(node: LocalNode): MaybePromise<void>;
  /** This node has members in the room. The caller chains subscribe and unsubscribe of one room. */
  subscribe(room: string): MaybePromise<void>;
  /** Never fails: while the engine is away it is made up for later. */
  unsubscribe(room: string): MaybePromise<void>;
  publish(routed: RoutedEvent, options?: PublishOptions): MaybePromise<PublishResult>;
  readonly history: History;
  readonly presence: PresenceStore;
  readonly inbox: Inbox;
  readonly grants: Grants;
  /**
   * Asks all nodes, this one included, or the one that is named. A node that hangs costs a second, and is missing from the
   * answers. Rejects only if the engine is away; brokers/cluster makes the {@link Directory} and the {@link Control} of it.
   */
  ask<What extends keyof NodeAnswers>(
    question: NodeQuestion & { what: What },
    node?: string,
  ): MaybePromise<Answers<NodeAnswers[What]>>;
  health(): MaybePromise<BrokerHealth>;
  close(): MaybePromise<void>;
}

export interface BrokerHealth {
  ok: boolean;
  /** For people, when not ok. */
  detail?: string;
}

export interface Occupancy {
  /** The first connection of its user in the room, cluster-wide (a guest is its own user). */
  first: boolean;
  members: number;
  users: number;
  announcing: boolean;
}

/**
 * Who is in which room. `enter` and `leave` deliver a MembershipEvent to the room, except to the member itself, exactly once
 * each; a node that died leaves for all of its members within 15 s. Idempotent: entering twice or leaving twice tells
 * nobody. Reserved rooms are entered like others and tell no MembershipEvents.
 *
 * Whether a room announces is one bit beside its counts, changed in the step that enters or leaves
 * (brokers/cluster/announcing.ts). Members that were lost and entered again are not announced: every node with members in
 * the room is given the command `tell_members`, also when events of the room may have been missed.
 *
 * A user is connected while somebody is in `user:{id}`: every authenticated connection is entered there first and leaves it
 * last. The first one in and the last one out (a node that died included) deliver a PresenceEvent with the user's status
 * into `presence:{id}`, where the followers are.
 */
export interface PresenceStore {
  /** Keeps the object: it must not change afterwards. `limit`: a full room refuses with `room_full` (0: no limit). */
  enter(room: string, member: Member, limit?: number): MaybePromise<Occupancy>;
  /** Never fails: while the engine is away it is remembered, and told when the engine is back. */
  leave(room: string, connection: string): MaybePromise<void>;
  /** A guest became a user (the connection stays; `member` is a new object): `leave` and `join` with `identityOnly`, each only when it is an edge. */
  identify(room: string, member: Member): MaybePromise<void>;
  /**
   * Replaces the `info` of a member of this node, and delivers a MemberUpdatedEvent to the others in the room's order.
   * False, and nobody is told: it is not in the room, or this is what it was.
   */
  update(room: string, connection: string, info: unknown): MaybePromise<boolean>;
  /** At most `limit` members in the list, statuses included. */
  roster(room: string, limit: number): MaybePromise<Roster>;
  /** Connections in the room. */
  count(room: string): MaybePromise<number>;
  /** Whether the connection, or any connection of the user, is in the room. */
  contains(room: string, who: { connection: string } | { user: string }): MaybePromise<boolean>;
  /** The last one the store hears wins, whatever the clocks of nodes say; false: nothing changed. Kept until the user's last connection has been gone for a while. */
  setStatus(user: string, presence: UserPresence): MaybePromise<boolean>;
  /** `online` if the user is connected and never said otherwise, `offline` if not connected. */
  status(user: string): MaybePromise<UserPresence>;
}

export interface ConnectionInfo {
  id: string;
  user?: UserId;
  name: string;
  dialect: string;
  rooms: string[];
  /** Milliseconds since 1970. */
  createdAt: number;
  ip: string;
  node: string;
}

export type RoomType = "personal" | "group" | "custom";

export interface RoomInfo {
  id: string;
  type: RoomType;
  /** Connections in it, cluster-wide. */
  members: number;
}

export interface ConnectionQuery {
  /** The one connection with this id. */
  id?: string;
  user?: string;
  room?: string;
  /** Ids after this one, in ascending order. */
  cursor?: string;
  /** 0: only the total is asked for, which is cheap. */
  limit: number;
}

export interface RoomQuery {
  /** These rooms alone. */
  ids?: string[];
  type?: RoomType;
  /** Rooms of this user or connection. */
  member?: string;
  cursor?: string;
  limit: number;
}

export interface Page<T> {
  /** Ascending by id. */
  items: T[];
  /** Matches in all, whatever the limit. */
  total: number;
  /** Where the next page starts; absent on the last. */
  cursor?: string;
}

/** Connections and rooms of the cluster. */
export interface Directory {
  connections(query: ConnectionQuery): MaybePromise<Page<ConnectionInfo>>;
  rooms(query: RoomQuery): MaybePromise<Page<RoomInfo>>;
  /** Rooms, reserved ones included, in which any connection of the user is. */
  roomsOf(user: string): MaybePromise<string[]>;
  /**
   * Figures of every worker of this process, or of this node alone; they add up. A room of several workers counts once,
   * unless they share Redis.
   */
  stats(): MaybePromise<NodeStats[]>;
  /** Whether the node is there, and answers. */
  reaches(node: string): MaybePromise<boolean>;
}

/** Plain numbers, so that they add up over workers and travel between them. The hub says what they mean. */
export interface NodeStats {
  node: string;
  counters: Record<string, number>;
}

/** An event for one connection, wherever in the cluster it is. */
export interface Delivery {
  connection: string;
  event: RoomEvent;
  /** Claimed by the node that holds the connection, right before it delivers. */
  once?: OnceKey;
}

export interface Delivered {
  /** False: there is no such connection. */
  reached: boolean;
  /** It was a repeat, and is not delivered again. */
  duplicateOf?: Original;
}

/** What one node asks of the node that holds a connection, or of all nodes. */
export type NodeCommand =
  | { do: "kick"; connection?: string; user?: string; reason: string }
  | { do: "put_out"; room: string; member: string; reason: string }
  | { do: "move_group"; user: string; group: string; joined: boolean }
  | { do: "tell_members"; rooms: string[] };

/** Both throw `unavailable` if the node that holds the connection does not answer: then it may have happened. */
export interface Control {
  /** To the node that holds the connection the command names, otherwise to all; returns how many connections it reached. */
  execute(command: NodeCommand): MaybePromise<number>;
  /** What was not confirmed can be repeated without harm if it is sent `once`, and is delivered if it was not. */
  send(delivery: Delivery): MaybePromise<Delivered>;
}

/** What the directory and the control ask of nodes: a method of {@link LocalNode}, with what it is given. */
export type NodeQuestion =
  | { what: "connections"; query: ConnectionQuery }
  | { what: "rooms"; query: RoomQuery }
  | { what: "rooms_of"; user: string }
  /** Of the workers of this process alone. */
  | { what: "stats" }
  | { what: "execute"; command: NodeCommand }
  | { what: "send"; delivery: Delivery };

/** What a node answers to each. */
export interface NodeAnswers {
  connections: Page<ConnectionInfo>;
  rooms: RoomInfo[];
  rooms_of: string[];
  stats: NodeStats;
  execute: number;
  send: Delivered;
}

export interface Answers<T> {
  /** Of every node that has answered, in any order. */
  values: T[];
  /** How many nodes were asked, as far as that is known; 0: there is no such node. */
  asked: number;
}

/** What a broker needs of its node: implemented by the hub. */
export interface LocalNode {
  /** Head of the ids of this node's connections. */
  readonly id: string;
  deliver(routed: RoutedEvent): void;
  /** The answers for this node alone. */
  connections(query: ConnectionQuery): Page<ConnectionInfo>;
  /** Every match in any order, whatever `cursor` and `limit`; `members` counts this node's. */
  rooms(query: RoomQuery): RoomInfo[];
  roomsOf(user: string): string[];
  stats(): NodeStats;
  /** A payload of other nodes could not be understood: it is ignored, and counted here. */
  countInvalidPayload(): void;
  execute(command: NodeCommand): MaybePromise<number>;
  /** To a connection of this node. */
  send(delivery: Delivery): MaybePromise<Delivered>;
}
