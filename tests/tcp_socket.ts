/**
 * A WebSocket client by hand over TCP or TLS, for what no WebSocket class lets a test do: own handshake headers, refused
 * upgrades, unmasked and broken frames, a peer that stops reading, answers no ping, or goes away half.
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Closed, Inbox } from "./test_socket.ts";
import { PATIENCE_MS } from "./waiting.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface TcpSocketOptions {
  port: number;
  /** Path and query. */
  path?: string;
  /** Beside the handshake's own; a header given here replaces it, `null` leaves it out. */
  headers?: Record<string, string | null>;
  tls?: boolean;
  /** A TCP connection that is there already; default: a new one. */
  over?: Socket;
  /** Whether pings are answered; default true. */
  pongs?: boolean;
  /** Whether a close frame is answered; default true. */
  agrees?: boolean;
}

export interface WireFrame {
  opcode: number;
  final: boolean;
  payload: Buffer;
}

export interface FrameOptions {
  opcode?: number;
  /** Default true. */
  final?: boolean;
  /** Default true; a client must. */
  masked?: boolean;
}

/** One frame as bytes. */
export function encodeFrame(payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
  const { final = true, masked = true } = options;
  const opcode = options.opcode ?? (typeof payload === "string" ? OPCODE.text : OPCODE.binary);
  const body = Buffer.from(payload as Uint8Array);
  const size = body.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = (final ? 0x80 : 0) | opcode;
  head[1] = (masked ? 0x80 : 0) | (size < 126 ? size : size < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(size, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
  if (!masked) return Buffer.concat([head, body]);
  const mask = randomBytes(4);
  for (let i = 0; i < size; i++) body[i] ^= mask[i & 3];
  return Buffer.concat([head, mask, body]);
}

export class TcpSocket {
  /** Of the answer to the handshake: 101, or the refusal's. */
  readonly status: number;
  readonly headers: Headers;
  /** Data frames and control frames but pings, in order. */
  readonly inbox: Inbox<WireFrame> = new Inbox();
  /** When the server's end is closed: with the code of its close frame, or 1006. */
  readonly closed: Promise<Closed>;
  readonly #socket: Socket;
  readonly #pongs: boolean;
  readonly #agrees: boolean;
  #buffer: Buffer;
  #closing: Closed = { code: 1006, reason: "" };
  /** Pings that arrived. */
  pings = 0;

  private constructor(socket: Socket, answer: Answer, { pongs = true, agrees = true }: TcpSocketOptions) {
    this.#socket = socket;
    this.#pongs = pongs;
    this.#agrees = agrees;
    this.status = answer.status;
    this.headers = answer.headers;
    this.#buffer = answer.rest;
    socket.on("data", (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      if (this.status === 101) this.#readFrames();
    });
    this.closed = new Promise((resolve) => {
      const end = () => {
        this.inbox.end(`the connection was closed with ${this.#closing.code}`);
        resolve(this.#closing);
      };
      if (socket.destroyed || socket.readableEnded) end();
      socket.once("end", end);
      socket.once("close", end);
    });
    if (this.status === 101) this.#readFrames();
  }

  /** A TCP connection whose handshake is still to come: see `over`. */
  static async connect(port: number): Promise<Socket> {
    const socket = connectTcp({ host: "127.0.0.1", port, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return socket;
  }

  /** Resolves when the head of the answer is there, whatever its status. */
  static async open(options: TcpSocketOptions): Promise<TcpSocket> {
    const target = { host: "127.0.0.1", port: options.port };
    const socket = options.over ??
      (options.tls
        ? connectTls({ ...target, rejectUnauthorized: false })
        : connectTcp({ ...target, allowHalfOpen: true }));
    // Broken pipes are what these tests make; `closed` tells of them.
    socket.on("error", () => socket.destroy());
    const answer = readAnswer(socket);
    socket.write(handshake(options));
    return new TcpSocket(socket, await answer, options);
  }

  /** What followed the head of a refusal, once the server has closed; the handshake asks for `Connection: close` then. */
  async body(): Promise<string> {
    await this.closed;
    return this.#buffer.toString();
  }

  next(matches?: (frame: WireFrame) => boolean, withinMs?: number): Promise<WireFrame> {
    return this.inbox.take(matches, withinMs);
  }

  async nextText(): Promise<string> {
    return (await this.inbox.take((frame) => frame.opcode === OPCODE.text)).payload.toString();
  }

  send(payload: string | Uint8Array, options?: FrameOptions): void {
    this.#socket.write(encodeFrame(payload, options));
  }

  /** A close frame without a code. */
  sendEmptyClose(): void {
    this.send("", { opcode: OPCODE.close });
  }

  sendClose(code: number, reason: string = ""): void {
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code);
    payload.write(reason, 2);
    this.send(payload, { opcode: OPCODE.close });
  }

  /** Bytes as they are. */
  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** Sends FIN and reads on. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Cuts the connection without a close frame. */
  destroy(): void {
    this.#socket.destroy();
  }

  #readFrames(): void {
    for (let frame = this.#readFrame(); frame; frame = this.#readFrame()) this.#receive(frame);
  }

  #receive(frame: WireFrame): void {
    if (frame.opcode === OPCODE.ping) {
      this.pings++;
      if (this.#pongs) this.send(frame.payload, { opcode: OPCODE.pong });
      return;
    }
    if (frame.opcode === OPCODE.close) this.#hearFarewell(frame.payload);
    this.inbox.push(frame);
  }

  #hearFarewell(payload: Buffer): void {
    if (payload.length >= 2) this.#closing = { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
    if (this.#agrees) this.send(payload, { opcode: OPCODE.close });
  }

  #readFrame(): WireFrame | undefined {
    const bytes = this.#buffer;
    if (bytes.length < 2) return undefined;
    const short = bytes[1] & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return undefined;
    const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + size) return undefined;
    this.#buffer = bytes.subarray(start + size);
    return { opcode: bytes[0] & 15, final: bytes[0] >= 128, payload: bytes.subarray(start, start + size) };
  }
}

function handshake(options: TcpSocketOptions): string {
  const headers: Record<string, string | null> = {
    Host: `127.0.0.1:${options.port}`,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...options.headers,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== null).map(([name, value]) =>
    `${name}: ${value}`
  );
  return `GET ${options.path ?? "/"} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

interface Answer {
  status: number;
  headers: Headers;
  rest: Buffer;
}

function readAnswer(socket: Socket): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const fail = (why: string) => () => {
      clearTimeout(timer);
      reject(new Error(`Cannot read the answer to the handshake: ${why}, after "${bytes}"`));
    };
    const timer = setTimeout(fail(`nothing within ${PATIENCE_MS} ms`), PATIENCE_MS);
    const closed = fail("the connection was closed");
    const read = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      clearTimeout(timer);
      socket.off("data", read);
      socket.off("close", closed);
      resolve({ ...parseHead(bytes.subarray(0, end).toString()), rest: bytes.subarray(end + 4) });
    };
    socket.on("data", read);
    socket.once("close", closed);
  });
}

function parseHead(head: string): { status: number; headers: Headers } {
  const [first, ...lines] = head.split("\r\n");
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim());
  return { status: Number(first.split(" ")[1]), headers };
}
