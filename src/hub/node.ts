/**
 * What the broker and the other nodes may ask of this one: to deliver, to say who is here, to execute a command.
 *
 * It answers for the connections of this node alone, and asks no other node.
 */
import type { RuntimeAdapter } from "../adapter.ts";
import type {
  ConnectionInfo,
  ConnectionQuery,
  Delivered,
  Delivery,
  LocalNode,
  NodeCommand,
  NodeStats,
  Page,
  RoomInfo,
  RoomQuery,
  RoutedEvent,
} from "../broker.ts";
import type { Connection } from "./connection.ts";
import { CLOSE } from "../errors.ts";
import type { Hub } from "./hub.ts";
import { removeFromRoom } from "./identity.ts";
import { after, type MaybePromise, run, type Steps } from "../maybe.ts";
import * as membership from "./membership.ts";

/** Not a name of any room: its control character keeps everybody out. */
const NOWHERE = "\u0000nowhere";

export class Node implements LocalNode {
  readonly id: string;
  readonly #hub: Hub;
  readonly #adapter: Pick<RuntimeAdapter, "zombies">;

  constructor(hub: Hub, adapter: Pick<RuntimeAdapter, "zombies">) {
    this.id = hub.ids.node;
    this.#hub = hub;
    this.#adapter = adapter;
  }

  deliver(routed: RoutedEvent): void {
    this.#hub.deliver(routed);
  }

  connections(query: ConnectionQuery): Page<ConnectionInfo> {
    const all = this.#candidates(query);
    if (query.limit === 0) return { items: [], total: all.length };
    all.sort((a, b) => a.id < b.id ? -1 : 1);
    const rest = query.cursor === undefined ? all : all.filter(({ id }) => id > query.cursor!);
    const items = rest.slice(0, query.limit).map((connection) => this.#describe(connection));
    return { items, total: all.length, cursor: rest.length > items.length ? items.at(-1)?.id : undefined };
  }

  #candidates({ id, user, room }: ConnectionQuery): Connection[] {
    const found = this.#listed({ id, user });
    return room === undefined ? found : found.filter((connection) => connection.isIn(room));
  }

  #listed({ id, user }: Pick<ConnectionQuery, "id" | "user">): Connection[] {
    if (user !== undefined) return this.#connectionsOf(user);
    if (id === undefined) return [...this.#hub.connections.values()];
    const one = this.#hub.connections.get(id);
    return one ? [one] : [];
  }

  #describe({ id, identity, member, dialect, rooms, createdAt, address }: Connection): ConnectionInfo {
    const names = rooms.map((room) => room.name);
    const info = { id, name: member.name, dialect: dialect.name, rooms: names, createdAt, ip: address, node: this.id };
    return identity ? { ...info, user: identity.id } : info;
  }

  rooms({ ids, type, member }: RoomQuery): RoomInfo[] {
    const found: RoomInfo[] = [];
    const { rooms } = this.#hub;
    for (const room of ids?.map((id) => rooms.get(id)) ?? rooms.values()) {
      if (!room) continue;
      if (room.members.size === 0 || room.kind === "presence" || (type !== undefined && room.kind !== type)) continue;
      if (member !== undefined && ![...room.members].some((each) => is(each, member))) continue;
      found.push({ id: room.name, type: room.kind, members: room.members.size });
    }
    return found;
  }

  roomsOf(user: string): string[] {
    const names = new Set<string>();
    for (const connection of this.#connectionsOf(user)) for (const { name } of connection.rooms) names.add(name);
    return [...names];
  }

  stats(): NodeStats {
    const { stats, connections, unsent } = this.#hub;
    const counters = stats.snapshot({
      connections: connections.size,
      connectionsByDialect: this.#hub.countByDialect(),
      zombies: this.#adapter.zombies,
      unsentBytes: unsent.bytes,
    });
    return { node: this.id, counters };
  }

  countInvalidPayload(): void {
    this.#hub.stats.foreignPayloads.add();
  }

  send({ connection: id, event, once }: Delivery): MaybePromise<Delivered> {
    const connection = this.#hub.connections.get(id);
    if (!connection?.isOpen) return { reached: false };
    // Publishing into a room that nobody can be in claims the key, and says whose it is if it was claimed before.
    const claimed = once ? this.#hub.broker.publish({ room: NOWHERE, event }, { once }) : undefined;
    return after(claimed, (claim) => {
      if (claim?.duplicateOf) return { reached: true, duplicateOf: claim.duplicateOf };
      if (!connection.isOpen) return { reached: false };
      connection.tell(event);
      return { reached: true };
    });
  }

  execute(command: NodeCommand): MaybePromise<number> {
    if (command.do === "kick") return this.#kick(command);
    if (command.do === "tell_members") return this.#tellMembers(command);
    return command.do === "put_out" ? run(this.#remove(command)) : this.#moveGroup(command);
  }

  #kick({ connection: id, user, reason }: NodeCommand & { do: "kick" }): MaybePromise<number> {
    if (user !== undefined) this.#hub.kicks++;
    // A connection that is becoming the user just now is one of the user's when its turn is over.
    if (user !== undefined) return this.#hub.perUser.run(user, () => this.#end(this.#connectionsOf(user), reason));
    const one = id === undefined ? undefined : this.#hub.connections.get(id);
    return one ? this.#end([one], reason) : 0;
  }

  #end(targets: Connection[], reason: string): number {
    for (const connection of targets) this.#hub.disconnect(connection, CLOSE.kicked, reason);
    return targets.length;
  }

  #tellMembers({ rooms }: NodeCommand & { do: "tell_members" }): number {
    for (const name of rooms) {
      const room = this.#hub.rooms.get(name);
      if (room) this.#hub.views.rebuilt(room);
    }
    return 0;
  }

  /** Whoever the room sees under this user id, or has this connection id. */
  *#remove({ room: name, member, reason }: NodeCommand & { do: "put_out" }): Steps<number> {
    const room = this.#hub.rooms.get(name);
    if (!room) return 0;
    const targets = [...room.members].filter((each) => {
      const { connection, user } = room.memberOf(each);
      return connection === member || (user !== undefined && String(user) === member);
    });
    for (const connection of targets) yield* removeFromRoom(this.#hub, connection, { room: name, reason });
    return targets.length;
  }

  #moveGroup(command: NodeCommand & { do: "move_group" }): MaybePromise<number> {
    return this.#hub.perUser.run(command.user, () => run(this.#moveAll(command)));
  }

  *#moveAll({ user, group, joined }: NodeCommand & { do: "move_group" }): Steps<number> {
    const room = `group:${group}`;
    const targets = this.#connectionsOf(user);
    for (const connection of targets) {
      try {
        if (joined) yield* membership.joinReserved(this.#hub, connection, [room]);
        else yield* removeFromRoom(this.#hub, connection, { room, reason: "removed" });
      } catch (error) {
        // One that closes meanwhile does not keep the others from moving.
        if (connection.isOpen) throw error;
      }
    }
    return targets.length;
  }

  #connectionsOf(user: string): Connection[] {
    return [...this.#hub.rooms.get(`user:${user}`)?.members ?? []];
  }
}

function is(connection: Connection, member: string): boolean {
  return connection.id === member || connection.identity?.user === member;
}
