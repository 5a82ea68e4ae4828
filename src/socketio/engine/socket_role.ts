/**
 * WebSockets of the adapter as Engine.IO sees them: what one of them stands for, and one that takes text only.
 */
import type { Socket } from "../../adapter.ts";
import type { Frame } from "../../message.ts";
import { asText } from "./codec.ts";

/** What a WebSocket stands for: a handshake, an upgrade, a forwarded one, or a session. It is the socket's `context`. */
export abstract class SocketRole {
  abstract opened(socket: Socket): void;
  abstract received(frame: Frame): void;
  abstract closed(socket: Socket, code: number, reason: string): void;
}

/** What takes the frames of a session: its WebSocket, its polls, or a WebSocket that takes text only. */
export type FrameSink = Pick<Socket, "bufferedBytes" | "send" | "close" | "abandon">;

/** A WebSocket whose peer said `b64=1`: attachments go as base64. Topics cannot serve it. */
export class TextSocket implements FrameSink {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  send(frame: Frame): boolean {
    return this.#socket.send(asText(frame));
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  abandon(code: number, reason: string): void {
    this.#socket.abandon(code, reason);
  }
}
