/**
 * The published server as its users get it: the tarball, installed by npm into a folder of somebody else's, where a
 * program of ten lines serves a chat on Bun and on Deno. tests/packages/users/server/ is that folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { io } from "socket.io-client";
import { clientOf, CONNECT, SECRET, tokenOf } from "../client/real_server.ts";
import { runtimePath } from "../programs.ts";
import { AT_NIGHT, NODE, ONCE, UserFolder } from "./user_folder.ts";

let folder: UserFolder;

after(() => folder?.[Symbol.dispose]());

// All other tests stand on it. Not a hook: Bun gives hooks no time of their own.
test("server package: npm installs the tarball, which brings nothing of the demo", ONCE, async () => {
  folder = new UserFolder("server");
  await folder.install("server");
  const files = readdirSync(join(folder.path, "node_modules/parley-server"), { recursive: true, encoding: "utf8" });
  assert(files.includes("dist/http/assets/client.js"));
  assert(files.includes("docs/embedding.md"), "the README links to the handbook");
  const { dependencies } = JSON.parse(
    readFileSync(join(folder.path, "node_modules/parley-server/package.json"), "utf8"),
  );
  assertEquals(["react", "react-dom", "esbuild"].filter((name) => name in dependencies), []);
  assertEquals(
    files.filter((name) => /(^|\/)demo\/|\.(html|css|tsx)$|src\/client\//.test(name)),
    [],
  );
});

interface Program extends AsyncDisposable {
  port: number;
}

/** The program, which has said its port. */
async function start(runtime: string, ...words: string[]): Promise<Program> {
  const program: ChildProcess = spawn(runtime, [...words, "serve.mjs"], {
    cwd: folder.path,
    env: { ...process.env, SECRET },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(program, "exit");
  const lines: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: program.stdout! }).on("line", (line) => {
      lines.push(line);
      if (/^\d+$/.test(line)) resolve(Number(line));
    });
    program.once("exit", (code) => reject(new Error(`it ended with ${code}:\n${lines.join("\n")}`)));
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      program.stdin!.end();
      assertEquals(await ended, [0, null], "a stopped server lets the process end");
    },
  };
}

async function chat(port: number): Promise<void> {
  const client = clientOf("bob", `ws://127.0.0.1:${port}${CONNECT}`);
  client.connect();
  const room = client.room("lobby");
  await room.join();
  await room.history();
  await room.send("hello");
  assertEquals(room.messages.map(({ username, data }) => [username, data.text]), [
    ["server", "The chat is open"],
    ["bob", "hello"],
  ]);
  assertEquals(await client.room("cellar").join().catch(({ code }) => code), "forbidden");
  client.close();
}

async function ring(port: number): Promise<void> {
  const socket = io(`http://127.0.0.1:${port}`, { auth: { token: tokenOf("ann") } });
  try {
    assertEquals(await socket.emitWithAck("bell:ring", 3), { rung: 3, by: "ann" });
  } finally {
    socket.disconnect();
  }
}

for (const [runtime, words] of Object.entries({ bun: [], deno: ["run", "--allow-all", "--quiet"] })) {
  test(`server package: a program of ten lines serves a chat on ${runtime}`, ONCE, async () => {
    await using program = await start(runtimePath(runtime as "bun" | "deno"), ...words);
    await chat(program.port);
    await ring(program.port);
    const script = await fetch(`http://127.0.0.1:${program.port}/client.js`);
    assertStringIncludes(await script.text(), "createClient");
  });
}

test("server package: Node is told that it cannot run it", ONCE, async () => {
  const failed = await folder.run(NODE, ["serve.mjs"]).then(() => "", ({ message }) => message);
  assertStringIncludes(failed, "Cannot start parley-server: it runs on Bun and on Deno");
  const names = ["--eval", 'import("parley-server").then((module) => console.log(Object.keys(module).sort().join()))'];
  assertEquals(await folder.run(NODE, names), await folder.run(runtimePath("bun"), names), "the same names");
});

for (const moduleResolution of ["node16", "bundler"]) {
  test(`server package: TypeScript 7 checks it with every strict flag, as ${moduleResolution}`, ONCE, async () => {
    await folder.typecheck("typescript", moduleResolution);
  });
  test(`server package: TypeScript 5.9 does, as ${moduleResolution}`, AT_NIGHT, async () => {
    await folder.typecheck("typescript5", moduleResolution);
  });
}

test("server package: Deno checks a program that uses it", ONCE, async () => {
  await folder.run(runtimePath("deno"), ["check", "src/program.ts"]);
});

test("server package: its manifest and its files are what the registry's checkers want", ONCE, async () => {
  assertStringIncludes(await folder.lint("parley-server"), "All good");
});

test("server package: its types are found as its code is, by every way of looking", AT_NIGHT, async () => {
  await folder.checkTypesOf(folder.tarballs()[0]!);
});
