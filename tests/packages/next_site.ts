/**
 * A site built by Next, served by Next.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { NODE, type UserFolder } from "./user_folder.ts";

export const NEXT = "next@16.4.6";
const PROGRAM = "node_modules/next/dist/bin/next";
const QUIET = { NEXT_TELEMETRY_DISABLED: "1" };

/** Builds it and serves it on a port of the loopback, until it is disposed of. */
export async function nextSite(folder: UserFolder): Promise<AsyncDisposable & { origin: string }> {
  await folder.run(NODE, [PROGRAM, "build"], { env: QUIET });
  const words = [PROGRAM, "start", "--hostname", "127.0.0.1", "--port", "0"];
  const env = { ...process.env, ...QUIET };
  const site: ChildProcess = spawn(NODE, words, { cwd: folder.path, env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(site, "exit");
  let output = "";
  const origin = await new Promise<string>((resolve, reject) => {
    site.stdout!.on("data", (chunk) => {
      output += chunk;
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [];
      if (found) resolve(found);
    });
    site.once("exit", (code) => reject(new Error(`next ended with ${code}:\n${output}`)));
  });
  return {
    origin,
    async [Symbol.asyncDispose]() {
      site.kill();
      await ended;
    },
  };
}
