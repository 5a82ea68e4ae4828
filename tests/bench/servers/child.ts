/**
 * A server as a child process: started on a free loopback port, awaited until it accepts, ended by its own pid. What it
 * printed last is kept for the error message. Nothing else on the machine is touched.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { programPath } from "../../programs.ts";

export interface Command {
  /** A program by its name or by its path, and its arguments. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Child {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 15_000;
const running = new Set<ChildProcess>();

/** Ends whatever a failed or interrupted run has left behind. */
export function stopAllChildren(): Promise<unknown> {
  return Promise.all([...running].map(ended));
}

/** Throws with the child's last words when it ends or does not accept connections in time. */
export async function startChild(command: (port: number) => Command): Promise<Child> {
  const port = await freePort();
  const { argv: [file, ...args], cwd, env } = command(port);
  const child = spawn(programPath(file), args, {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let words = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => words = (words + chunk).slice(-2_000));
  }
  child.on("error", (error) => words += error.message);
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.pid === undefined || performance.now() > deadline) {
      await ended(child);
      throw new Error(`Cannot start "${[file, ...args].join(" ")}": ${words.trim() || "no answer on its port"}`);
    }
    await delay(1);
  }
  return { port, pid: child.pid!, stop: () => ended(child) };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
