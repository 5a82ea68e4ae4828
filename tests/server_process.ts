/**
 * Starts Parley as its users do, `src/main.ts` in a process of its own, and waits until it answers.
 * Used by end-to-end tests through harness.ts; it ends only the processes it started.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findProgram, runtimePath } from "./programs.ts";
import { eventually, Hopeless } from "./waiting.ts";

export type Runtime = "bun" | "deno";

/** The runtime this test runs in. */
export const RUNTIME: Runtime = process.versions.bun ? "bun" : "deno";

const ROOT = fileURLToPath(new URL("../", import.meta.url).href);
// What lets a runtime find its packages; no setting of ours begins like these.
const INHERITED = /^(PATH|HOME|TMPDIR|(DENO|BUN|NPM_CONFIG|NODE|SSL|HTTPS?_PROXY|NO_PROXY).*)$/i;
const DENO_FLAGS = ["run", "--quiet", "--unstable-net", "--allow-all"];

export interface ServerProcessOptions {
  /** Settings; PORT is a free one unless given. Nothing else is inherited but what finding the runtime takes. */
  env?: Record<string, string>;
  /** Command line arguments after `src/main.ts`. */
  args?: string[];
  /** Default: the runtime the test runs in. */
  runtime?: Runtime;
  /** Where the runtime is. Default: as tests/programs.ts finds it. */
  program?: string;
}

export interface Exit {
  code: number | null;
  signal: string | null;
}

export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #isGroup: boolean;
  #output = "";
  #exit?: Exit;

  /** A group's leader: signals go to all of the group. */
  constructor(child: ChildProcess, port: number, isGroup = false) {
    this.#child = child;
    this.#isGroup = isGroup;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    child.stdout?.on("data", (chunk) => this.#output += chunk);
    child.stderr?.on("data", (chunk) => this.#output += chunk);
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve(this.#exit = { code, signal }));
      // A program that is not there: it never ran, so it never exits either.
      child.once("error", (error) => {
        this.#output += error.message;
        resolve(this.#exit ??= { code: null, signal: null });
      });
    });
  }

  /** Its runtime and its port. */
  get name(): string {
    return `${this.#child.spawnargs[0]} on port ${this.port}`;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Absent while the process runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** What it printed so far, both streams. */
  output(): string {
    return this.#output;
  }

  /** `ws://127.0.0.1:<port><path>`. */
  ws(path: string): string {
    return `ws://127.0.0.1:${this.port}${path}`;
  }

  signal(name: "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    // Not ChildProcess.kill: on Deno every exit after it is reported as death by the signal, whatever the exit code.
    if (!this.#exit && this.pid !== undefined) process.kill(this.#isGroup ? -this.pid : this.pid, name);
  }

  /** Asks it to end and waits. */
  stop(): Promise<Exit> {
    this.signal("SIGTERM");
    return this.exited;
  }

  /** Ends it as a crash would. */
  kill(): Promise<Exit> {
    this.signal("SIGKILL");
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#exit) await this.kill();
  }
}

/** A server that answers on `/livez`. Rejects with its output if it does not, or ends before that. */
export async function spawnServer(options: ServerProcessOptions = {}): Promise<ServerProcess> {
  const port = options.env?.PORT ? Number(options.env.PORT.split(",")[0]) : await freePort();
  return await answering(startServer({ ...options, env: { ...options.env, PORT: options.env?.PORT ?? String(port) } }));
}

/** The server as the child of its runtime's script runner, both in a process group of their own, until it answers. */
export async function spawnGroup(settings: Record<string, string>): Promise<ServerProcess> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "parley-"));
  try {
    const start = [process.execPath, ...argumentsOf(RUNTIME)].map((word) => JSON.stringify(word)).join(" ");
    writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { start } }));
    writeFileSync(join(folder, "deno.json"), JSON.stringify({ tasks: { start } }));
    const words = [RUNTIME === "bun" ? "run" : "task", "start"];
    const env = environmentOf({ ...settings, PORT: String(port) });
    const options = { cwd: folder, env, detached: true, stdio: ["ignore" as const, "pipe" as const, "pipe" as const] };
    return await answering(new ServerProcess(spawn(process.execPath, words, options), port, true));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The server in a terminal of its own, until it answers. Its exit code is not to be had: `exited` is the terminal's, and
 * to kill that is to close it.
 */
export async function spawnInTerminal(settings: Record<string, string>): Promise<ServerProcess> {
  const port = await freePort();
  const words = [process.execPath, ...argumentsOf(RUNTIME)].map((word) => `'${word}'`).join(" ");
  const options = { cwd: ROOT, env: environmentOf({ ...settings, PORT: String(port) }) };
  const terminal = spawn(findProgram("script", "bsdutils"), ["-qec", `exec ${words}`, "/dev/null"], options);
  return await answering(new ServerProcess(terminal, port));
}

async function answering(server: ServerProcess): Promise<ServerProcess> {
  try {
    await eventually(() => answers(server), { withinMs: 20_000 });
  } catch (error) {
    const isRunning = !server.exit;
    await server[Symbol.asyncDispose]();
    throw isRunning
      ? new Error(`${server.name} does not answer, and says: ${server.output()}`, { cause: error })
      : error;
  }
  return server;
}

/** The process alone, without waiting: for settings that it refuses to start with. */
export function startServer(options: ServerProcessOptions & { env: { PORT: string } | Record<string, string> }) {
  const runtime = options.runtime ?? RUNTIME;
  const file = options.program ?? (runtime === RUNTIME ? process.execPath : runtimePath(runtime));
  const args = [...argumentsOf(runtime), ...(options.args ?? [])];
  const child = spawn(file, args, { cwd: ROOT, env: environmentOf(options.env), stdio: ["ignore", "pipe", "pipe"] });
  return new ServerProcess(child, Number(String(options.env.PORT ?? 3000).split(",")[0]));
}

function argumentsOf(runtime: Runtime): string[] {
  return [...(runtime === "deno" ? DENO_FLAGS : []), join(ROOT, "src/main.ts")];
}

function environmentOf(settings: Record<string, string>): Record<string, string | undefined> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name)));
  return { ...inherited, NODE_ENV: "", NO_COLOR: "1", ...settings };
}

async function answers(server: ServerProcess): Promise<true> {
  if (server.exit) {
    throw new Hopeless(`Cannot start ${server.name}: it ended with ${server.exit.code}: ${server.output()}`);
  }
  const response = await fetch(`${server.url}/livez`);
  await response.body?.cancel();
  if (!response.ok) throw new Error(`/livez says ${response.status}`);
  return true;
}

/** A port of the loopback that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => typeof address === "object" && address ? resolve(address.port) : reject(new Error("No port")));
    });
  });
}
