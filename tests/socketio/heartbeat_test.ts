/**
 * Pings and their deadlines, exact to a few milliseconds on both transports.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { eventually } from "../harness.ts";
import { SocketioTestServer } from "./test_server.ts";

const FAST = { pingIntervalMs: 120, pingTimeoutMs: 80 };

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test("pings come an interval after the last pong", async () => {
  await using server = await SocketioTestServer.start(FAST);
  const socket = await server.webSocket();
  for (let n = 0; n < 3; n++) {
    assertEquals(await socket.next(), "2");
    socket.send("3");
  }
  const peer = await server.polling();
  for (let n = 0; n < 3; n++) {
    assertEquals(await peer.get(), "2");
    await peer.post("3");
  }
});

test("a WebSocket that answers no ping is closed", async () => {
  await using server = await SocketioTestServer.start(FAST);
  const socket = await server.webSocket();
  await socket.closed;
  assertEquals(server.host.ends, [{ code: 4408, reason: "ping timeout" }]);
  await server.isEmpty();
});

test("the deadline of a pong runs from when the ping was due, polled for or not", async () => {
  await using server = await SocketioTestServer.start(FAST);
  const peer = await server.polling();
  await pause(FAST.pingIntervalMs + FAST.pingTimeoutMs);
  const response = await peer.poll();
  assertEquals([response.status, (await response.json()).code], [400, 1]);
  await server.isEmpty();
});

test("a poll that waits when the time is up is told the end", async () => {
  await using server = await SocketioTestServer.start(FAST);
  const peer = await server.polling();
  assertEquals(await peer.get(), "2");
  assertEquals(await peer.get(), "1");
  assertEquals((await peer.poll()).status, 400);
  await server.isEmpty();
});

test("a poll that carried the ping does not move the deadline", async () => {
  await using server = await SocketioTestServer.start(FAST);
  const peer = await server.polling();
  const started = performance.now();
  assertEquals(await peer.get(), "2");
  await pause(Math.ceil(FAST.pingIntervalMs + FAST.pingTimeoutMs - (performance.now() - started)));
  assertEquals((await peer.poll()).status, 400);
});

test("pongs that nobody waits for do not put off the next ping", async () => {
  await using server = await SocketioTestServer.start(FAST);
  const socket = await server.webSocket();
  const flood = setInterval(() => socket.isOpen && socket.send("3"), 10);
  assertEquals(await socket.next(), "2");
  clearInterval(flood);
});

test("a pong after the deadline is too late", async () => {
  await using server = await SocketioTestServer.start(FAST);
  const peer = await server.polling();
  await peer.get();
  await eventually(() => server.engine.sessions === 0);
  assertEquals((await peer.send("3")).status, 400);
});

test("a session that joins no namespace in time is closed", async () => {
  await using server = await SocketioTestServer.start({ connectTimeoutMs: 60 });
  const socket = server.socket("EIO=4&transport=websocket");
  await socket.closed;
  await server.polling();
  await server.isEmpty();
  const joined = await server.webSocket();
  await pause(80);
  assert(joined.isOpen);
});

test("a session that has left its last namespace has the same time to join another", async () => {
  await using server = await SocketioTestServer.start({ connectTimeoutMs: 60, ...FAST });
  const socket = await server.webSocket();
  socket.send("41");
  await socket.closed;
  await server.isEmpty();
});
