/**
 * What CONTRIBUTING.md tells others to do works: its worked example, applied to a copy of the sources, compiles, and a
 * server made of them does what the page says. Its files exist, and it stays short enough to be read.
 */
import { assert, assertEquals } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, freePort, ServerProcess } from "../harness.ts";
import { runtimePath } from "../programs.ts";
import { signToken } from "../../src/verifiers/sign.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url).href);
const SECRET = "a secret of thirty-two characters";
const PAGE = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");

/** A piece of the worked example: a file, or lines that go behind one that is there. */
interface Piece {
  path: string;
  after?: string;
  text: string;
}

function pieces(): Piece[] {
  const blocks = [...PAGE.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.flatMap((block) => {
    return block.split(/^(?=\/\/ src\/)/m).map((piece) => {
      const [head = "", ...lines] = piece.split("\n");
      const [, path, after] = /^\/\/ (src\/\S+?\.ts)(?:, after: (.*))?$/.exec(head) ?? [];
      assert(path, `"${head}" does not say where the block belongs`);
      return { path, after, text: lines.join("\n") };
    });
  });
}

function apply(folder: string, { path, after, text }: Piece): void {
  const file = join(folder, path);
  if (after === undefined) {
    assert(!existsSync(file), `${path} is there already`);
    return writeFileSync(file, text);
  }
  const lines = readFileSync(file, "utf8").split("\n");
  const places = lines.flatMap((line, at) => line.trim() === after ? [at] : []);
  assertEquals(places.length, 1, `${path} has "${after}" ${places.length} times`);
  lines.splice(places[0]! + 1, 0, text.trimEnd());
  writeFileSync(file, lines.join("\n"));
}

/** The sources with the example in them, where the compiler finds the project's packages. */
function changedSources(): { folder: string } & Disposable {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "dist/contributing-"));
  for (const name of ["src", "package.json", "tsconfig.json"]) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  for (const piece of pieces()) apply(folder, piece);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

function compile(folder: string): string {
  const program = join(ROOT, "node_modules/typescript/bin/tsc");
  const options = { compilerOptions: { checkJs: false }, extends: "./tsconfig.json", include: ["src/server.ts"] };
  writeFileSync(join(folder, "tsconfig.example.json"), JSON.stringify(options));
  const { stdout } = spawnSync(runtimePath("bun"), [program, "--project", join(folder, "tsconfig.example.json")], {
    encoding: "utf8",
  });
  // Bundles have no types of their own.
  return stdout.split("\n").filter((line) => line.includes("error") && !/TS7016|\/assets\//.test(line)).join("\n");
}

test(
  "the worked example of CONTRIBUTING.md compiles, and a server with it does what it says",
  { timeout: 120_000 },
  async () => {
    using changed = changedSources();
    assertEquals(compile(changed.folder), "");
    const port = await freePort();
    const env = { PATH: process.env.PATH, PORT: String(port), JWT_SECRET: SECRET };
    const words = [join(changed.folder, "src/main.ts")];
    const child = spawn(runtimePath("bun"), words, { env, stdio: ["ignore", "pipe", "pipe"] });
    await using server = new ServerProcess(child, port);
    await eventually(async () => (await fetch(`${server.url}/livez`)).ok, { withinMs: 15_000 });
    const token = await signToken({ user: "ann", ttlMs: 60_000 }, { secret: SECRET });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?token=${token}`);
    const heard: { type: string; roomId?: string }[] = [];
    socket.onmessage = ({ data }) => void heard.push(JSON.parse(data));
    await new Promise((resolve) => socket.onopen = resolve);
    for (const roomId of ["one", "two"]) socket.send(JSON.stringify({ type: "join_room", roomId }));
    socket.send(JSON.stringify({ type: "leave_all" }));
    const left = () => heard.flatMap(({ type, roomId }) => type === "user_left" ? [roomId] : []);
    await eventually(() => left().length === 2);
    assertEquals(left(), ["one", "two"]);
    socket.close();
  },
);

test("CONTRIBUTING.md names files that there are, and is short", () => {
  const missing = [...PAGE.matchAll(/`([\w/]+(?:\.(?:ts|mjs|md|json)|\/))`/g)].map(([, path]) => path!)
    .filter((path) => ![path, join("src", path), join("tests", path)].some((each) => existsSync(join(ROOT, each))));
  assertEquals(missing, []);
  assert(PAGE.trimEnd().split("\n").length <= 100, "at most 100 lines");
});
