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
  /** How often something was asked after an answer had come, on whatever connection: what waits for each other. */
  roundTrips = 0;
  #isAnswered = true;
  readonly #answerAfterMs: number;

  private constructor(target: number, answerAfterMs: number) {
    this.target = target;
    this.#answerAfterMs = answerAfterMs;
    this.#server = createServer((near) => {
      this.accepted++;
      if (this.#mode === "cut") return void near.destroy();
      const far = connect(this.target, "127.0.0.1");
      this.#join(near, far, (chunk) => this.#ask(far, chunk));
      this.#join(far, near, (chunk) => this.#answer(near, chunk));
    });
  }

  /** Answers take so long: then what is asked together is surely asked before any of it is answered. */
  static async start(target: number, { answerAfterMs = 0 } = {}): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, answerAfterMs);
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

  #ask(server: Socket, chunk: Buffer): void {
    if (this.#isAnswered) this.roundTrips++;
    this.#isAnswered = false;
    server.write(chunk);
  }

  #answer(client: Socket, chunk: Buffer): void {
    const write = () => {
      this.#isAnswered = true;
      client.write(chunk);
    };
    if (this.#answerAfterMs > 0) setTimeout(write, this.#answerAfterMs);
    else write();
  }

  #join(from: Socket, to: Socket, forward: (chunk: Buffer) => void): void {
    this.#sockets.add(from);
    from.on("data", (chunk: Buffer) => this.#mode === "open" && forward(chunk));
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
