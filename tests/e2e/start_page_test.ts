/**
 * Every script of docs/start.md does what the page says, in demo mode and with a key.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { io } from "socket.io-client";
import { eventually } from "../harness.ts";
import { atPort, type Script, SCRIPTS } from "../start_page.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 60_000 };
const PATIENCE = { withinMs: 15_000 };
const ROOM = "tea";

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

/** Runs it here, where `socket.io-client` is; returns the lines that it prints, more of which may come. */
async function run({ code }: Script, port: number, token: string): Promise<string[]> {
  const lines: string[] = [];
  const body = atPort(code, port).replace(/^import .*$/m, "");
  const log = (line: unknown) => lines.push(String(line).replace(/guest-[0-9a-f]{6}/, "guest-1a2b3c"));
  await new AsyncFunction("io", "process", "console", body)(io, { env: { TOKEN: token } }, { log });
  return lines;
}

function scriptOf(name: string): Script {
  const script = SCRIPTS.find((script) => script.name === name);
  if (!script) throw new Error(`docs/start.md has no script ${name}.mjs`);
  return script;
}

async function assertPageHolds(server: TestServer, token: string): Promise<void> {
  const { port } = server.parley;
  const isAlone = () => server.parley.getRoom(ROOM).length === 1;
  const listener = scriptOf("listen");
  const heard = await run(listener, port, token);
  await eventually(isAlone, PATIENCE);
  const speakers = SCRIPTS.filter(({ name }) => name !== "token" && name !== "listen");
  assertEquals(speakers.map(({ name }) => name), ["plain", "kebab", "snake", "socketio", "envelope", "rest"]);
  for (const script of speakers) {
    const printed = await run(script, port, token);
    await eventually(() => printed.length >= script.prints.length, PATIENCE);
    assertEquals(printed, script.prints, script.name);
    // The listener closes after the last message.
    if (script.name !== "rest") await eventually(isAlone, PATIENCE);
  }
  await eventually(() => heard.length >= listener.prints.length, PATIENCE);
  assertEquals(heard, listener.prints);
  await eventually(() => server.parley.getRoom(ROOM).length === 0, PATIENCE);
}

test("docs/start.md in demo mode: its scripts print what it says", SLOW, async () => {
  await using server = await TestServer.open({ demo: true, jwtSecret: undefined });
  const [token] = await run(scriptOf("token"), server.parley.port, "");
  await assertPageHolds(server, token!);
});

test("docs/start.md with a key: its scripts print what it says", SLOW, async () => {
  await using server = await TestServer.open();
  await assertPageHolds(server, await server.token("ann", { name: "Ann" }));
});
