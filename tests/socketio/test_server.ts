/**
 * A bare EngineServer on this runtime's adapter, with a host that echoes: what the protocol tests talk to.
 *
 * `echo` comes back to its sender, `cast` goes to the room "all" but not to its sender, `count` is acknowledged; every
 * peer is in the room "all". `Peer` polls by hand, one request at a time, so that a test decides every step.
 */
import type { RuntimeAdapter } from "../../src/adapter.ts";
import { encodeAck, encodeEvent, type EventPacket, type SocketioPacket } from "../../src/socketio/codec.ts";
import { Fanout, FanoutState } from "../../src/socketio/fanout.ts";
import type { ConnectGrant, ConnectionHost, ConnectRequest, EventSocket } from "../../src/socketio/connection_host.ts";
import type { SessionGrant, SessionHost } from "../../src/socketio/engine/host.ts";
import type { EngineRequest } from "../../src/socketio/engine/request.ts";
import { ENGINE_DEFAULTS, type EngineIoOptions } from "../../src/socketio/engine/options.ts";
import { SocketioProtocol } from "../../src/socketio/protocol.ts";
import { EngineServer } from "../../src/socketio/engine/server.ts";
import { ParleyError } from "../../src/errors.ts";
import type { MaybePromise } from "../../src/maybe.ts";
import type { Frame } from "../../src/message.ts";
import { adapterForThisRuntime, eventually, TestSocket } from "../harness.ts";

export interface Ended {
  code: number;
  reason: string;
}

export class EchoHost implements SessionHost, ConnectionHost {
  /** Sessions that entered and have not left. */
  entered = 0;
  readonly sockets = new Map<string, EventSocket>();
  readonly packets: SocketioPacket[] = [];
  readonly ends: Ended[] = [];
  /** Replaced by tests. */
  refusal?: () => Response;
  connecting: (request: ConnectRequest) => MaybePromise<void> = () => undefined;
  resume?: ConnectionHost["resume"];
  publish: (topic: string, frame: Frame, except?: EventSocket) => void = () => undefined;
  #connected = 0;

  admit({ url }: EngineRequest): Response | SessionGrant {
    return this.refusal?.() ?? { client: { address: url.href } };
  }

  /** Replaced by tests. */
  upgradeRefusal?: () => Response;

  admitUpgrade(): Response | undefined {
    return this.upgradeRefusal?.();
  }

  enter(): void {
    this.entered++;
  }

  leave(): void {
    this.entered--;
  }

  connect(request: ConnectRequest): MaybePromise<ConnectGrant> {
    if (request.auth.token === "bad") {
      throw new ParleyError("unauthorized", "authentication failed: no such token", { retryAfter: 5 });
    }
    const grant = () => ({ id: `socket-${++this.#connected}`, context: request });
    const wait = this.connecting(request);
    return wait instanceof Promise ? wait.then(grant) : grant();
  }

  open(socket: EventSocket): void {
    this.sockets.set(`${this.#connected}`, socket);
    // Topics belong to one namespace: their frames name it.
    socket.subscribe(socket.namespace === "/" ? "all" : `all${socket.namespace}`);
  }

  receive(socket: EventSocket, packet: SocketioPacket): void {
    this.packets.push(packet);
    if (packet.kind === "event") this.#answer(socket, packet);
  }

  close(socket: EventSocket, code: number, reason: string): void {
    for (const [key, each] of this.sockets) if (each === socket) this.sockets.delete(key);
    this.ends.push({ code, reason });
  }

  /** The only socket there is. */
  get only(): EventSocket {
    return [...this.sockets.values()].at(-1)!;
  }

  #answer(socket: EventSocket, { name, args, ack }: EventPacket): void {
    if (ack !== undefined) { for (const frame of encodeAck(socket.namespace, ack, args)) socket.send(frame); }
    if (name !== "echo" && name !== "cast") return;
    for (const frame of encodeEvent(socket.namespace, [name, ...args])) {
      if (name === "echo") socket.send(frame);
      else this.publish("all", frame, socket);
    }
  }
}

export class SocketioTestServer implements AsyncDisposable {
  readonly host = new EchoHost();
  readonly engine: EngineServer;
  readonly port: number;
  readonly adapter: RuntimeAdapter;
  readonly #state: FanoutState;
  readonly #protocol: SocketioProtocol;

