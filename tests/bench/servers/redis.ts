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
export function countRedisClients(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write("INFO clients\r\n"));
    socket.setEncoding("utf8").on("error", reject).on("data", (text) => {
      answer += text;
      const count = /connected_clients:(\d+)\r\n/.exec(answer)?.[1];
      if (count === undefined) return;
      socket.destroy();
      resolve(Number(count) - 1);
    });
  });
}
