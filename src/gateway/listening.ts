/**
 * On which ports a server listens, with which limits: from the configuration to the adapter.
 *
 * Called by the composition root, for the server itself and where ports are only reserved.
 */
import type { Certificate, RuntimeAdapter, SocketHandler } from "../adapter.ts";
import { type Config, maxBufferedBytes } from "../config/config.ts";
import type { SharedTransport } from "./transports.ts";

export interface ListenTargets {
  handler: SocketHandler;
  /** What the admin port answers, if there is one. */
  adminFetch?: SocketHandler["fetch"];
  /** Reached by the other workers at a port of its own. */
  shared?: SharedTransport;
  /** Of the largest frame that any transport takes; each then holds its own to its own limit. */
  maxFrameBytes: number;
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
  { handler, adminFetch, shared, maxFrameBytes, worker }: ListenTargets,
): Ports {
  const options = {
    reusePort: worker !== undefined,
    tls: certificateOf(config),
    maxFrameBytes,
    maxBufferedBytes: maxBufferedBytes(config, adapter.runtime),
    idleTimeoutMs: idleTimeoutOf(config),
  };
  if (shared && worker) {
    const alone = { ...options, host: "127.0.0.1", ports: [0], reusePort: false, tls: undefined };
    shared.share(adapter.listen(alone, shared.loopback).ports[0]!, worker.forwardingSecret);
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

/** A peer is dead after the shorter of the two times in which something has to arrive. */
function idleTimeoutOf({ websocketPongWaitMs, websocketConnectionTimeoutMs }: Config): number {
  const times = [websocketPongWaitMs, websocketConnectionTimeoutMs ?? 0].filter((ms) => ms > 0);
  return times.length === 0 ? 0 : Math.min(...times);
}
