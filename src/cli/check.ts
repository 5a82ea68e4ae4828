/**
 * `parley check [URL]`: asks a running server for its status. Made for a container's HEALTHCHECK, where there is neither
 * curl nor a shell.
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { type Config, loadConfig } from "../config/config.ts";
import { DIALECT_FAMILIES } from "../dialects/all.ts";
import { reasonOf } from "../errors.ts";
import { readFlags } from "../config/flags.ts";
import { asksForHelp, complainAbout, type ExitCode, type Terminal } from "./terminal.ts";

export const CHECK_USAGE = `parley check [URL]

Asks a server for its /status: exit code 0 if it is healthy, 1 if not. Without a URL: the server on this machine that
runs with the same settings.`;

const PATIENCE_MS = 2_500;

interface ReadyAnswer {
  status: number;
  body: string;
}

export async function check(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (asksForHelp(args)) {
    terminal.print(CHECK_USAGE);
    return 0;
  }
  const { words, problems } = readFlags(args, {});
  const found = problems.length > 0 ? { problems } : words.length > 0 ? named(words) : local(terminal);
  if ("problems" in found) {
    complainAbout(found.problems, "check a server", terminal);
    return 2;
  }
  return await judge(found.url, terminal);
}

async function judge(url: URL, terminal: Terminal): Promise<ExitCode> {
  try {
    const { status, body } = await get(url);
    if (status === 200) {
      terminal.print(`healthy: ${url.href}${figures(body)}`);
      return 0;
    }
    terminal.complain(`unhealthy: ${url.href} answers ${status}${reason(body)}`);
  } catch (error) {
    terminal.complain(
      `unhealthy: ${url.href} does not answer: ${reasonOf(error)}`,
    );
  }
  return 1;
}

function named(words: readonly string[]): { url: URL } | { problems: string[] } {
  const [text = ""] = words;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (words.length > 1) return { problems: [`there is more than one URL: ${words.join(" ")}`] };
  if (!url || !/^https?:$/.test(url.protocol)) {
    return { problems: [`expected an http:// or https:// URL, got "${text}"`] };
  }
  return { url: url.pathname === "/" ? new URL("/status", url) : url };
}

function local({ env, readFile }: Terminal): { url: URL } | { problems: string[] } {
  const loaded = loadConfig({ args: [], env, readFile }, DIALECT_FAMILIES);
  if ("problems" in loaded) return loaded;
  const { ports: [port], tlsCert, basePath } = loaded.config;
  if (!port) return { problems: ["PORT is 0, any free one: give the URL"] };
  return { url: new URL(`${tlsCert ? "https" : "http"}://${reachable(loaded.config)}:${port}${basePath}/status`) };
}

/** An address that stands for all of the machine is listened on, not connected to. */
function reachable({ host }: Config): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** Not `fetch`: a certificate is made for the public name, and here it is asked for by address. */
function get(url: URL): Promise<ReadyAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadyAnswer>();
  const ask = url.protocol === "https:" ? requestHttps : requestHttp;
  const options = { rejectUnauthorized: false, agent: false, timeout: PATIENCE_MS };
  const request = ask(url.href, options, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (chunk) => body += chunk).on("error", reject)
      .on("end", () => resolve({ status: response.statusCode ?? 0, body }));
  });
  request.on("timeout", () => request.destroy(new Error(`nothing came within ${PATIENCE_MS} ms`))).on("error", reject)
    .end();
  return promise;
}

function figures(body: string): string {
  const { stats } = parsed(body) as { stats?: { active_connections?: number; total_rooms?: number } };
  return stats ? `, ${stats.active_connections} connections, ${stats.total_rooms} rooms` : "";
}

function reason(body: string): string {
  const { message } = parsed(body) as { message?: unknown };
  return typeof message === "string" ? `: ${message}` : "";
}

function parsed(body: string): object {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {}; // Another program answers there; its status code is all that is known.
  }
}
