/**
 * The way out of a session: its WebSocket, its polls, or a WebSocket that takes text only.
 */
import type { Socket } from "../adapter.ts";
import type { Frame } from "../message.ts";
import { asText } from "./codec.ts";

/** Every adapter's Socket is one. */
export type FrameSink = Pick<Socket, "bufferedBytes" | "send" | "close" | "abandon">;

/** A WebSocket whose peer said `b64=1`: attachments go as base64. Topics cannot serve it. */
export class TextOutlet implements FrameSink {
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
