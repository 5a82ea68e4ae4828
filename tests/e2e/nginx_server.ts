/**
 * An nginx of a test's own, with the configuration that deploy/nginx.conf shows: its own ports and folder, on the loopback,
 * in the foreground, ended with the test.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findProgram } from "../programs.ts";
import { freePort } from "../server_process.ts";
import { eventually } from "../waiting.ts";

const SHOWN = join(import.meta.dirname!, "../../deploy/nginx.conf");

export class NginxServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "parley-nginx-"));
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #orphan = () => this.#child.kill("SIGKILL");

  private constructor(port: number, site: string) {
    this.port = port;
    writeFileSync(join(this.#folder, "parley.conf"), site);
    writeFileSync(join(this.#folder, "nginx.conf"), this.#main());
    const program = process.env.NGINX ?? findProgram("nginx", "nginx-light");
    const args = ["-p", this.#folder, "-e", join(this.#folder, "error.log"), "-c", join(this.#folder, "nginx.conf")];
    this.#child = spawn(program, args, { stdio: "ignore" });
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", resolve);
      this.#child.once("error", resolve);
    });
    process.once("exit", this.#orphan);
  }

  /** In front of two nodes; `change` may take something out of the shown text. */
  static async start(nodes: [number, number], change = (text: string) => text): Promise<NginxServer> {
    const port = await freePort();
    const shown = change(readFileSync(SHOWN, "utf8"));
    const places: [string, string][] = [
      ["listen 8080;", `listen 127.0.0.1:${port};`],
      ["127.0.0.1:3001;", `127.0.0.1:${nodes[0]};`],
      ["127.0.0.1:3002;", `127.0.0.1:${nodes[1]};`],
    ];
    const site = places.reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`deploy/nginx.conf does not hold "${from}"`);
      return text.replace(from, to);
    }, shown);
    const server = new NginxServer(port, site);
    try {
      await eventually(async () => (await fetch(`http://127.0.0.1:${port}/livez`)).ok);
    } catch (error) {
      const said = readFileSync(join(server.#folder, "error.log"), "utf8");
      await server[Symbol.asyncDispose]();
      throw new Error(`nginx did not start: ${said}`, { cause: error });
    }
    return server;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  #main(): string {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
    return `daemon off; master_process off; pid nginx.pid; error_log error.log;
      events { worker_connections 256; }
      http { access_log off; ${temporary.join(" ")} include parley.conf; }`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
    process.off("exit", this.#orphan);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
