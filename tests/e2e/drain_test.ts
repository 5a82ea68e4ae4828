/**
 * The end of the executable: signals, farewells, exit codes.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import {
  eventually,
  RUNTIME,
  spawnGroup,
  spawnInTerminal,
  spawnServer,
  TcpSocket,
  type TcpSocketOptions,
  TestSocket,
} from "../harness.ts";

const SLOW = { timeout: 30_000 };
const SECRET = { JWT_SECRET: "a secret of at least thirty-two bytes", HOST: "127.0.0.1", WEBSOCKET_CONNECT_RATE: "0" };

test("SIGTERM tells everybody, closes 1001 in batches, refuses newcomers and exits 0", SLOW, async () => {
  await using server = await spawnServer({ env: { ...SECRET, WEBSOCKET_DRAIN: "3s" } });
  const sockets = await Promise.all(Array.from({ length: 250 }, () => TestSocket.open(server.ws("/ws/lobby"))));
  server.signal("SIGTERM");
  const ready = await eventually(async () => {
    const response = await fetch(`${server.url}/readyz`);
    await response.body?.cancel();
    return response.status === 503 && response;
  });
  assertEquals(ready.status, 503);
  // Deno's listener may have stopped by then: the connection waits in the system's queue, and ends with the process.
  const refused = RUNTIME === "bun" ? /^refused with 503$/ : /^refused with 503$|^Error: Cannot /;
  assertMatch(await fateOf({ port: server.port, path: "/ws" }), refused);
  for (const socket of sockets) assertEquals((await socket.closed).code, 1001);
  assertEquals(await server.exited, { code: 0, signal: null });
});

test("two signals at once are one: the drain goes on, and everybody is closed 1001", SLOW, async () => {
  await using server = await spawnServer({ env: { ...SECRET, WEBSOCKET_DRAIN: "1s" } });
  const sockets = await Promise.all(Array.from({ length: 150 }, () => TestSocket.open(server.ws("/ws"))));
  server.signal("SIGTERM");
  await eventually(() => server.output().includes("stopping"), { everyMs: 1 });
  server.signal("SIGTERM");
  server.signal("SIGINT");
  for (const socket of sockets) assertEquals((await socket.closed).code, 1001);
  assertEquals(await server.exited, { code: 0, signal: null });
});

test("a signal to the whole group of a script runner and its server is one", SLOW, async () => {
  await using group = await spawnGroup({ ...SECRET, WEBSOCKET_DRAIN: "1s" });
  const sockets = await Promise.all(Array.from({ length: 150 }, () => TestSocket.open(group.ws("/ws"))));
  group.signal("SIGTERM");
  for (const socket of sockets) assertEquals((await socket.closed).code, 1001);
  await eventually(() => group.output().includes("stopped"));
  await group.exited;
});

test("a terminal that is closed sends everybody away in good order", SLOW, async () => {
  await using terminal = await spawnInTerminal({ ...SECRET, WEBSOCKET_DRAIN: "1s" });
  const sockets = await Promise.all(Array.from({ length: 150 }, () => TestSocket.open(terminal.ws("/ws"))));
  await terminal.kill();
  for (const socket of sockets) assertEquals((await socket.closed).code, 1001);
  await eventually(() => TestSocket.open(terminal.ws("/ws")).then(() => false, () => true));
});

test("a signal after two seconds does not wait", SLOW, async () => {
  await using server = await spawnServer({ env: { ...SECRET, WEBSOCKET_DRAIN: "1h" } });
  // More than one batch, and half an hour between the two.
  const sockets = await Promise.all(Array.from({ length: 250 }, () => TestSocket.open(server.ws("/ws"))));
  const before = performance.now();
  const { code } = await eventually(() => {
    server.signal("SIGINT");
    return server.exit;
  });
  assertEquals(code, 1);
  assert(performance.now() - before >= 2_000);
  await Promise.all(sockets.map((socket) => socket.closed));
});

test("who is connecting when the signal comes is told 1001 or refused with 503", SLOW, async () => {
  await using server = await spawnServer({ env: { ...SECRET, WEBSOCKET_DRAIN: "10s" } });
  const { port } = server;
  const connections = await Promise.all(Array.from({ length: 420 }, () => TcpSocket.connect(port)));
  server.signal("SIGTERM");
  await eventually(() => server.output().includes("stopping"), { everyMs: 1 });
  const found = new Set(await Promise.all(connections.map((over) => fateOf({ port, path: "/ws", over }))));
  for (const fate of ["told 1001", "refused with 503"]) found.delete(fate);
  assertEquals([...found], []);
  assertEquals(await server.exited, { code: 0, signal: null });
});

/** How a handshake, or the connection it led to, ends. */
async function fateOf(options: TcpSocketOptions): Promise<string> {
  try {
    const socket = await TcpSocket.open(options);
    return socket.status === 101 ? `told ${(await socket.closed).code}` : `refused with ${socket.status}`;
  } catch (error) {
    return String(error);
  }
}
