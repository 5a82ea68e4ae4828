/**
 * Real clients of Socket.IO for end-to-end tests: everything they hear is kept, and every wait has a deadline.
 */
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { Inbox, PATIENCE_MS } from "../harness.ts";
import type { TestServer } from "./test_server.ts";

/** Without a namespace: `/`. */
export type ClientOptions = Partial<ManagerOptions & SocketOptions> & { namespace?: string };

/** The ways of the real client to the server. */
export const TRANSPORTS: Record<string, ("polling" | "websocket")[]> = {
  "by default": ["polling", "websocket"],
  "over WebSockets": ["websocket"],
  "by polling": ["polling"],
};

// deno-lint-ignore no-explicit-any
type Arguments = any[];

export class SocketioClient {
  readonly socket: Socket;
  /** `[event, ...arguments]`. */
  readonly inbox: Inbox<Arguments> = new Inbox();

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = io(url, { forceNew: true, reconnectionDelay: 20, ...options });
    this.socket.onAny((...event) => this.inbox.push(event));
  }

  /** Connected, or rejects with the error the server gave. */
  async connected(): Promise<this> {
    if (this.socket.connected) return this;
    await new Promise<void>((resolve, reject) => {
      this.socket.once("connect", resolve);
      this.socket.once("connect_error", reject);
    });
    return this;
  }

  say(event: string, ...args: unknown[]): void {
    this.socket.emit(event, ...args);
  }

  /** The acknowledgement. */
  // deno-lint-ignore no-explicit-any
  ask(event: string, ...args: unknown[]): Promise<any> {
    return this.socket.timeout(PATIENCE_MS).emitWithAck(event, ...args);
  }

  /** The first argument of the next event of this name that matches. */
  // deno-lint-ignore no-explicit-any
  async hear(event: string, matches: (argument: any) => boolean = () => true): Promise<any> {
    return (await this.inbox.take(([name, argument]) => name === event && matches(argument)))[1];
  }

  /** First arguments of all events of this name so far. */
  // deno-lint-ignore no-explicit-any
  heard(event: string): any[] {
    return this.inbox.all.filter(([name]) => name === event).map(([, argument]) => argument);
  }

  /** Everything the server had for it when this was called has arrived afterwards. */
  async settle(): Promise<void> {
    await this.ask("settle");
  }

  /** How frames travel right now. */
  get transport(): string {
    return this.socket.io.engine.transport.name;
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** The clients of one test, of users whose tokens the server signs. */
export class SocketioClients implements AsyncDisposable {
  readonly #server: TestServer;
  readonly #options: ClientOptions;
  readonly #clients: SocketioClient[] = [];

  constructor(server: TestServer, options: ClientOptions = {}) {
    this.#server = server;
    this.#options = options;
  }

  /** Without a user: a guest. */
  async connect(user?: string, options: ClientOptions = {}): Promise<SocketioClient> {
    const auth = user === undefined ? {} : { token: await this.#server.token(user) };
    return await this.open({ auth, ...options }).connected();
  }

  /** Not yet connected. */
  open({ namespace = "", ...options }: ClientOptions = {}): SocketioClient {
    const client = new SocketioClient(this.#server.url(namespace), { ...this.#options, ...options });
    this.#clients.push(client);
    return client;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    return Promise.resolve();
  }
}
