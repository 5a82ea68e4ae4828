/** What a Lua script is to the engine. Each is atomic and touches keys of one slot only. */
export interface Script {
  /** The command under which the client knows it. */
  name: string;
  /** How many of its arguments are keys. */
  keys: number;
  lua: string;
}
