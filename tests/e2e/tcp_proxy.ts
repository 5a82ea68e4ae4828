/**
 * A TCP link that can be cut and healed, and an address that can lead elsewhere: what is between a node and its Redis in
 * the fault tests.
 */
import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #mode: "open" | "cut" | "silent" = "open";
  /** How many connections there were. */
  accepted = 0;
  /** The port that new connections lead to. */
  target: number;

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((near) => {
      this.accepted++;
      if (this.#mode === "cut") return void near.destroy();
      const far = connect(this.target, "127.0.0.1");
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("The proxy does not listen");
    return address.port;
  }

  /** Every connection is reset, and new ones are. */
  cut(): void {
    this.#mode = "cut";
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Connections stay, and nothing gets through: as when a cable is pulled. */
  silence(): void {
    this.#mode = "silent";
  }

  /** New connections get through; those that were silenced stay lost. */
  heal(): void {
    if (this.#mode === "silent") { for (const socket of this.#sockets) socket.destroy(); }
    this.#mode = "open";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("data", (chunk: Buffer) => this.#mode === "open" && to.write(chunk));
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
