/**
 * Parley on Deno: `Deno.serve` and `Deno.upgradeWebSocket`, with topics in JavaScript. https://docs.deno.com/api/deno/
 *
 * Deno cannot cut a connection and buffers without end for a peer that does not read, so every send looks at the
 * buffer first. The loop of `publish` is the hot path: nothing may be encoded, copied or allocated per member in it.
 */
import type { ListenOptions, RuntimeAdapter, Socket, SocketHandler, UpgradeGrant } from "../adapter.ts";
import { refuseHandshake, refuseHost, refuseLate, wantsUpgrade } from "../adapter.ts";
import { CLOSE, ParleyError, reasonOf } from "../errors.ts";
import { after, type MaybePromise } from "../maybe.ts";
import type { Frame } from "../message.ts";
import { Topics } from "./topics.ts";
import { ReceiveBudget } from "./receive_budget.ts";
import { Openings } from "./handshake.ts";

type Respond = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Response | Promise<Response>;

export class DenoAdapter implements RuntimeAdapter {
  readonly runtime = "deno";
  readonly #topics: Topics<DenoSocket> = new Topics();
  #listeners: DenoListener[] = [];

  get zombies(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.zombies, 0);
  }

  listen(options: ListenOptions, handler: SocketHandler): { ports: number[] } {
    const opened: DenoListener[] = [];
    try {
      for (const port of options.ports) opened.push(new DenoListener(port, options, { handler, topics: this.#topics }));
    } catch (error) {
      for (const listener of opened) void listener.stop();
      throw error;
    }
    this.#listeners = [...this.#listeners, ...opened];
    return { ports: opened.map((listener) => listener.port) };
  }

  publish(topic: string, frame: Frame, except?: Socket): void {
    for (const socket of this.#topics.subscribers(topic)) if (socket !== except) socket.send(frame);
  }

  /** Deno takes a certificate when it starts to listen, and cannot stop listening without closing all connections. */
  renewCertificate(): boolean {
    return false;
  }

  async stop(): Promise<void> {
    const stopping = this.#listeners.map((listener) => listener.stop());
    this.#listeners = [];
    await Promise.all(stopping);
  }
}

/** One listening server. */
class DenoListener {
  readonly port: number;
  readonly handler: SocketHandler;
  readonly topics: Topics<DenoSocket>;
  readonly maxFrameBytes: number;
  readonly maxBufferedBytes: number;
  readonly budget: ReceiveBudget<DenoSocket>;
  readonly #idleSeconds: number;
  readonly #secure: boolean;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  /** Until the runtime reports their close. */
  readonly #sockets: Set<DenoSocket> = new Set();
  readonly #openings: Openings<DenoSocket> = new Openings();
  /** Requests that are being answered. */
  #pending = 0;
  #stopping = false;
  /** Of the sockets, those whose end the handler knows. */
  zombies = 0;

  constructor(port: number, options: ListenOptions, { handler, topics }: Pick<DenoListener, "handler" | "topics">) {
    this.handler = handler;
    this.topics = topics;
    this.maxFrameBytes = options.maxFrameBytes || Infinity;
    this.maxBufferedBytes = options.maxBufferedBytes || Infinity;
    this.budget = new ReceiveBudget(this.maxBufferedBytes, (socket, frame) => socket.handle(frame));
    this.#idleSeconds = options.idleTimeoutMs / 1000;
    this.#secure = options.tls !== undefined;
    try {
      this.#server = this.#serve(port, options);
    } catch (error) {
      const why = reasonOf(error);
      throw new ParleyError("unavailable", `Cannot listen on "${options.host}:${port}": ${why}`);
    }
    this.port = this.#server.addr.port;
  }

  /**
   * Waits until the peers have agreed to the closing and who is just coming in has been told, not for long; then cuts
   * what is left, long polls too.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const socket of this.#sockets) socket.close(CLOSE.goingAway, STOPPED);
    await this.#untilEmpty(performance.now() + STOP_GRACE_MS);
    // Not `shutdown`: it says its own closing, waits for every answer, and cannot be followed by an abort.
    this.#abort.abort();
    await this.#server.finished;
  }

  opened(socket: DenoSocket): void {
    this.#openings.opened(socket);
    this.#sockets.add(socket);
    this.handler.open(socket);
    if (this.#stopping) socket.close(CLOSE.goingAway, STOPPED);
  }

  gone(socket: DenoSocket): void {
    this.#sockets.delete(socket);
  }

  async #untilEmpty(byMs: number): Promise<void> {
    while (this.#isBusy && performance.now() < byMs) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  get #isBusy(): boolean {
    return this.#sockets.size > 0 || this.#pending > 0 || !this.#openings.areOver;
  }

  #serve(port: number, { host, reusePort = false, tls }: ListenOptions): Deno.HttpServer<Deno.NetAddr> {
    const respond: Respond = (request, info) => this.#respond(request, info);
    const { signal } = this.#abort;
    return Deno.serve({ port, hostname: host, reusePort, signal, onListen: () => undefined, ...tls }, respond);
  }

  #respond(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): MaybePromise<Response> {
    this.#pending++;
    return after(this.#answer(request, info), (response) => {
      this.#pending--;
      return response;
    });
  }

  #answer(request: Request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>): MaybePromise<Response> {
    const refused = refuseHost(request);
    if (refused) return refused;
    const peer = { address: remoteAddr.hostname, port: this.port, secure: this.#secure };
    if (!wantsUpgrade(request)) return this.handler.fetch(request, peer);
    if (this.#stopping) return refuseLate();
    return refuseHandshake(request) ??
      after(this.handler.upgrade(request, peer), (answer) => this.#admit(request, answer));
  }

  /** The request must not be touched any more once this has returned. */
  #admit(request: Request, answer: Response | UpgradeGrant): Response {
    if (answer instanceof Response) return answer;
    const { subprotocol } = answer;
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: this.#idleSeconds });
    // Not by the option: that one takes a list without spaces after its commas for a single name, and throws.
    if (subprotocol !== undefined) response.headers.set("sec-websocket-protocol", subprotocol);
    this.#openings.granted(new DenoSocket(answer, socket, this));
    return response;
  }
}

const STOPPED = "server stopped";
/** How long a stop waits for peers that do not agree to it. */
const STOP_GRACE_MS = 1_000;
const POLL_MS = 10;

/** Ended: the handler knows of its end; the runtime still holds it. */
type State = "opening" | "open" | "ended" | "gone";

class DenoSocket implements Socket, EventListenerObject {
  context: unknown;
  readonly #address?: string;
  readonly #native: WebSocket;
  readonly #listener: DenoListener;
  #state: State = "opening";

  constructor({ context, address }: UpgradeGrant, native: WebSocket, listener: DenoListener) {
    this.context = context;
    this.#address = address;
    this.#native = native;
    this.#listener = listener;
    native.binaryType = "arraybuffer";
    // The object itself listens: a closure for each event would cost every idle connection several hundred bytes.
    for (const type of ["open", "message", "error", "close"]) native.addEventListener(type, this);
  }

  get bufferedBytes(): number {
    return this.#native.bufferedAmount;
  }

  send(frame: Frame): boolean {
    if (this.#state !== "open") return false;
    if (this.#native.bufferedAmount > this.#listener.maxBufferedBytes) {
      this.abandon(CLOSE.slowConsumer, "buffer is full");
      return false;
    }
    this.#native.send(frame as string);
    return true;
  }

  subscribe(topic: string): void {
    if (this.#state === "open") this.#listener.topics.subscribe(this, topic);
  }

  unsubscribe(topic: string): void {
    this.#listener.topics.unsubscribe(this, topic);
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#end(code, reason);
    // Inside a message's event, or its microtasks, Deno would cut the connection before the close frame has left if the
    // peer has sent more in the meantime.
    setTimeout(() => this.#native.close(code, cut(reason)));
  }

  /** The close frame waits behind the backlog, and for a peer that never reads the backlog stays. */
  abandon(code: number, reason: string): void {
    this.close(code, reason);
  }

  handleEvent(event: Event): void {
    switch (event.type) {
      case "open":
        this.#state = "open";
        return this.#listener.opened(this);
      case "message":
        return this.#receive((event as MessageEvent<string | ArrayBuffer>).data);
      case "error":
        return this.#listener.budget.afterPending(this, () => this.#fail((event as ErrorEvent).message));
      case "close":
        return this.#listener.budget.afterPending(this, () => this.#gone(event as CloseEvent));
    }
  }

  #receive(data: string | ArrayBuffer): void {
    if (this.#state !== "open") return;
    const frame = typeof data === "string" ? data : new Uint8Array(data);
    if (!isOver(frame, this.#listener.maxFrameBytes)) return this.#listener.budget.handle(this, frame);
    this.#listener.budget.afterPending(this, () => this.close(CLOSE.tooLarge, "message is too big"));
  }

  /** A frame whose turn has come. */
  handle(frame: Frame): void {
    if (this.#state === "open") this.#listener.handler.message(this, frame);
  }

  /** Deno follows up with a close event, at times with two, neither of which says more. */
  #fail(message: string): void {
    if (this.#state !== "open") return;
    const code = FAULTS[message];
    this.#end(code ?? 1006, code === undefined ? "" : message);
  }

  #end(code: number, reason: string): void {
    this.#state = "ended";
    this.#listener.zombies++;
    this.#listener.topics.leave(this);
    const { handler } = this.#listener;
    queueMicrotask(() => {
      if (this.#address !== undefined) handler.held?.(this, this.#address);
      handler.close(this, code, reason);
    });
  }

  #gone({ code, reason }: CloseEvent): void {
    const before = this.#state;
    this.#state = "gone";
    this.#listener.gone(this);
    const { handler, topics } = this.#listener;
    if (before === "ended") {
      this.#listener.zombies--;
      if (this.#address !== undefined) handler.released?.(this, this.#address);
    }
    if (before !== "open") return;
    topics.leave(this);
    handler.close(this, code || 1006, reason);
  }
}

const PROTOCOL_ERROR = 1002;

/** What Deno's error event says when it has cut a connection by itself; anything else is the network's. */
const FAULTS: Record<string, number> = {
  "No response from ping frame.": CLOSE.heartbeatTimeout,
  "Frame too large": CLOSE.tooLarge,
  "Invalid UTF-8": 1007,
  "Reserved bits are not zero": PROTOCOL_ERROR,
  "Invalid value": PROTOCOL_ERROR,
  "Invalid continuation frame": PROTOCOL_ERROR,
  "Invalid fragment": PROTOCOL_ERROR,
  "Control frame must not be fragmented": PROTOCOL_ERROR,
  "Ping frame too large": PROTOCOL_ERROR,
  "Invalid close frame": PROTOCOL_ERROR,
  "Invalid close code": PROTOCOL_ERROR,
};

const encoder = new TextEncoder();

function isOver(frame: Frame, maxBytes: number): boolean {
  if (typeof frame !== "string") return frame.length > maxBytes;
  // A UTF-16 unit takes one to three bytes: most frames need no counting.
  return frame.length > maxBytes || (frame.length * 3 > maxBytes && encoder.encode(frame).length > maxBytes);
}

const MAX_REASON_BYTES = 123;

/** Whole characters of the reason, as many as a close frame has room for; Deno throws for a longer one. */
function cut(reason: string): string {
  const { read } = encoder.encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
  return reason.slice(0, read);
}
