/** Keys of ours that hold what no Parley put there: which of those of a failed call it is, and how it is removed. */
import { isForeignStream } from "./replies.ts";
import type { KeyType, Script } from "./script.ts";

/** What the key of a plain command holds; those that are not here are for any type. */
export const COMMAND_KEYS: Readonly<Record<string, readonly KeyType[]>> = {
  hset: ["hash"],
  hgetall: ["hash"],
  hlen: ["hash"],
  hexists: ["hash"],
  sadd: ["set"],
  srem: ["set"],
  smembers: ["set"],
  zrange: ["zset"],
  zrem: ["zset"],
  get: ["string"],
};

/** KEYS key · ARGV type · Removes a key that holds another type; returns 1 if it did. */
export const DROP_FOREIGN: Script = {
  name: "parleyDropForeign",
  keys: ["string"],
  lua: `
local is = redis.call('TYPE', KEYS[1]).ok
if is == 'none' or is == ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
};

export interface FailedCall {
  error: unknown;
  /** Its first arguments are keys of these types. */
  args: readonly (string | number)[];
  types: readonly KeyType[];
  send(command: string, args: string[]): Promise<unknown>;
}

/** Returns the keys that were removed. */
export async function dropForeign({ error, args, types, send }: FailedCall): Promise<string[]> {
  const isStream = isForeignStream(error);
  const dropped: string[] = [];
  for (const [at, type] of types.entries()) {
    // It is of the right type, and no entry of ours can follow its own.
    if (isStream && type !== "stream") continue;
    const key = String(args[at]);
    if (await send(DROP_FOREIGN.name, [key, isStream ? "none" : type]) === 1) dropped.push(key);
  }
  return dropped;
}
