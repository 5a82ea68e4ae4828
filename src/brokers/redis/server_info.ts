/** What a Redis says of itself when it is connected to: which process it is, and whether it can serve. */
import type { Redis } from "ioredis";
import { ParleyError } from "../../errors.ts";

/** The oldest Redis that has every command used here. */
const MIN_VERSION: readonly [number, number] = [6, 2];

export interface ServerInfo {
  /** Names the process; empty if it may not say. */
  run: string;
  isCluster: boolean;
}

/** Throws ParleyError `internal` if it is too old, and an Error that begins as Redis' own if it cannot serve. */
export async function askServer(client: Redis): Promise<ServerInfo> {
  const info = await readInfo(client);
  const refusal = refusalOf(info.redis_version);
  if (refusal) throw new ParleyError("internal", refusal);
  if (info.loading === "1") throw new Error("LOADING Redis is reading its data");
  if (info.role === "slave" && info.slave_read_only !== "0") {
    throw new Error("READONLY it is a replica, not the master");
  }
  return { run: info.run_id ?? "", isCluster: info.redis_mode === "cluster" };
}

/** Nothing, if it may not say. */
async function readInfo(client: Redis): Promise<Record<string, string>> {
  try {
    const info = await client.info();
    return Object.fromEntries([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name!, value!]));
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("NOPERM")) return {};
    throw error;
  }
}

function refusalOf(version: string | undefined): string | undefined {
  if (version === undefined) return undefined;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return undefined;
  return `Cannot use Redis ${version}: ${MIN_VERSION.join(".")} is the oldest that will do`;
}
