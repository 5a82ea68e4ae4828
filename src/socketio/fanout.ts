/**
 * The adapter as the hub sees it when Socket.IO is served: one publish reaches the native topic and then the few sockets
 * that stand apart from it, because they poll or take text only.
 */
import type { Certificate, ListenOptions, RuntimeAdapter, Socket, SocketHandler } from "../adapter.ts";
import type { Frame } from "../message.ts";
import { Topics } from "../adapters/topics.ts";
import { NamespaceSocket } from "./namespace_socket.ts";
import type { EngineIoOptions } from "./engine/options.ts";
import { PacketLog } from "./packet_log.ts";

/** What the fan-out and the sessions share; made first, because the host of the sessions may need the fan-out. */
export class FanoutState {
  /** Sockets that native topics cannot reach: they are sent each frame one by one. */
  readonly unicast = new Topics<NamespaceSocket>();
  /** With recovery: what was sent of late. */
  readonly log?: PacketLog;

  constructor({ recovery, pingIntervalMs, pingTimeoutMs }: Omit<EngineIoOptions, "trustOf">) {
    if (!recovery) return;
    // A transport is dead for this long before it is noticed, and then the window begins.
    const unnoticedMs = pingIntervalMs + pingTimeoutMs;
    this.log = new PacketLog({ keepMs: recovery.windowMs + unnoticedMs, maxBytes: recovery.maxBytes });
  }
}

export class Fanout implements RuntimeAdapter {
  readonly #adapter: RuntimeAdapter;
  readonly #state: FanoutState;

  constructor(adapter: RuntimeAdapter, state: FanoutState) {
    this.#adapter = adapter;
    this.#state = state;
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
    const { unicast, log } = this.#state;
    const recorded = log?.record(topic, frame, except) ?? frame;
    this.#adapter.publish(topic, recorded, except instanceof NamespaceSocket ? except.native : except);
    for (const socket of unicast.subscribers(topic)) if (socket !== except) socket.deliver(recorded);
  }

  renewCertificate(tls: Certificate): boolean {
    return this.#adapter.renewCertificate(tls);
  }

  stop(): Promise<void> {
    return this.#adapter.stop();
  }
}
