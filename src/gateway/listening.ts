/**
 * On which ports a server listens, with which limits: from the configuration to the adapter.
 *
 * Called by the composition root, for the server itself and where ports are only reserved.
 */
import type { Certificate, RuntimeAdapter, SocketHandler } from "../adapter.ts";
import { type Config, maxBufferedBytes } from "../config/config.ts";
import type { EngineServer } from "../socketio/engine/server.ts";
import { Gateway } from "./websocket.ts";

export interface ListenTargets {
  handler: SocketHandler;
  /** What the admin port answers, if there is one. */
  adminFetch?: SocketHandler["fetch"];
  engine?: EngineServer;
  /** It is one of several in this process, whose ports they share. */
  worker?: { forwardingSecret: string };
}

export interface Ports {
  ports: number[];
  adminPorts: number[];
}

/** Throws if a port cannot be bound; what was bound until then stays so until the adapter stops. */
export function bind(
  adapter: RuntimeAdapter,
  config: Config,
  { handler, adminFetch, engine, worker }: ListenTargets,
): Ports {
  const options = {
    reusePort: worker !== undefined,
    tls: certificateOf(config),
    maxFrameBytes: largestFrame(config),
    maxBufferedBytes: maxBufferedBytes(config, adapter.runtime),
    idleTimeoutMs: idleTimeoutOf(config),
  };
  if (engine && worker) {
    const alone = { ...options, host: "127.0.0.1", ports: [0], reusePort: false, tls: undefined };
    engine.share(adapter.listen(alone, engine.loopback).ports[0]!, worker.forwardingSecret);
  }
  const { ports } = adapter.listen({ ...options, host: config.host, ports: [...config.ports] }, handler);
  if (!adminFetch || config.adminPort === undefined) return { ports, adminPorts: [] };
  const admin = adapter.listen({ ...options, host: config.adminHost, ports: [config.adminPort] }, httpOnly(adminFetch));
  return { ports, adminPorts: admin.ports };
}

export function certificateOf({ tlsCert: cert, tlsKey: key }: Config): Certificate | undefined {
  return cert !== undefined && key !== undefined ? { cert, key } : undefined;
}

/** A port without WebSockets: a request to upgrade is one like any other. */
export function httpOnly(fetch: SocketHandler["fetch"]): SocketHandler {
  const never = () => undefined;
  return { fetch, upgrade: fetch, open: never, message: never, close: never };
}

/** What any transport may hand on; each of them then holds its own frames to its own limit. */
function largestFrame(config: Config): number {
  const plain = Gateway.transportLimit(config.websocketMaxMessageBytes);
  return config.dialects.includes("socketio") ? Math.max(plain, config.socketioMaxPayloadBytes) : plain;
}

/** A peer is dead after the shorter of the two times in which something has to arrive. */
function idleTimeoutOf({ websocketPongWaitMs, websocketConnectionTimeoutMs }: Config): number {
  const times = [websocketPongWaitMs, websocketConnectionTimeoutMs ?? 0].filter((ms) => ms > 0);
  return times.length === 0 ? 0 : Math.min(...times);
}
