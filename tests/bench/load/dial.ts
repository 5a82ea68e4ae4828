/**
 * Raw TCP to one loopback port. `dialBun` is the one the benches use; the self-test of the checks brings its own for
 * other runtimes. A dialler hands over chunks as they come and must neither keep nor copy them.
 */
export interface Wire {
  write(bytes: Uint8Array): void;
  pause(): void;
  close(): void;
}

export interface WireHandler {
  onOpen(wire: Wire): void;
  /** The chunk belongs to the dialler again after the call. */
  onChunk(chunk: Uint8Array): void;
  /** Exactly once, also when the connection was never made. */
  onClose(reason: string): void;
}

export type Dial = (port: number, handler: WireHandler) => void;

class BunWire implements Wire {
  #unsent: Uint8Array | undefined;

  constructor(readonly socket: Bun.Socket<Link>) {}

  write(bytes: Uint8Array): void {
    const rest = this.#unsent ? new Uint8Array([...this.#unsent, ...bytes]) : bytes;
    const written = this.socket.write(rest);
    this.#unsent = written < rest.length ? rest.slice(Math.max(written, 0)) : undefined;
  }

  flush(): void {
    if (this.#unsent) this.write(new Uint8Array());
  }

  pause(): void {
    this.socket.pause();
  }

  close(): void {
    this.socket.terminate();
  }
}

interface Link {
  readonly handler: WireHandler;
  wire?: BunWire;
  closed: boolean;
}

function closeOnce(link: Link, reason: string): void {
  if (link.closed) return;
  link.closed = true;
  link.handler.onClose(reason);
}

export const dialBun: Dial = (port, handler) => {
  const link: Link = { handler, closed: false };
  Bun.connect<Link>({
    hostname: "127.0.0.1",
    port,
    data: link,
    socket: {
      binaryType: "uint8array",
      open: (socket) => handler.onOpen(socket.data.wire = new BunWire(socket)),
      data: (socket, chunk) => socket.data.handler.onChunk(chunk),
      drain: (socket) => socket.data.wire?.flush(),
      close: (socket) => closeOnce(socket.data, "closed"),
      end: (socket) => socket.data.wire?.close(),
      error: (socket, error) => closeOnce(socket.data, error.message),
    },
  }).catch((error: Error) => closeOnce(link, error.message));
};