  private constructor(adapter: RuntimeAdapter, options: Partial<EngineIoOptions>, secret?: string) {
    const settings = { ...ENGINE_DEFAULTS, ...options };
    this.#state = new FanoutState(settings);
    this.#protocol = new SocketioProtocol(settings, this.host, this.#state);
    const engine = new EngineServer(settings, this.host, this.#protocol);
    this.engine = engine;
    this.adapter = new Fanout(adapter, this.#state);
    this.host.publish = (topic, frame, except) => this.adapter.publish(topic, frame, except);
    const listen = {
      ports: [0],
      host: "127.0.0.1",
      maxFrameBytes: 0,
      maxBufferedBytes: 1 << 20,
      idleTimeoutMs: 60_000,
    };
    if (secret !== undefined) engine.share(this.adapter.listen(listen, engine.loopback).ports[0]!, secret);
    this.port = this.adapter.listen(listen, {
      fetch: (request, peer) => engine.fetch(request, peer),
      upgrade: (request, peer) => engine.upgrade(request, peer),
      open: (socket) => engine.open(socket),
      message: (socket, frame) => engine.message(socket, frame),
      close: (socket, code, reason) => engine.close(socket, code, reason),
    }).ports[0]!;
  }

  /** `secret`: it is one of several workers. */
  static async start(options: Partial<EngineIoOptions> = {}, secret?: string): Promise<SocketioTestServer> {
    return new SocketioTestServer(await adapterForThisRuntime(), options, secret);
  }

  /** Topics of the sockets that native topics do not reach. */
  get unicast(): FanoutState["unicast"] {
    return this.#state.unicast;
  }

  url(query: string, scheme = "http"): string {
    return `${scheme}://127.0.0.1:${this.port}/socket.io/?${query}`;
  }

  fetch(query: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url(query), init);
  }

  /** A WebSocket with this query, not yet open. */
  socket(query: string): TestSocket {
    return new TestSocket(this.url(query, "ws"));
  }

  /** A WebSocket session in the namespace `/`. */
  async webSocket(query = ""): Promise<TestSocket> {
    const socket = this.socket(`EIO=4&transport=websocket${query}`);
    await socket.opened;
    await socket.next();
    socket.send("40");
    await socket.next();
    return socket;
  }

  async polling(query = ""): Promise<Peer> {
    const response = await this.fetch(`EIO=4&transport=polling${query}`);
    const { sid } = JSON.parse((await response.text()).slice(1));
    return new Peer(this, sid);
  }

  /** A polling session in the namespace `/`. */
  async joined(): Promise<Peer> {
    const peer = await this.polling();
    await peer.post("40");
    await peer.get();
    return peer;
  }

  /** Nothing is left of any session: no timer, no client, no topic. */
  async isEmpty(): Promise<void> {
    await eventually(() => {
      const { unicast, engine, host } = this;
      const deadlines = engine.deadlines + this.#protocol.deadlines;
      return engine.sessions === 0 && deadlines === 0 && unicast.size === 0 && host.entered === 0 &&
        host.sockets.size === 0;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.stop();
    await this.adapter.stop();
  }
}

/** A polling session, step by step. */
export class Peer {
  readonly server: SocketioTestServer;
  readonly sid: string;

  constructor(server: SocketioTestServer, sid: string) {
    this.server = server;
    this.sid = sid;
  }

  get query(): string {
    return `EIO=4&transport=polling&sid=${this.sid}`;
  }

  async get(): Promise<string> {
    return await (await this.poll()).text();
  }

  poll(init?: RequestInit): Promise<Response> {
    return this.server.fetch(this.query, init);
  }

  async post(body: string): Promise<string> {
    return await (await this.send(body)).text();
  }

  send(body: BodyInit, init?: RequestInit): Promise<Response> {
    const headers = { "content-type": "text/plain;charset=UTF-8" };
    return this.server.fetch(this.query, { method: "POST", body, headers, ...init });
  }

  /** The WebSocket that is to take over. */
  async probe(): Promise<TestSocket> {
    const socket = this.server.socket(`EIO=4&transport=websocket&sid=${this.sid}`);
    await socket.opened;
    return socket;
  }

  /** The session now has a WebSocket. */
  async upgrade(): Promise<TestSocket> {
    const socket = await this.probe();
    socket.send("2probe");
    await socket.next();
    socket.send("5");
    return socket;
  }
}
