/**
 * A redis-server of the bench's own for the runs with two nodes: free port, nothing on disk, ended with the run.
 */
import { type Child, startChild } from "./child.ts";
import { findProgram } from "./install.ts";

export function startRedis(): Promise<Child> {
  const program = findProgram("redis-server", "redis-server");
  return startChild((port) => ({
    argv: [program, "--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
  }));
}
