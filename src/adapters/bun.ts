/**
 * Parley on Bun: `Bun.serve` with native topics. https://bun.com/docs/runtime/http/websockets
 *
 * A publish is one native call per listening server, whatever the size of the topic, and what several publishes of one
 * turn have for one socket leaves in one write. One object exists per connection; nothing may be done per member here.
 */
import type { Certificate, ListenOptions, RuntimeAdapter, Socket, SocketHandler, UpgradeGrant } from "../adapter.ts";
import { refuseHandshake, refuseHost, refuseLate, wantsUpgrade } from "../adapter.ts";
import { CLOSE, ParleyError, reasonOf } from "../errors.ts";
import { after, type MaybePromise } from "../maybe.ts";
import type { Frame } from "../message.ts";

/** The largest that Bun accepts: long polls of Engine.IO wait for a ping interval and a ping timeout. */
const HTTP_IDLE_SECONDS = 255;
const MAX_IDLE_SECONDS = 960;
const UNLIMITED_FRAME_BYTES = 0xffff_ffff;
const STOPPED = "server stopped";
/** How long a stop waits for answers that are still being made. */
const STOP_GRACE_MS = 1_000;
/** Looking for backlogs may take one part in so many of the time, and only while there is one. */
const BACKLOG_LOOK_SHARE = 50;

/** An empty one keeps Bun from confirming the first subprotocol that the client offers. */
const NO_SUBPROTOCOL = { "sec-websocket-protocol": "" };

export class BunAdapter implements RuntimeAdapter {
  readonly runtime = "bun";
  /** Bun cuts a connection at once, or some seconds after a close that its peer does not agree to, and never says so. */
  readonly zombies = 0;
  #listeners: BunListener[] = [];

  listen(options: ListenOptions, handler: SocketHandler): { ports: number[] } {
    const opened: BunListener[] = [];
    try {
      for (const port of options.ports) opened.push(new BunListener(port, options, handler));
    } catch (error) {
      for (const listener of opened) void listener.stop();
      throw error;
    }
    this.#listeners = [...this.#listeners, ...opened];
    return { ports: opened.map((listener) => listener.port) };
  }

