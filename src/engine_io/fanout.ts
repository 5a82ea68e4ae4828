/**
 * The adapter as the hub sees it when Socket.IO is served: one publish reaches the native topic and then the few sockets
 * that stand apart from it, because they poll or take text only.
 */
import type { ListenOptions, RuntimeAdapter, Socket, SocketHandler } from "../adapter.ts";
import type { Frame } from "../message.ts";
import { NamespaceSocket } from "./namespace_socket.ts";
import type { Topics } from "../topics.ts";

export class Fanout implements RuntimeAdapter {
  readonly #adapter: RuntimeAdapter;
  readonly #apart: Topics<NamespaceSocket>;

  constructor(adapter: RuntimeAdapter, engine: { apart: Topics<NamespaceSocket> }) {
    this.#adapter = adapter;
    this.#apart = engine.apart;
  }

  get runtime(): "bun" | "deno" {
    return this.#adapter.runtime;
  }

  get zombies(): number {
    return this.#adapter.zombies;
  }

  listen(options: ListenOptions, handler: SocketHandler): { ports: number[] } {
    return this.#adapter.listen(options, handler);
  }

  publish(topic: string, frame: Frame, except?: Socket): void {
    this.#adapter.publish(topic, frame, except instanceof NamespaceSocket ? except.native : except);
    for (const socket of this.#apart.subscribers(topic)) if (socket !== except) socket.send(frame);
  }

  stop(): Promise<void> {
    return this.#adapter.stop();
  }
}
