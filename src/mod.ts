/**
 * Parley as a library: the same server inside a Bun or Deno program.
 *
 * ```ts
 * import { createServer } from "parley-server";
 * const server = await createServer({ ports: [3000], jwtSecret });
 * server.on("orders:create", (from, order: Order, ack: Acknowledge) => ack({ accepted: true, by: from.userId, order }));
 * ```
 */
import type { Socket } from "./adapter.ts";
import { type PublishedMessage, type Sent, type ServerEventInput } from "./commands/server_api.ts";
import { type Config, type ConfigOverrides, defaultConfig, weaknessesOf } from "./config/config.ts";
import { DIALECT_FAMILIES } from "./dialects/all.ts";
import { ParleyError } from "./errors.ts";
import {
  type Acknowledge,
  checkHooks,
  type Client,
  clientOf,
  type EventHandler,
  type Hooks,
  type UserClaims,
} from "./policies/hooks.ts";
import { jsonValue } from "./json.ts";
import type { Log } from "./log.ts";
import { run } from "./maybe.ts";
import type { StreamPosition } from "./message.ts";
import type { Arrival, MemberTerms } from "./policy.ts";
import { isRoomName, ROOM_NAME_RULE } from "./room_name.ts";
import { createServer as start, type Running } from "./server.ts";

export { ParleyError };
export type {
  Acknowledge,
  Arrival,
  Client,
  Config,
  ConfigOverrides,
  EventHandler,
  Hooks,
  Log,
  MemberTerms,
  UserClaims,
};
export type { PublishedMessage, Sent, StreamPosition };

export interface ServerOptions extends ConfigOverrides {
  hooks?: Hooks;
  log?: Log;
}

/**
 * An event of the server's own: any JSON object with a `type`. `notification` to a user is stored in the inbox as well.
 */
export type ServerMessage = { type: string } & Record<string, unknown>;

/** A message from the program's own backend; what it gives of id, time and sender is published as given. */
export interface BackendMessage {
  id?: string | number;
  content?: string;
  /** Milliseconds since 1970, or what `Date` parses. */
  timestamp?: number | string;
  sender_user_id?: string | number;
  sender_name?: string;
  [field: string]: unknown;
}

/** Throws `bad_message` with every wrong setting or hook, and an Error if a port cannot be bound. */
export async function createServer(options: ServerOptions = {}): Promise<ParleyServer> {
  const { hooks = {}, log, ...overrides } = options;
  checkHooks(hooks);
  const config = defaultConfig(overrides, DIALECT_FAMILIES);
  const running = await start(config, { hooks, log });
  for (const weakness of weaknessesOf(config)) running.hub.log.warn(weakness);
  return new ParleyServer(running);
}

/**
 * What sends rejects with `bad_message` for what is not a room, a user or a time and for what JSON cannot hold, and with
 * `unavailable` while the broker is away.
 */
export class ParleyServer {
  readonly #running: Running;

  /** @internal */
  constructor(running: Running) {
    this.#running = running;
  }

  /** The first of {@link ports}. */
  get port(): number {
    return this.#running.ports[0]!;
  }

  get ports(): readonly number[] {
    return this.#running.ports;
  }

  /** Empty unless the admin API has a port of its own. */
  get adminPorts(): readonly number[] {
    return this.#running.adminPorts;
  }

  /**
   * Handles an event of the program's own: `(from, ...args)`, with `ack` behind the arguments if the client waits for one.
   * One handler per name. Throws TypeError for a name with a meaning: such events go their way, and hooks see them.
   */
  on<Args extends unknown[]>(name: string, handler: EventHandler<Args>): this {
    // What arrives is the client's choice; its types are the program's word for it.
    this.#running.handle(name, handler as unknown as EventHandler);
    return this;
  }

