/**
 * The executable: arguments and environment → configuration → server → signals, or one of the subcommands.
 *
 * The only file that reads the environment and ends the process. It has no top-level await, which the bytecode of the
 * single binary does not allow.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { isMainThread } from "node:worker_threads";
import { check } from "./cli/check.ts";
import { reasonOf } from "./errors.ts";
import { settingsTable, usage } from "./cli/help.ts";
import { asksForHelp, complainAbout, type ExitCode, type Terminal } from "./cli/terminal.ts";
import { token } from "./cli/token.ts";
import { type Config, loadConfig } from "./config/config.ts";
import { DIALECT_FAMILIES } from "./dialects/all.ts";
import { demoPages } from "./demo/pages.ts";
import { createLog, type Log } from "./log.ts";
import { Reload } from "./cli/reload.ts";
import { createServer, type Running } from "./server.ts";
import { listenToSignals } from "./cli/signals.ts";
import { VERSION } from "./config/version.ts";
import { runWorker } from "./workers/worker.ts";
import { startWorkers } from "./workers/workers.ts";

const terminal: Terminal = {
  env: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
};

type Subcommand = (args: readonly string[], terminal: Terminal) => ExitCode | Promise<ExitCode>;

const SUBCOMMANDS: Record<string, Subcommand> = { token, check, help, version };

if (isMainThread) void main(process.argv.slice(2));
else runWorker();

/** A server in this thread, or in several. */
type Started = Pick<Running, "ports" | "adminPorts" | "runtime" | "renew" | "stop">;

async function main(args: readonly string[]): Promise<void> {
  const [first = "", ...rest] = args;
  const subcommand = Object.hasOwn(SUBCOMMANDS, first) ? SUBCOMMANDS[first] : undefined;
  if (subcommand) process.exit(await subcommand(rest, terminal));
  if (/^\w/.test(first)) process.exit(unknownCommand(first));
  if (asksForHelp(args)) process.exit(help(args, terminal));
  if (args.some((argument) => argument === "--version" || argument === "-v")) process.exit(version());
  await serve(args);
}

function help(args: readonly string[], { print }: Terminal): ExitCode {
  print(args.includes("--markdown") ? settingsTable() : usage());
  return 0;
}

function version(): ExitCode {
  terminal.print(VERSION);
  return 0;
}

function unknownCommand(name: string): ExitCode {
  const known = Object.keys(SUBCOMMANDS).join(", ");
  complainAbout([`there is no such command, only ${known}; settings begin with --`], `run "${name}"`, terminal);
  return 2;
}

async function serve(args: readonly string[]): Promise<void> {
  const sources = { args, env: terminal.env, readFile: terminal.readFile };
  const loaded = loadConfig(sources, DIALECT_FAMILIES);
  if ("problems" in loaded) {
    complainAbout(loaded.problems, "start", terminal);
    terminal.complain("Every setting is listed by --help.");
    process.exit(2);
  }
  const { config, notes } = loaded;
  const colour = isColourful();
  const log = createLog({ level: config.logLevel, format: config.logFormat, colour });
  for (const note of notes) log.warn(note);
  const starting = start(config, { log, colour });
  const reload = new Reload({ config, notes, sources, log });
  listenToSignals({
    stop: async () => await (await starting).stop(),
    renew: async () => await reload.applyTo(await starting),
    end: process.exit,
    hasTerminal: hasTerminal(),
    log,
  });
  announce(config, await starting, log);
}

async function start(config: Config, { log, colour }: { log: Log; colour: boolean }): Promise<Started> {
  try {
    if (config.workerCount === 1 && config.broker !== "broadcast") {
      return await createServer(config, { log, pages: demoPages });
    }
    return await startWorkers(config, { log, colour, main: import.meta.url, end: process.exit });
  } catch (error) {
    log.error("cannot start", { reason: reasonOf(error) });
    log.debug("where it failed", { error });
    process.exit(1);
  }
}

function announce(config: Config, server: Started, log: Log): void {
  const urls = server.ports.map((port) => urlOf(config, config.host, port));
  log.info("listening", {
    url: urls,
    admin: server.adminPorts.map((port) => urlOf(config, config.adminHost, port)).join() || undefined,
    runtime: server.runtime,
    broker: config.broker,
    workers: config.workerCount > 1 ? config.workerCount : undefined,
    dialects: config.dialects,
    version: VERSION,
  });
  if (!config.demo) return;
  log.info("demo mode: no key is configured, this run has a random one", { open: `${urls[0]}/` });
}

function urlOf({ tlsCert, basePath }: Config, host: string, port: number): string {
  return `${tlsCert ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}${basePath}`;
}

/** If it was started from one: a service has none, nor has a container unless asked for. */
function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY === true);
}

/** See https://no-color.org. */
function isColourful(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}
