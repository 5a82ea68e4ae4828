/** The single binary starts its workers from inside of itself, wherever it was moved to. */
import { assertEquals } from "@std/assert";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, freePort, ServerProcess } from "../harness.ts";
import { runtimePath } from "../programs.ts";
import { connectTwo, get, SECRET } from "./worker_clients.ts";
import { JOIN } from "./test_server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url).href);

/** Built as it is released, from a copy of the source that is gone afterwards: it could still be found by its path. */
function buildAndMove(folder: string): string {
  const copy = join(folder, "copy");
  for (const part of ["src", ".ci", "package.json"]) cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  execFileSync(runtimePath("bun"), [join(copy, ".ci/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  const home = join(folder, "elsewhere");
  mkdirSync(home);
  renameSync(join(copy, "dist/parley"), join(home, "another_name"));
  rmSync(copy, { recursive: true });
  return home;
}

test("binary: two workers serve one room, far from the source", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-"));
  try {
    const cwd = buildAndMove(folder);
    const port = await freePort();
    const env = {
      PORT: String(port),
      HOST: "127.0.0.1",
      WORKERS: "2",
      JWT_SECRET: SECRET,
      WEBSOCKET_CONNECT_RATE: "0",
    };
    const child = spawn(join(cwd, "another_name"), [], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    await using server = new ServerProcess(child, port);
    await eventually(async () => (await get(server, "/livez")).ok, { withinMs: 15_000 });
    const [kim, lou] = await connectTwo(server, ["kim", "lou"]);
    for (const client of [kim, lou]) await client.ask(...JOIN.kebab!("lobby"));
    kim.say({ type: "message", roomId: "lobby", message: "hello" });
    await lou.hear({ type: "message", message: "hello" });
    assertEquals(await server.stop(), { code: 0, signal: null });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