  /** Rejects with `not_found` if the connection is nowhere in the cluster. */
  async sendToClient(connection: string, message: ServerMessage): Promise<Sent> {
    return await run(this.#running.api.sendToClient(connection, eventInputOf(message)));
  }

  /**
   * Sends an event to a Socket.IO client of this node and resolves to the first argument of its acknowledgement. Rejects
   * with `not_found`, `unsupported_type` (its dialect knows no acknowledgements) or `unavailable` (none in time).
   */
  async ask(connection: string, name: string, data: unknown, timeoutMs = 10_000): Promise<unknown> {
    const socket = this.#socketOf(connection, "ask");
    if (!socket.ask) {
      throw new ParleyError("unsupported_type", `Cannot ask connection "${connection}": its dialect has no answers`);
    }
    const [answer] = await socket.ask(name, [data], timeoutMs);
    return answer;
  }

  /**
   * Sends an event with any arguments, binary ones too, to a Socket.IO client of this node. Throws `not_found`,
   * `unsupported_type` (its dialect has other events) or `bad_message` (what the protocol cannot carry).
   */
  sendEvent(connection: string, name: string, ...args: unknown[]): void {
    const socket = this.#socketOf(connection, "send an event to");
    if (!socket.sendEvent) {
      const why = "its dialect has no events of any name";
      throw new ParleyError("unsupported_type", `Cannot send an event to connection "${connection}": ${why}`);
    }
    socket.sendEvent(name, args);
  }

  #socketOf(connection: string, attempt: string): Socket {
    const found = this.#running.hub.connections.get(connection);
    if (found) return found.socket;
    throw new ParleyError("not_found", `Cannot ${attempt} connection "${connection}": it is not here`);
  }

  async sendToUser(user: string | number, message: ServerMessage): Promise<Sent> {
    return await run(this.#running.api.sendToUser(named(idText(user, "user")), eventInputOf(message)));
  }

  async sendToRoom(room: string, message: ServerMessage): Promise<Sent> {
    return await run(this.#running.api.sendToRoom(named(room), eventInputOf(message)));
  }

  async broadcast(message: ServerMessage): Promise<Sent> {
    return await run(this.#running.api.broadcast(eventInputOf(message)));
  }

  /** An ordinary message from `server`: `text` of it, if any, is what text-only dialects show. */
  async publish(room: string, data: unknown): Promise<PublishedMessage> {
    return await run(this.#running.api.publish(named(room), { data: jsonValue(data, "publish") }));
  }

  /** For a backend that stores messages itself: each dialect shows it in its own shape. */
  async broadcastNewMessage(room: string, message: BackendMessage): Promise<PublishedMessage> {
    const { id: given, content, timestamp, sender_user_id: user, sender_name: name, ...rest } = message;
    const id = given === undefined ? undefined : idText(given, "id");
    if (user !== undefined) idText(user, "sender_user_id");
    const isNamed = user !== undefined || name !== undefined;
    const from = isNamed ? { connection: "server", user, name: name ?? String(user) } : undefined;
    const data = jsonValue(content === undefined ? rest : { ...rest, text: content }, "publish");
    const time = timestamp === undefined ? undefined : new Date(timestamp).getTime();
    return await run(this.#running.api.publish(named(room), { id, timestamp: time, from, data }));
  }

  /** A connection of this node. */
  getClient(connection: string): Client | undefined {
    const found = this.#running.hub.connections.get(connection);
    return found && clientOf(found);
  }

  /** The members of a room on this node. */
  getRoom(room: string): Client[] {
    return [...this.#running.hub.rooms.get(room)?.members ?? []].map(clientOf);
  }

  getClientCount(): number {
    return this.#running.hub.connections.size;
  }

  /** Rooms with members on this node, personal and group rooms left out. */
  getRoomCount(): number {
    let count = 0;
    for (const { kind, members } of this.#running.hub.rooms.values()) {
      if (kind === "custom" && members.size > 0) count++;
    }
    return count;
  }

  /** Drains and ends; idempotent. */
  async stop(): Promise<void> {
    await this.#running.stop();
  }
}

function eventInputOf(message: ServerMessage): ServerEventInput {
  const { type, ...fields } = jsonValue(message, "send") as ServerMessage;
  if (typeof type !== "string" || type === "") throw new ParleyError("bad_message", 'Cannot send: "type" is missing');
  return { type, fields };
}

/** An id as a key. A number that JSON or a double has rounded may be somebody else's. */
function idText(id: string | number, field: string): string {
  if (typeof id !== "number" || Number.isSafeInteger(id)) return String(id);
  throw new ParleyError(
    "bad_message",
    `Cannot send: "${field}" is not a whole number within ±(2^53−1), write it as a string`,
  );
}

/** A room, or a user whose room bears the name. */
function named(name: string): string {
  if (!isRoomName(name)) throw new ParleyError("bad_message", `Cannot send to "${name}": it ${ROOM_NAME_RULE}`);
  return name;
}
