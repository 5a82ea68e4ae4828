/**
 * A redis-server of the bench's own for the runs with two nodes: free port, nothing on disk, ended with the run.
 */
import { connect } from "node:net";
import { findProgram } from "../../programs.ts";
import { type Child, startChild } from "./child.ts";

export function startRedis(): Promise<Child> {
  const program = findProgram("redis-server");
  return startChild((port) => ({
    argv: [program, "--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
  }));
}

/** Connections that Redis has besides the asking one. Without them nodes are two servers that know nothing of each other. */
export async function countRedisClients(port: number): Promise<number> {
  return (await figures(port, "clients", ["connected_clients"]))[0]! - 1;
}

/** Bytes that have gone in and out so far. */
export async function redisTraffic(port: number): Promise<number> {
  const [into, out] = await figures(port, "stats", ["total_net_input_bytes", "total_net_output_bytes"]);
  return into! + out!;
}

/** Numbers of one section of INFO, by name; the last named must not come before the others. */
function figures(port: number, section: string, names: readonly string[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(`INFO ${section}\r\n`));
    socket.setEncoding("utf8").on("error", reject).on("data", (text) => {
      answer += text;
      const found = names.map((name) => new RegExp(`^${name}:(\\d+)\r\n`, "m").exec(answer)?.[1]);
      if (found.includes(undefined)) return;
      socket.destroy();
      resolve(found.map(Number));
    });
  });
}
