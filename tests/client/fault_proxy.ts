/**
 * A TCP proxy that does to connections what networks do: cuts them, holds them up, stalls them, turns new ones away, and
 * ends them with a close code of its choice. It never reorders and never changes a byte that it lets through.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  client: Socket;
  server: Socket;
  /** Where the stream of the server's frames stands; close frames go in between two. */
  edge: FrameEdge;
}

export class FaultProxy implements AsyncDisposable {
  /** New connections are cut at once. */
  isRefusing = false;
  /** Held up this long, in both directions. */
  delayMs = 0;
  /** Connections accepted so far. */
  accepted = 0;
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** In front of a port of the loopback. */
  static open(targetPort: number): Promise<FaultProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer().once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        if (typeof address !== "object" || !address) return reject(new Error("no port"));
        const proxy = new FaultProxy(server, address.port);
        server.on("connection", (client) => proxy.#accept(client, targetPort));
        resolve(proxy);
      });
    });
  }

  url(path: string): string {
    return `ws://127.0.0.1:${this.port}${path}`;
  }

  get open(): number {
    return this.#pairs.size;
  }

  /** Both ends, at once and without a closing. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#pairs.clear();
  }

  /** Nothing passes until `resume`; what is sent meanwhile is held, not lost. */
  stall(): void {
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  resume(): void {
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** The client sees this code; the server sees its peer vanish. */
  closeWith(code: number): void {
    for (const pair of this.#pairs) {
      pair.server.destroy();
      pair.client.end(Uint8Array.from(pair.edge.isBetweenFrames ? [0x88, 2, code >> 8, code & 0xff] : []));
    }
    this.#pairs.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket, targetPort: number): void {
    this.accepted++;
    client.on("error", () => client.destroy());
    if (this.isRefusing) return void client.destroy();
    const server = connect(targetPort, "127.0.0.1");
    server.on("error", () => client.destroy());
    const pair = { client, server, edge: new FrameEdge() };
    this.#pairs.add(pair);
    this.#forward(client, server);
    this.#forward(server, client, pair.edge);
    for (const end of [client, server]) {
      end.on("close", () => {
        this.#pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
  }

  /** Timers of one delay fire in order; a shorter delay waits for the longer one before it. */
  #forward(from: Socket, to: Socket, edge?: FrameEdge): void {
    let freeAt = 0;
    from.on("data", (chunk: Buffer) => {
      const pass = () => {
        edge?.feed(chunk);
        if (!to.destroyed) to.write(chunk);
      };
      const now = performance.now();
      freeAt = Math.max(freeAt, now + this.delayMs);
      if (freeAt <= now) pass();
      else setTimeout(pass, freeAt - now);
    });
  }
}

/** Follows a server's stream, from the HTTP answer on, to know where one frame ends. Server frames carry no mask. */
class FrameEdge {
  #head: number[] = [];
  #left = 0;
  #inHttp = true;

  get isBetweenFrames(): boolean {
    return !this.#inHttp && this.#left === 0 && this.#head.length === 0;
  }

  feed(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at);
        this.#left -= step;
        at += step;
        continue;
      }
      this.#head.push(chunk[at++]);
      if (this.#inHttp) this.#endHttp();
      else this.#endHead();
    }
  }

  #endHttp(): void {
    if (String.fromCharCode(...this.#head.slice(-4)) !== "\r\n\r\n") return;
    this.#inHttp = false;
    this.#head = [];
  }

  #endHead(): void {
    const [, short = -1] = this.#head;
    const size = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (short < 0 || this.#head.length < size) return;
    this.#left = size === 2 ? short : this.#head.slice(2).reduce((sum, byte) => sum * 256 + byte, 0);
    this.#head = [];
  }
}
