/**
 * Stand-ins for tests: a clock that moves when it is told to, and a node that writes down what a broker tells it.
 */
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
} from "../src/broker.ts";
import { pageOf } from "../src/brokers/cluster/pages.ts";
import { IdSource } from "../src/id.ts";
import type { Member, MembershipEvent, MessageEvent } from "../src/message.ts";
import { typeOfRoom } from "../src/room_name.ts";

export class FakeClock {
  #ms = 1_700_000_000_000;
  readonly now = (): number => this.#ms;

  advance(ms: number): void {
    this.#ms += ms;
  }
}

/** A node without sockets: connections are added by hand. */
export class FakeNode implements LocalNode {
  readonly ids = new IdSource();
  readonly id = this.ids.node;
  readonly delivered: RoutedEvent[] = [];
  readonly orders: NodeCommand[] = [];
  readonly deliveries: Delivery[] = [];
  invalidPayloads = 0;
  readonly #connections = new Map<string, ConnectionInfo>();

  /** A new connection of this node, in these rooms as far as the directory goes. */
  connect(user?: string, rooms: string[] = []): Member {
    const id = this.ids.next();
    const name = user ?? "guest";
    this.#connections.set(id, { id, user, name, dialect: "kebab", rooms, createdAt: 1, ip: "::1", node: this.id });
    return { connection: id, user, name };
  }

  disconnect({ connection }: Member): void {
    this.#connections.delete(connection);
  }

  deliver(routed: RoutedEvent): void {
    this.delivered.push(routed);
  }

  /** Events of one room, in the order of delivery. */
  eventsIn(room: string): RoutedEvent["event"][] {
    return this.delivered.filter((routed) => routed.room === room).map(({ event }) => event);
  }

  messagesIn(room: string): MessageEvent[] {
    return this.eventsIn(room).filter((event) => event.kind === "message");
  }

  /** `join`s and `leave`s of one room. */
  movesIn(room: string): MembershipEvent[] {
    return this.eventsIn(room).filter((event): event is MembershipEvent => {
      return event.kind === "join" || event.kind === "leave";
    });
  }

  connections(query: ConnectionQuery): Page<ConnectionInfo> {
    const matches = [...this.#connections.values()].filter(({ id, user, rooms }) =>
      (query.id === undefined || id === query.id) && (query.user === undefined || user === query.user) &&
      (query.room === undefined || rooms.includes(query.room))
    );
    return pageOf(matches, query);
  }

  rooms({ ids, type, member }: RoomQuery): RoomInfo[] {
    const rooms = new Map<string, RoomInfo>();
    const wanted = [...this.#connections.values()].filter(({ id, user }) =>
      !member || member === id || member === user
    );
    const names = new Set(ids ?? wanted.flatMap((connection) => connection.rooms));
    for (const connection of this.#connections.values()) {
      for (const id of connection.rooms.filter((name) => names.has(name))) {
        const room = rooms.get(id) ?? { id, type: typeOf(id), members: 0 };
        rooms.set(id, { ...room, members: room.members + 1 });
      }
    }
    return [...rooms.values()].filter((room) => !type || room.type === type);
  }

  roomsOf(user: string): string[] {
    const own = [...this.#connections.values()].filter((connection) => connection.user === user);
    return [...new Set(own.flatMap(({ rooms }) => rooms))];
  }

  stats(): NodeStats {
    return { node: this.id, counters: { connections: this.#connections.size } };
  }

  countInvalidPayload(): void {
    this.invalidPayloads++;
  }

  send(delivery: Delivery): Delivered {
    this.deliveries.push(delivery);
    return { reached: this.#connections.has(delivery.connection) };
  }

  execute(order: NodeCommand): number {
    this.orders.push(order);
    if ("connection" in order && order.connection !== undefined) return this.#connections.has(order.connection) ? 1 : 0;
    const user = order.do === "put_out" ? order.member : "user" in order ? order.user : undefined;
    return [...this.#connections.values()].filter((each) => each.user === user || each.id === user).length;
  }
}

function typeOf(room: string): RoomInfo["type"] {
  const type = typeOfRoom(room);
  return type === "presence" ? "custom" : type;
}
