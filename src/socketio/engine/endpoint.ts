/**
 * What a WebSocket of the adapter stands for in Engine.IO: a handshake, a probe, or a session. It is the socket's
 * `context`, and the EngineServer hands it what happens to the socket.
 */
import type { Socket } from "../../adapter.ts";
import type { Frame } from "../../message.ts";

export abstract class SocketRole {
  abstract opened(socket: Socket): void;
  abstract received(frame: Frame): void;
  abstract closed(socket: Socket, code: number, reason: string): void;
}
