/**
 * A redis-server of a test's own: on a free port of the loopback, keeping nothing, ended with the test. It can be killed,
 * started again, and paused; three or six of them make a Redis Cluster. One that is already running is never touched.
 */
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { redisServerPath } from "../programs.ts";
import { freePort } from "../server_process.ts";
import { eventually, Hopeless } from "../waiting.ts";

const OK = "+OK\r\n";

export interface RedisServerOptions {
  port?: number;
  /** Where no port is given. Default: any free one. */
  findPort?: () => Promise<number>;
  /** Further arguments, as on its command line. */
  args?: string[];
  /** If its arguments say that it wants one. */
  password?: string;
  /** Lines of the configuration of a Sentinel, which this then is. */
  sentinel?: string[];
}

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  /** `redis://127.0.0.1:<port>`. */
  readonly url: string;
  readonly #args: string[];
  readonly #password: string | undefined;
  readonly #sentinel: string[] | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), "parley-redis-"));
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  /** A test process that ends early takes its servers along. */
  readonly #orphan = () => this.#signal("SIGKILL");

  private constructor(port: number, { args = [], password, sentinel }: RedisServerOptions) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.#args = args;
    this.#password = password;
    this.#sentinel = sentinel;
  }

  /** On a port that was free a moment ago: where somebody else was faster, on another one. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const { port: given, findPort = freePort } = options;
    for (let triesLeft = 5;; triesLeft--) {
      const port = given ?? await findPort();
      const server = new RedisServer(port, options);
      try {
        await server.start({ again: given !== undefined || triesLeft === 1 });
        return server;
      } catch (error) {
        await server[Symbol.asyncDispose]();
        if (!(error instanceof Hopeless)) throw error;
      }
    }
  }

  /** Empty, unless its arguments say otherwise. `again`: tries until its port is free; false: then it is hopeless. */
  async start({ again = true } = {}): Promise<void> {
    this.#spawn();
    await eventually(() => {
      if (!this.#child) {
        if (!again) throw new Hopeless(`redis-server has ended: port ${this.port} is taken`);
        this.#spawn();
      }
      // Somebody else's server on the port may take the question and never answer.
      const ended = this.#exited.then(() => Promise.reject(new Error("redis-server has ended")));
      return Promise.race([this.command("PING"), ended]);
    }, { withinMs: 10_000, everyMs: 20 });
  }

  #spawn(): void {
    const base = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--dir", this.#folder];
    const args = this.#sentinel
      ? [this.#writeConfig(this.#sentinel), "--sentinel", ...base]
      : [...base, "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0", ...this.#args];
    const child = this.#child = spawn(redisServerPath(), args, { stdio: "ignore" });
    process.once("exit", this.#orphan);
    this.#exited = new Promise((resolve) => {
      const gone = () => {
        this.#child = undefined;
        process.off("exit", this.#orphan);
        resolve(undefined);
      };
      child.once("exit", gone);
      child.once("error", gone);
    });
  }

  /** A Sentinel writes into its configuration what it finds out. */
  #writeConfig(lines: string[]): string {
    const path = join(this.#folder, "sentinel.conf");
    writeFileSync(path, lines.join("\n") + "\n");
    return path;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#exited;
  }

  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  /** One command in the inline form; answers with the raw reply. */
  command(line: string): Promise<string> {
    const login = this.#password === undefined ? "" : `AUTH ${this.#password}\r\n`;
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, "127.0.0.1");
      const chunks: Buffer[] = [];
      const [last, closing] = this.#sentinel ? ["PING over", "$4\r\nover\r\n"] : ["QUIT", OK];
      socket.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        // A Sentinel knows no QUIT, and leaves it to us to go.
        if (this.#sentinel && String(chunk).endsWith(closing)) socket.destroy();
      });
      socket.on("error", reject);
      socket.on("close", () => {
        const reply = Buffer.concat(chunks).toString();
        if (!reply.endsWith(closing)) reject(new Error(`Redis has not answered "${line}"`));
        else resolve(reply.slice(login === "" ? 0 : OK.length, -closing.length));
      });
      // The answer to the last shows that the one before it is whole.
      socket.write(`${login}${line}\r\n${last}\r\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child) {
      this.resume();
      await this.kill();
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    const pid = this.#child?.pid;
    if (pid !== undefined) process.kill(pid, name);
  }
}

/** Three masters, each with a replica if that is wanted. */
export class RedisCluster implements AsyncDisposable {
  readonly masters: RedisServer[];
  readonly replicas: RedisServer[];

  private constructor(servers: RedisServer[]) {
    this.masters = servers.slice(0, 3);
    this.replicas = servers.slice(3);
  }

  static async start({ replicas = false } = {}): Promise<RedisCluster> {
    const args = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1000"];
    const cluster = new RedisCluster(
      await Promise.all(Array.from({ length: replicas ? 6 : 3 }, () => {
        // The cluster bus listens 10,000 above the port; whether that is free, too, only the start shows.
        return RedisServer.start({ findPort: () => freePortBelow(50_000), args });
      })),
    );
    await cluster.#join();
    await cluster.#replicate();
    return cluster;
  }

  get url(): string {
    return this.masters.map(({ url }) => url).join(",");
  }

  async #join(): Promise<void> {
    const [first, ...others] = this.masters;
    const ranges = ["0 5460", "5461 10922", "10923 16383"];
    for (const [at, master] of this.masters.entries()) {
      await expectOk(master, `CLUSTER ADDSLOTSRANGE ${ranges[at]}`);
      await expectOk(master, `CLUSTER SET-CONFIG-EPOCH ${at + 1}`);
    }
    for (const { port } of [...others, ...this.replicas]) await expectOk(first!, `CLUSTER MEET 127.0.0.1 ${port}`);
    for (const master of this.masters) {
      await eventually(async () => (await master.command("CLUSTER INFO")).includes("cluster_state:ok"), {
        withinMs: 20_000,
      });
    }
  }

  /** Each follows its master, and has what that has. */
  async #replicate(): Promise<void> {
    for (const [at, replica] of this.replicas.entries()) {
      const id = (await this.masters[at]!.command("CLUSTER MYID")).split("\r\n")[1]!;
      await eventually(async () => (await replica.command("CLUSTER NODES")).includes(id), { withinMs: 20_000 });
      await expectOk(replica, `CLUSTER REPLICATE ${id}`);
    }
    for (const replica of this.replicas) await inSync(replica);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.masters, ...this.replicas].map((server) => server[Symbol.asyncDispose]()));
  }
}

/** The replica has what its master has. */
export async function inSync(replica: RedisServer): Promise<void> {
  await eventually(async () => (await replica.command("INFO replication")).includes("master_link_status:up"), {
    withinMs: 20_000,
  });
}

async function expectOk(server: RedisServer, line: string): Promise<void> {
  const reply = await server.command(line);
  if (!reply.startsWith("+OK")) throw new Error(`Cannot run "${line}": ${reply.trim()}`);
}

async function freePortBelow(limit: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = await freePort();
    if (port < limit) return port;
  }
  throw new Error(`Cannot find a free port below ${limit}`);
}
