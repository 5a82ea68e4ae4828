/** What a Lua script is to the engine. Each is atomic and touches keys of one slot only. */
export type KeyType = "hash" | "list" | "set" | "stream" | "string" | "zset";

export interface Script {
  /** The command under which the client knows it. */
  name: string;
  /** What its first arguments, the keys, hold: a value of another type is somebody else's. */
  keys: readonly KeyType[];
  lua: string;
}
