/**
 * The settings of the Engine.IO transport. server.ts maps Parley's configuration to them; tests make their own.
 */
export interface EngineIoOptions {
  /** Namespaces that may be joined, `/` included. */
  namespaces: readonly string[];
  /** Of one POST body and of one WebSocket frame; peers are told, and split what they send accordingly. */
  maxPayloadBytes: number;
  /** From one pong to the next ping. */
  pingIntervalMs: number;
  /** From the moment a ping is due to the end of a peer that has not answered it. */
  pingTimeoutMs: number;
  /** A session that is in no namespace for so long ends. */
  connectTimeoutMs: number;
  /** From a probe to the upgrade. */
  upgradeTimeoutMs: number;
  /** Frames that wait for a peer's next poll; more make it a slow consumer. */
  maxBufferedBytes: number;
  /** Of one packet that is received. What is sent never has more than 10: official clients refuse it. */
  maxAttachments: number;
  /** What the ids of its sessions say of where they were begun; absent: nothing. */
  node?: string;
  /** Name of the cookie by which load balancers keep a polling peer on one node; absent: none. */
  cookie?: string;
  /** Connection state recovery; absent: off. */
  recovery?: RecoveryOptions;
  /** What a page of this origin may do; `host` is the request's own. */
  trustOf(origin: string, host: string): OriginTrust;
}

export interface RecoveryOptions {
  /** How long a connection outlives its transport. */
  windowMs: number;
  /** Of all packets that are kept for those who come back. */
  maxBytes: number;
}

/** `listed` by name or pattern: may send cookies; `open`: may connect without them; `refused`: no page there reads an answer. */
export type OriginTrust = "listed" | "open" | "refused";

export const ENGINE_DEFAULTS = {
  namespaces: ["/"],
  maxPayloadBytes: 1_000_000,
  pingIntervalMs: 25_000,
  pingTimeoutMs: 20_000,
  connectTimeoutMs: 45_000,
  upgradeTimeoutMs: 10_000,
  maxBufferedBytes: 1024 * 1024,
  maxAttachments: 10,
  trustOf: (): OriginTrust => "open",
} satisfies EngineIoOptions;