  publish(topic: string, frame: Frame, except?: Socket): void {
    const excepted = except instanceof BunSocket ? except : undefined;
    for (const listener of this.#listeners) listener.publish(topic, frame, excepted);
  }

  /** Bun's `reload` leaves the certificate as it is, so another server takes the port over, in this turn. */
  renewCertificate(tls: Certificate): boolean {
    for (const listener of this.#listeners.filter((each) => each.hasCertificate)) {
      void listener.retire().finally(() => this.#listeners = this.#listeners.filter((each) => each !== listener));
      this.#listeners = [...this.#listeners, listener.successor(tls)];
    }
    return true;
  }

  async stop(): Promise<void> {
    const stopping = this.#listeners.map((listener) => listener.stop());
    this.#listeners = [];
    await Promise.all(stopping);
  }
}

interface OwnClose {
  code: number;
  reason: string;
}

class BunSocket implements Socket {
  context: unknown;
  /** Set when the socket opens, before anybody sees it. */
  native!: Bun.ServerWebSocket<BunSocket>;
  readonly listener: BunListener;
  /** Said by this side; the native close event brings it to the handler. */
  closing?: OwnClose;
  /** Something was queued for it when it was last looked at. */
  hasBacklog = false;

  constructor(context: unknown, listener: BunListener) {
    this.context = context;
    this.listener = listener;
  }

  get bufferedBytes(): number {
    return this.native.getBufferedAmount();
  }

  send(frame: Frame): boolean {
    // Bytes sent, -1: queued, 0: dropped, or an empty frame.
    const sent = this.native.send(frame);
    if (sent < 0) this.hasBacklog = true;
    if (sent !== 0) return true;
    return frame.length === 0 && this.native.readyState === WebSocket.OPEN;
  }

  subscribe(topic: string): void {
    this.native.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.native.unsubscribe(topic);
  }

  close(code: number, reason: string): void {
    this.closing ??= { code, reason };
    this.native.close(code, reason);
  }

  abandon(code: number, reason: string): void {
    this.closing ??= { code, reason };
    this.native.terminate();
  }
}

/** One listening server; its topics are its own. */
class BunListener {
  readonly port: number;
  readonly #server: Bun.Server<BunSocket>;
  readonly #handler: SocketHandler;
  readonly #options: ListenOptions;
  readonly #sockets: Set<BunSocket> = new Set();
  /** Runs while the last look is fresh. */
  #looked?: ReturnType<typeof setTimeout>;
  #unseenBacklog = false;
  #stopping = false;
  #retired = false;

  constructor(port: number, options: ListenOptions, handler: SocketHandler) {
    this.#handler = handler;
    this.#options = options;
    try {
      this.#server = this.#serve(port, options);
    } catch (error) {
      const why = reasonOf(error);
      throw new ParleyError("unavailable", `Cannot listen on "${options.host}:${port}": ${why}`);
    }
    this.port = this.#server.port ?? port;
  }

  publish(topic: string, frame: Frame, except?: BunSocket): void {
    // A socket's own publish leaves itself out, also when it has closed; the other servers do not know it.
    const sent = except?.listener === this ? except.native.publish(topic, frame) : this.#server.publish(topic, frame);
    if (sent < 0) this.#lookForBacklog();
  }

  /** One that whoever connects now would be shown. */
  get hasCertificate(): boolean {
    return this.#options.tls !== undefined && !this.#retired;
  }

  /** Takes no new connection from now on; resolves when the last one has ended. */
  retire(): Promise<void> {
    this.#retired = true;
    return this.#server.stop();
  }

  /** On the same port, which this one has to be retired from. */
  successor(tls: Certificate): BunListener {
    return new BunListener(this.port, { ...this.#options, tls }, this.#handler);
  }

  /** Bun sends what is queued for closed sockets by itself, unless the server is stopped by force: for late answers. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const socket of this.#sockets) socket.close(CLOSE.goingAway, STOPPED);
    clearTimeout(this.#looked);
    const force = setTimeout(() => void this.#server.stop(true), STOP_GRACE_MS);
    await this.#server.stop();
    clearTimeout(force);
  }

  #serve(port: number, options: ListenOptions): Bun.Server<BunSocket> {
    return Bun.serve<BunSocket>({
      port,
      hostname: options.host,
      reusePort: options.reusePort ?? false,
      ...(options.tls && { tls: options.tls }),
      development: false,
      idleTimeout: HTTP_IDLE_SECONDS,
      fetch: (request, server) => this.#fetch(request, server),
      websocket: {
        maxPayloadLength: options.maxFrameBytes || UNLIMITED_FRAME_BYTES,
        backpressureLimit: options.maxBufferedBytes,
        // Without it a slow reader silently loses frames and stays connected.
        closeOnBackpressureLimit: true,
        idleTimeout: Math.min(Math.ceil(options.idleTimeoutMs / 1000), MAX_IDLE_SECONDS),
        sendPings: true,
        // Compression per subscriber costs ten times the publish.
        perMessageDeflate: false,
        open: (native) => this.#open(native),
        message: (native, frame) => this.#handler.message(native.data, frame),
        drain: ({ data }) => void (data.hasBacklog = data.bufferedBytes > 0),
        close: (native, code, reason) => this.#close(native.data, code, reason),
      },
    });
  }

  // Undefined tells Bun that the request has become a WebSocket.
  #fetch(request: Request, server: Bun.Server<BunSocket>): MaybePromise<Response | undefined> {
    const refused = refuseHost(request);
    if (refused) return refused;
    const peer = {
      address: server.requestIP(request)?.address ?? "",
      port: this.port,
      secure: this.#options.tls !== undefined,
    };
    if (!wantsUpgrade(request)) {
      return after(this.#handler.fetch(request, peer), (response) => echoClose(request, response));
    }
    if (this.#stopping) return refuseLate();
    return refuseHandshake(request) ??
      after(this.#handler.upgrade(request, peer), (answer) => this.#admit(request, answer));
  }

  #admit(request: Request, answer: Response | UpgradeGrant): Response | undefined {
    if (answer instanceof Response) return echoClose(request, answer);
    const { context, subprotocol } = answer;
    const headers = subprotocol === undefined ? NO_SUBPROTOCOL : { "sec-websocket-protocol": subprotocol };
    const upgraded = this.#server.upgrade(request, { data: new BunSocket(context, this), headers });
    return upgraded ? undefined : new Response("Cannot upgrade: the connection is gone", { status: 400 });
  }

  #open(native: Bun.ServerWebSocket<BunSocket>): void {
    const socket = native.data;
    socket.native = native;
    native.binaryType = "uint8array";
    this.#sockets.add(socket);
    this.#handler.open(socket);
    if (this.#stopping) socket.close(CLOSE.goingAway, STOPPED);
  }

  #close(socket: BunSocket, code: number, reason: string): void {
    this.#sockets.delete(socket);
    const { closing } = socket;
    // Bun reports a close of our own from inside the call.
    if (closing) queueMicrotask(() => this.#handler.close(socket, closing.code, closing.reason));
    else this.#handler.close(socket, this.#codeOf(socket, code, reason), reason);
  }

  #codeOf(socket: BunSocket, code: number, reason: string): number {
    if (code !== 1006) return code;
    if (reason !== "") return FAULTS[reason] ?? (reason.startsWith("Received ") ? PROTOCOL_ERROR : code);
    return socket.hasBacklog || this.#unseenBacklog ? CLOSE.slowConsumer : code;
  }

  /**
   * A publish queued something for somebody: note for whom, and again later while it goes on. Bun cuts a socket whose
   * backlog has grown over the limit just as a peer would that goes away; the backlog is all that tells them apart.
   */
  #lookForBacklog(): void {
    this.#unseenBacklog = this.#looked !== undefined;
    if (this.#unseenBacklog) return;
    const start = performance.now();
    for (const socket of this.#sockets) if (socket.bufferedBytes > 0) socket.hasBacklog = true;
    this.#looked = setTimeout(() => {
      this.#looked = undefined;
      if (this.#unseenBacklog) this.#lookForBacklog();
    }, (performance.now() - start) * BACKLOG_LOOK_SHARE);
  }
}

const PROTOCOL_ERROR = 1002;

/** What Bun's close event says beside 1006, and what it means. */
const FAULTS: Record<string, number> = {
  "Received too big message": CLOSE.tooLarge,
  "Received invalid UTF-8": 1007,
  "WebSocket timed out from inactivity": CLOSE.heartbeatTimeout,
};

/** Bun closes as asked but does not say so, and clients that keep connections would use a dead one again. */
function echoClose(request: Request, response: Response): Response {
  if (/\bclose\b/i.test(request.headers.get("connection") ?? "")) response.headers.set("connection", "close");
  return response;
}
