/**
 * Socket.IO on top of Engine.IO: gives each session its namespaces, and holds what all of them share.
 */
import type { Topics } from "../adapters/topics.ts";
import { PacketReader } from "./codec.ts";
import type { ConnectionHost } from "./connection_host.ts";
import { Deadlines } from "./engine/deadlines.ts";
import type { EngineIoOptions } from "./engine/options.ts";
import type { SessionProtocol } from "./engine/server.ts";
import type { SessionContent } from "./engine/session.ts";
import type { FanoutState } from "./fanout.ts";
import type { NamespaceSocket } from "./namespace_socket.ts";
import { Namespaces, type NamespacesContext, type NamespacesSession } from "./namespaces.ts";
import { StateRecovery } from "./recovery.ts";

export class SocketioProtocol implements SessionProtocol, NamespacesContext {
  readonly options: EngineIoOptions;
  readonly host: ConnectionHost;
  readonly reader = new PacketReader();
  readonly unicast: Topics<NamespaceSocket>;
  readonly recovery?: StateRecovery<NamespaceSocket>;
  readonly connects: Deadlines;
  /** As long as for a pong, from one attachment to the next. */
  readonly attachments: Deadlines;

  /** `state`: the one that the {@link Fanout} has. */
  constructor(options: EngineIoOptions, host: ConnectionHost, { unicast, log }: FanoutState) {
    this.options = options;
    this.host = host;
    this.unicast = unicast;
    if (options.recovery && log) this.recovery = new StateRecovery(log, options.recovery.windowMs);
    this.connects = new Deadlines(options.connectTimeoutMs);
    this.attachments = new Deadlines(options.pingTimeoutMs);
  }

  contentOf(session: NamespacesSession): SessionContent {
    return new Namespaces(session, this);
  }

  /** Deadlines that are set: zero when there are no sessions and no connection waits for its peer. */
  get deadlines(): number {
    return this.connects.size + this.attachments.size + (this.recovery?.size ?? 0);
  }

  stop(): void {
    this.recovery?.stop();
  }
}
