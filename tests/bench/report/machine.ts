/**
 * The head of every report: which machine, which versions, when. Without it a number means nothing.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../programs.ts";
import { peerFolder } from "../servers/install.ts";

export interface Machine {
  readonly takenAt: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  return {
    takenAt: new Date().toISOString().slice(0, 16) + "Z",
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}, ${readFileSync("/proc/sys/net/ipv4/tcp_congestion_control", "utf8").trim()}`,
    versions: {
      Bun: version("bun", "bun", "--version"),
      Deno: version("deno", "deno", "--version"),
      Node: version("node", "nodejs", "--version"),
      "nats-server": version("nats-server", "nats-server", "--version"),
      mosquitto: version("mosquitto", "mosquitto", "-h"),
      Redis: version("redis-server", "redis-server", "--version"),
      ...packageVersions(),
    },
  };
}

/** The npm packages that the peers pin. */
function packageVersions(): Record<string, string> {
  const manifests = readdirSync(peerFolder("")).map((name) => join(peerFolder(name), "package.json"));
  const pinned = manifests.filter((path) => existsSync(path)).map((path): Record<string, string> =>
    JSON.parse(readFileSync(path, "utf8")).dependencies
  );
  return Object.assign({}, ...pinned);
}

/** A program that is not there has its rows reported as failed; here it is only said so. mosquitto's help exits with 3. */
function version(program: string, debianPackage: string, flag: string): string {
  try {
    return numberIn(execFileSync(findProgram(program, debianPackage), [flag], { encoding: "utf8", stdio: "pipe" }));
  } catch (error) {
    const printed = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    return printed ? numberIn(printed) : "not installed";
  }
}

const numberIn = (text: string): string => /\d+\.\d+\.\d+/.exec(text)?.[0] ?? text.trim();
