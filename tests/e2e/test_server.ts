/**
 * A server and its clients for end-to-end tests: real sockets, JSON frames, no waiting without a deadline.
 */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { createLog, type Log } from "../../src/log.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { demoPages } from "../../src/demo/pages.ts";
import { createServer, ParleyServer, type ServerOptions } from "../../src/mod.ts";
import * as executable from "../../src/server.ts";
import type { DialectFamily } from "../../src/dialects/family.ts";
import type { PubsubSettings } from "../pubsub_dialect.ts";
import { signToken, type TokenContent } from "../../src/verifiers/sign.ts";
import { TestSocket, type TestSocketOptions } from "../harness.ts";

export type JsonFrame = Record<string, unknown>;

const SECRET = "a secret of at least thirty-two bytes";

/** A client that speaks JSON. */
export class JsonClient {
  readonly socket: TestSocket;

  constructor(socket: TestSocket) {
    this.socket = socket;
  }

  say(frame: JsonFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame, not yet taken, that has all of these fields. */
  async hear(expected: JsonFrame): Promise<JsonFrame> {
    const frame = await this.socket.inbox.take((text) => includes(parse(text), expected));
    return parse(frame);
  }

  /** Says and hears the answer. */
  ask(frame: JsonFrame, expected: JsonFrame): Promise<JsonFrame> {
    const heard = this.hear(expected);
    this.say(frame);
    return heard;
  }

  /** All frames so far that have these fields. */
  heard(expected: JsonFrame = {}): JsonFrame[] {
    return this.socket.frames.map(parse).filter((frame) => includes(frame, expected));
  }

  /** Everything the server had for it when this was called has arrived afterwards. */
  async settle(): Promise<void> {
    this.say({ type: "ping" });
    this.say({ type: "heartbeat" });
    // One of the two is this dialect's; both are answered, the other one with an error.
    await this.socket.inbox.take((text) => ["pong", "heartbeat"].includes(String(parse(text).type)));
  }

  close(): void {
    this.socket.close();
  }
}

function parse(frame: string | Uint8Array): JsonFrame {
  return JSON.parse(String(frame));
}

/** Whether `frame` has every field of `expected`, at every depth; arrays are compared whole. */
function includes(frame: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null) return frame === expected;
  if (typeof frame !== "object" || frame === null) return false;
  if (Array.isArray(expected)) return JSON.stringify(frame) === JSON.stringify(expected);
  return Object.entries(expected).every(([key, value]) => includes((frame as JsonFrame)[key], value));
}

export interface TestServerOptions extends ServerOptions, PubsubSettings {
  /** Other dialects than there are by default. */
  families?: readonly DialectFamily[];
}

export class TestServer implements AsyncDisposable {
  readonly parley: ParleyServer;
  readonly log: string[];
  readonly #clients: JsonClient[] = [];

  private constructor(server: ParleyServer, log: string[]) {
    this.parley = server;
    this.log = log;
  }

  /** A server in this process with a known secret and, unless said otherwise, without limits on rates. */
  static async open(options: TestServerOptions = {}): Promise<TestServer> {
    const lines: string[] = [];
    const log: Log = createLog({ level: "debug", write: (line) => lines.push(line) });
    const defaults = {
      ports: [0],
      host: "127.0.0.1",
      jwtSecret: SECRET,
      websocketConnectRate: 0,
      websocketMessageRate: 0,
      websocketByteRate: 0,
      websocketJoinRate: 0,
    };
    const all = { ...defaults, websocketDrainMs: 500, log, ...options };
    const isOwn = options.demo || options.families;
    return new TestServer(await (isOwn ? createOwn(all) : createServer(all)), lines);
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.parley.port}${path}`;
  }

  ws(path: string): string {
    return `ws://127.0.0.1:${this.parley.port}${path}`;
  }

  token(user: string, content: Partial<TokenContent> = {}): Promise<string> {
    return signToken({ user, ttlMs: 60_000, ...content }, { secret: SECRET });
  }

  /** A token with exactly these claims. */
  sign(claims: Record<string, unknown>): string {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const head = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
    return `${head}.${createHmac("sha256", SECRET).update(head).digest("base64url")}`;
  }

  async client(path: string, options?: TestSocketOptions): Promise<JsonClient> {
    const client = new JsonClient(await TestSocket.open(this.ws(path), options));
    this.#clients.push(client);
    return client;
  }

  /** An envelope client of a user, greeted. */
  async envelope(user: string, content: Partial<TokenContent> = {}): Promise<JsonClient> {
    const client = await this.client(`/websocket/connect?token=${await this.token(user, content)}`);
    await client.hear({ type: "system_notification" });
    return client;
  }

  /** A snake client of a user, greeted. */
  async snake(user: string, content: Partial<TokenContent> = {}): Promise<JsonClient> {
    const client = await this.client(`/ws?token=${await this.token(user, content)}`);
    await client.hear({ type: "connected" });
    return client;
  }

  /** A kebab client, a guest or a user, greeted. */
  async kebab(user?: string, content: Partial<TokenContent> = {}): Promise<JsonClient> {
    const client = await this.client("/ws?dialect=kebab");
    await client.hear({ type: "connected" });
    if (user !== undefined) {
      const token = await this.token(user, content);
      await client.ask({ type: "authenticate", token }, { type: "authenticated" });
    }
    return client;
  }

  /** A plain client, a guest or a user. */
  async plain(user?: string, content: Partial<TokenContent> = {}): Promise<JsonClient> {
    if (user === undefined) return await this.client("/ws?dialect=plain");
    return await this.client(`/ws/auth?token=${await this.token(user, content)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.parley.stop();
  }
}

/** How each dialect joins a room, and what it hears when it has. */
export const JOIN: Record<string, (room: string) => [JsonFrame, JsonFrame]> = {
  envelope: (
    room,
  ) => [{ type: "system", id: `join ${room}`, data: { action: "join", room } }, { type: "room_joined", room }],
  kebab: (roomId) => [{ type: "join-room", roomId }, { type: "room-joined", roomId }],
  snake: (roomId) => [{ type: "join_room", roomId }, { type: "online_update", roomId }],
  plain: (room) => [{ type: "join", room }, { type: "user_list", room }],
};

/** With what a program that embeds a server does not get: pages in demo mode, as the executable, and other dialects. */
async function createOwn({ hooks, log, families, ...settings }: TestServerOptions): Promise<ParleyServer> {
  const extras = { hooks, log, families, pages: demoPages };
  return new ParleyServer(await executable.createServer(defaultConfig(settings, families), extras));
}
