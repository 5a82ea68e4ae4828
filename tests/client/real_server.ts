/**
 * A real server for the end-to-end tests of the client, tokens for it, and chance that can be repeated.
 */
import { createHmac } from "node:crypto";
import { type ClientOptions, createClient } from "../../src/client/mod.ts";
import { type ServerProcess, spawnServer } from "../harness.ts";

export const SECRET = "a secret of at least thirty-two bytes";
export const ADMIN_TOKEN = "admin-token-of-the-tests";
export const CONNECT = "/websocket/connect";

/** Rooms keep more than a test says: however long chance keeps a client away, a rejoin finds all it missed. */
export const UNFORGETTING = { HISTORY_SIZE: "100000" };

export function startParley(env: Record<string, string> = {}): Promise<ServerProcess> {
  const free = {
    WEBSOCKET_MESSAGE_RATE: "0",
    WEBSOCKET_BYTE_RATE: "0",
    WEBSOCKET_JOIN_RATE: "0",
    WEBSOCKET_CONNECT_RATE: "0",
  };
  return spawnServer({ env: { JWT_SECRET: SECRET, ADMIN_TOKEN, ...free, ...env } });
}

export function tokenOf(user: string, { ttlSeconds = 3600, note = "" } = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + ttlSeconds;
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, name: user, exp, note })}`;
  return `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;
}

/** Comes back quickly, as befits a test. */
export function clientOf(user: string, url: string, options: ClientOptions = {}) {
  return createClient(url, {
    token: () => tokenOf(user),
    backoff: { minMs: 20, maxMs: 200 },
    connectTimeoutMs: 2000,
    heartbeatMs: 1000,
    heartbeatTimeoutMs: 1000,
    ...options,
  });
}

/** The same numbers for the same seed, in [0, 1). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
