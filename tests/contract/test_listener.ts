/**
 * What the suites of the adapter's contract test: an adapter that listens, a handler that writes down what it is told, and clients
 * that are matched with their sockets.
 */
import type { ListenOptions, Peer, RuntimeAdapter, Socket, SocketHandler } from "../../src/adapter.ts";
import type { Frame } from "../../src/message.ts";
import { eventually, TcpSocket, type TcpSocketOptions, TestSocket, type TestSocketOptions } from "../harness.ts";

export type AdapterFactory = () => RuntimeAdapter | Promise<RuntimeAdapter>;

export interface End {
  socket: Socket;
  code: number;
  reason: string;
}

/** What a test wants to differ from the default: a handler that grants everything and answers nothing. */
export type Script = Partial<ListenOptions> & Partial<SocketHandler>;

export const LIMITS = {
  host: "127.0.0.1",
  maxFrameBytes: 64 * 1024,
  maxBufferedBytes: 256 * 1024,
  idleTimeoutMs: 0,
};

export class TestListener implements AsyncDisposable {
  readonly adapter: RuntimeAdapter;
  readonly ports: number[] = [];
  readonly opened: Socket[] = [];
  readonly received: { socket: Socket; frame: Frame }[] = [];
  readonly ends: End[] = [];
  readonly peers: Peer[] = [];
  /** Addresses of sockets that the runtime holds though they are over. */
  readonly held: string[] = [];
  #clients: (TestSocket | TcpSocket)[] = [];
  #paths = 0;

  constructor(adapter: RuntimeAdapter) {
    this.adapter = adapter;
  }

  static async start(factory: AdapterFactory, script: Script = {}): Promise<TestListener> {
    const listener = new TestListener(await factory());
    listener.listen(script);
    return listener;
  }

  listen(script: Script): number[] {
    const { fetch, upgrade, open, message, close, ...limits } = script;
    const handler: SocketHandler = {
      fetch: fetch ?? (() => new Response("plain")),
      upgrade: (request, peer) => {
        this.peers.push(peer);
        return upgrade?.(request, peer) ?? { context: pathOf(request) };
      },
      open: (socket) => {
        this.opened.push(socket);
        open?.(socket);
      },
      message: (socket, frame) => {
        this.received.push({ socket, frame });
        message?.(socket, frame);
      },
      close: (socket, code, reason) => {
        this.ends.push({ socket, code, reason });
        close?.(socket, code, reason);
      },
      held: (_socket, address) => void this.held.push(address),
      released: (_socket, address) => void this.held.splice(this.held.indexOf(address) >>> 0, 1),
    };
    const { ports } = this.adapter.listen({ ports: [0], ...LIMITS, ...limits }, handler);
    this.ports.push(...ports);
    return ports;
  }

  url(port: number = this.ports[0]): string {
    return `http://127.0.0.1:${port}`;
  }

  /** A client, and its socket on the server. */
  async client(options: TestSocketOptions & { port?: number } = {}): Promise<{ client: TestSocket; socket: Socket }> {
    const { port = this.ports[0], ...rest } = options;
    const path = this.#nextPath();
    const client = await TestSocket.open(`ws://127.0.0.1:${port}${path}`, rest);
    this.#clients.push(client);
    return { client, socket: await this.socketOf(path) };
  }

  /** A client by hand, and its socket on the server. */
  async peer(options: Partial<TcpSocketOptions> = {}): Promise<{ peer: TcpSocket; socket: Socket }> {
    const path = this.#nextPath();
    const peer = await this.handshake({ path, ...options });
    if (peer.status !== 101) throw new Error(`Cannot upgrade: the server answered ${peer.status}`);
    return { peer, socket: await this.socketOf(path) };
  }

  /** A client by hand, upgraded or not. */
  async handshake(options: Partial<TcpSocketOptions> = {}): Promise<TcpSocket> {
    const peer = await TcpSocket.open({ port: this.ports[0], ...options });
    this.#clients.push(peer);
    return peer;
  }

  socketOf(context: unknown): Promise<Socket> {
    return eventually(() => this.opened.find((socket) => socket.context === context));
  }

  /** The one end of the socket that the handler was told. */
  async endOf(socket: Socket, withinMs?: number): Promise<{ code: number; reason: string }> {
    const { code, reason } = await eventually(() => this.ends.find((end) => end.socket === socket), { withinMs });
    return { code, reason };
  }

  /** How often the handler was told the end of the socket. */
  endsOf(socket: Socket): number {
    return this.ends.filter((end) => end.socket === socket).length;
  }

  framesOf(socket: Socket): Frame[] {
    return this.received.filter((one) => one.socket === socket).map((one) => one.frame);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) if (client instanceof TcpSocket) client.destroy();
    await this.adapter.stop();
  }

  #nextPath(): string {
    return `/${this.#paths++}`;
  }
}

export function pathOf(request: Request): string {
  return new URL(request.url).pathname;
}

/** Resolves when everything that was on its way to the handler and back has arrived. */
export async function settled({ client, socket }: { client: TestSocket; socket: Socket }): Promise<void> {
  const mark = `mark ${crypto.randomUUID()}`;
  socket.send(mark);
  await client.next((frame) => frame === mark);
}
