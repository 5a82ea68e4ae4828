/**
 * The end of the executable: signals, farewells, exit codes.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { eventually, spawnServer, TestSocket } from "../harness.ts";

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
  const late = new TestSocket(server.ws("/ws"));
  assert((await late.closed).code !== 1001);
  for (const socket of sockets) assertEquals((await socket.closed).code, 1001);
  assertEquals(await server.exited, { code: 0, signal: null });
});

test("a second signal does not wait", SLOW, async () => {
  await using server = await spawnServer({ env: { ...SECRET, WEBSOCKET_DRAIN: "20s" } });
  const sockets = await Promise.all(Array.from({ length: 250 }, () => TestSocket.open(server.ws("/ws"))));
  server.signal("SIGINT");
  await sockets[0]!.closed;
  server.signal("SIGINT");
  const { code } = await server.exited;
  assertEquals(code, 1);
});
