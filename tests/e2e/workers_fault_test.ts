/** Workers that break: what the others see, what the clients find when they come back, and when the process gives up. */
import { assertEquals, assertMatch } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, freePort, RUNTIME, ServerProcess } from "../harness.ts";
import { connectClient, connectTwo, get, SECRET, statusOfEach } from "./worker_clients.ts";

const SLOW = { timeout: 40_000 };
const PROGRAM = fileURLToPath(new URL("./fragile_program.ts", import.meta.url).href);
const DENO_FLAGS = RUNTIME === "deno" ? ["run", "--quiet", "--no-check", "--unstable-net", "--allow-all"] : [];

/** A server whose workers can be broken. */
class Fragile extends ServerProcess {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, port: number) {
    super(child, port);
    this.#child = child;
  }

  /** `hangMs`: starting must not look like hanging, also on a busy machine. */
  static async start({ hangMs = 30_000 } = {}): Promise<Fragile> {
    const port = await freePort();
    const words = [...DENO_FLAGS, PROGRAM, String(port), SECRET, String(hangMs)];
    const child = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "pipe"] });
    const server = new Fragile(child, port);
    await eventually(async () => (await get(server, "/livez")).ok, { withinMs: 15_000 });
    return server;
  }

  break(how: "end" | "throw" | "spin", worker: number): void {
    this.#child.stdin?.write(`${how} ${worker}\n`);
  }
}

for (const how of ["end", "throw"] as const) {
  test(`workers: one that breaks (${how}) is replaced, and its clients recover`, SLOW, async () => {
    await using server = await Fragile.start();
    const pair = await connectTwo(server, ["kim", "lou"]);
    const [{ position }] = await Promise.all(pair.map((client) => {
      return client.ask({ type: "join-room", roomId: "lobby" }, { type: "room-joined" });
    }));
    server.break(how, 1);
    const lost = await Promise.race(pair.map((client) => client.socket.closed.then(() => client)));
    const stayed = pair.find((client) => client !== lost)!;
    const user = lost === pair[0] ? "kim" : "lou";
    await stayed.hear({ type: "user-left", clientId: lost.id });
    for (const n of [1, 2, 3]) stayed.say({ type: "message", roomId: "lobby", message: `missed ${n}` });
    await stayed.hear({ type: "message", message: "missed 3" });
    const back = await eventually(() => connectClient(server, user));
    const joined = await back.ask({ type: "join-room", roomId: "lobby", since: position }, { type: "room-joined" });
    const missed = (joined.messages as { message: string }[]).map(({ message }) => message);
    assertEquals([joined.recovered, missed], [true, ["missed 1", "missed 2", "missed 3"]]);
    await stayed.hear({ type: "user-joined", userId: user });
    await stayed.settle();
    assertEquals(stayed.heard({ type: "user-left" }).length, 1);
    await eventually(() => server.output().includes("a worker is back"));
    assertMatch(server.output(), /ERROR a worker has ended and is started again worker=1 code=\d inMs=100/);
    const nodes = (await statusOfEach(server, 2)).map(({ node }) => node);
    assertEquals([nodes.includes(stayed.worker), nodes.includes(lost.worker)], [true, false]);
  });
}

test("workers: one that hangs ends the process, which says so", SLOW, async () => {
  await using server = await Fragile.start({ hangMs: 8_000 });
  await statusOfEach(server, 2);
  server.break("spin", 2);
  assertEquals(await server.exited, { code: 70, signal: null });
  const [line, ...more] = server.output().trim().split("\n");
  assertMatch(line!, /ERROR a worker hangs: the process ends, .* worker=2 hangMs=8000$/);
  assertEquals(more, []);
});
