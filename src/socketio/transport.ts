/**
 * Socket.IO's transport for one server: from the configuration to its fan-out and its engine.
 *
 * The fan-out is made before the hub, which publishes through it, and the engine after, since its host needs the hub.
 */
import type { RuntimeAdapter } from "../adapter.ts";
import { type Config, maxBufferedBytes } from "../config/config.ts";
import type { AnyDialect, ListedDialect } from "../dialect.ts";
import type { Origins } from "../gateway/origins.ts";
import type { TransportPlace } from "../gateway/transports.ts";
import type { ConnectionHost } from "./connection_host.ts";
import type { SessionHost } from "./engine/host.ts";
import type { EngineIoOptions } from "./engine/options.ts";
import { EngineServer } from "./engine/server.ts";
import { Fanout, FanoutState } from "./fanout.ts";
import { SocketioProtocol } from "./protocol.ts";

/** How much is kept for those who come back. */
const RECOVERY_MAX_BYTES = 16 * 1024 * 1024;

export interface SocketioTransportParts {
  config: Config;
  origins: Origins;
  adapter: RuntimeAdapter;
  /** The id of the node, which its session ids bear. */
  node: string;
}

export class SocketioTransport {
  /** What the hub publishes through. */
  readonly adapter: RuntimeAdapter;
  readonly #family: string;
  readonly #path: string;
  readonly #options: EngineIoOptions;
  readonly #fanout: FanoutState;
  readonly #byPrefix: ReadonlyMap<string | undefined, AnyDialect>;

  private constructor(dialects: readonly ListedDialect[], { config, origins, adapter, node }: SocketioTransportParts) {
    this.#family = dialects[0]!.family;
    this.#path = config.paths.socketio;
    this.#options = optionsOf(config, { origins, runtime: adapter.runtime, node });
    this.#fanout = new FanoutState(this.#options);
    this.adapter = new Fanout(adapter, this.#fanout);
    this.#byPrefix = new Map(dialects.map(({ dialect }) => [dialect.roomPrefix, dialect]));
  }

  /** None: nothing is spoken over it. */
  static for(dialects: readonly ListedDialect[], parts: SocketioTransportParts): SocketioTransport | undefined {
    const spoken = dialects.filter(({ isOn, dialect }) => isOn && dialect.transport === "engine.io");
    return spoken.length > 0 ? new SocketioTransport(spoken, parts) : undefined;
  }

  get maxFrameBytes(): number {
    return this.#options.maxPayloadBytes;
  }

  /** The rooms of a further namespace begin with its name, those of `/` with nothing. */
  dialectOf(namespace: string): AnyDialect {
    return this.#byPrefix.get(namespace === "/" ? "" : `${namespace},`)!;
  }

  start(host: SessionHost & ConnectionHost): TransportPlace & { transport: EngineServer } {
    const transport = new EngineServer(this.#options, host, new SocketioProtocol(this.#options, host, this.#fanout));
    return { transport, dialect: this.#family, path: this.#path };
  }
}

function optionsOf(
  config: Config,
  { origins, runtime, node }: { origins: Origins; runtime: RuntimeAdapter["runtime"]; node: string },
): EngineIoOptions {
  return {
    namespaces: ["/", ...config.socketioNamespaces],
    maxPayloadBytes: config.socketioMaxPayloadBytes,
    pingIntervalMs: config.socketioPingIntervalMs,
    pingTimeoutMs: config.socketioPingTimeoutMs,
    connectTimeoutMs: config.socketioConnectTimeoutMs,
    upgradeTimeoutMs: config.socketioUpgradeTimeoutMs,
    maxBufferedBytes: maxBufferedBytes(config, runtime),
    maxAttachments: config.socketioMaxAttachments,
    node,
    cookie: config.socketioCookie || undefined,
    recovery: config.socketioRecovery
      ? { windowMs: config.socketioRecoveryWindowMs, maxBytes: RECOVERY_MAX_BYTES }
      : undefined,
    trustOf: (origin, host) => origins.trustOf(origin, host),
  };
}
