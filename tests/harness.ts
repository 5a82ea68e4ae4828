/**
 * What every test builds on: waiting with a deadline, free ports, the runtime's adapter, the clients, the server's process.
 *
 * The same on Bun and on Deno. Nothing here sleeps for a fixed time or listens beyond the loopback.
 */
import type { RuntimeAdapter } from "../src/adapter.ts";
import { RUNTIME } from "./server_process.ts";

export { eventually, Hopeless, type Patience, PATIENCE_MS } from "./waiting.ts";
export { type Closed, Inbox, TestSocket, type TestSocketOptions } from "./test_socket.ts";
export { encodeFrame, OPCODE, TcpSocket, type TcpSocketOptions, type WireFrame } from "./tcp_socket.ts";
export * from "./server_process.ts";

/** A fresh adapter of the runtime this test runs in. */
export async function adapterForThisRuntime(): Promise<RuntimeAdapter> {
  if (RUNTIME === "bun") return new (await import("../src/adapters/bun.ts")).BunAdapter();
  return new (await import("../src/adapters/deno.ts")).DenoAdapter();
}
