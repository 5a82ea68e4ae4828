/**
 * The program as an operator meets it: what it says when it starts, how it refuses to, and how it ends.
 */
import { test } from "node:test";
import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually, RUNTIME, type ServerProcess, spawnServer, startServer, TestSocket } from "../harness.ts";

const SECRET = "a secret of at least thirty-two bytes";
const PATIENT = { timeout: 30_000 };

function lines(server: ServerProcess): string[] {
  return server.output().trim().split("\n");
}

test("start: one line says where it listens, a second one that it is a demo", PATIENT, async () => {
  await using server = await spawnServer();
  await eventually(() => lines(server).length >= 2);
  assertEquals(lines(server).length, 2);
  const [listening, demo] = lines(server);
  const dialects = "dialects=envelope,socketio,kebab,snake,plain";
  assertStringIncludes(
    listening!,
    `INFO  listening url=${server.url} runtime=${RUNTIME} broker=memory ${dialects} version=`,
  );
  assertStringIncludes(demo!, `demo mode: no key is configured, this run has a random one open=${server.url}/`);
});

test("start: with a key there is no demo, and settings without effect are named once", PATIENT, async () => {
  await using server = await spawnServer({
    env: {
      JWT_SECRET: SECRET,
      WEBSOCKET_REQUIRE_AUTH: "1",
      HOST: "127.0.0.1",
      WEBSOCKET_PING_PERIOD: "54s",
      LOG_FORMAT: "json",
    },
  });
  await eventually(() => lines(server).length >= 2);
  const [note, listening, ...rest] = lines(server).map((line) => JSON.parse(line));
  assertEquals([note.level, note.message], [
    "warn",
    "WEBSOCKET_PING_PERIOD has no effect: the runtime decides when it pings",
  ]);
  assertEquals([listening.message, listening.url, rest], ["listening", [server.url], []]);
  assertFalse(server.output().includes(SECRET));
});

test("start: a port in use is one clear line and exit code 1", PATIENT, async () => {
  await using first = await spawnServer();
  await using second = startServer({ env: { PORT: String(first.port) } });
  assertEquals(await second.exited, { code: 1, signal: null });
  assertEquals(lines(second).length, 1);
  assertMatch(lines(second)[0]!, new RegExp(`ERROR cannot start reason="Cannot listen on .*${first.port}`));
});

test(
  "start: a demo with a key, or for other machines, is refused with the reason and exit code 2",
  PATIENT,
  async () => {
    const refused: Record<string, string>[] = [{ JWT_SECRET: SECRET, HOST: "127.0.0.1" }, { HOST: "0.0.0.0" }];
    for (const [index, env] of refused.entries()) {
      await using server = startServer({ env: { ...env, PORT: "0", DEMO: "1" } });
      assertEquals(await server.exited, { code: 2, signal: null });
      assertStringIncludes(server.output(), ["DEMO: 1 goes without any key", 'HOST: "0.0.0.0" without a key'][index]!);
    }
  },
);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`stop: ${signal} sends everybody away with 1001 and ends with exit code 0`, PATIENT, async () => {
    await using server = await spawnServer();
    const socket = await TestSocket.open(server.ws("/ws"));
    server.signal(signal);
    assertEquals(await server.exited, { code: 0, signal: null });
    assertEquals((await socket.closed).code, 1001);
    assertMatch(lines(server).at(-1)!, /INFO {2}stopped$/);
  });
}
