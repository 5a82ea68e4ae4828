/**
 * Long-polling: what a GET and a POST carry, and what ends a session that polls.
 */
import { connect } from "node:net";
import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../harness.ts";
import { type Peer, SocketioTestServer } from "./test_server.ts";

async function isGone(peer: Peer): Promise<void> {
  const response = await peer.poll();
  assertEquals([response.status, (await response.json()).code], [400, 1]);
}

test("a waiting poll is answered with all packets of one turn", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const poll = peer.get();
  assertEquals(await peer.post(['42["echo",1]', '42["echo",{"a":"ü"}]'].join("\x1e")), "ok");
  assertEquals(await poll, '42["echo",1]\x1e42["echo",{"a":"ü"}]');
});

test("packets that nobody polled for wait for the next poll", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  await peer.post('42["echo",1]');
  await peer.post('42["echo",2]');
  assertEquals(server.host.only.bufferedBytes, 2 * '42["echo",1]'.length);
  assertEquals(await peer.get(), '42["echo",1]\x1e42["echo",2]');
  assertEquals(server.host.only.bufferedBytes, 0);
});

test("a post is answered ok, as HTML", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.polling();
  const response = await peer.send("40");
  assertEquals([response.status, response.headers.get("content-type")], [200, "text/html"]);
  assertEquals(await response.text(), "ok");
});

test("binary travels as base64 both ways", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  await peer.post('451-["echo",{"_placeholder":true,"num":0}]\x1ebAQIDBA==');
  assertEquals(await peer.get(), '451-["echo",{"_placeholder":true,"num":0}]\x1ebAQIDBA==');
});

test("a second poll ends the session: the first is told, the second refused", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const first = peer.poll();
  // Whichever arrives second is the second: both are on their way, so look at both.
  const answers = await Promise.all([first, peer.poll()].map(async (each) => {
    const response = await each;
    return [response.status, await response.text()] as const;
  }));
  assert(answers.some(([status, body]) => status === 200 && body === "1"));
  assert(answers.some(([status, body]) => status === 400 && JSON.parse(body).code === 3));
  await isGone(peer);
  await server.isEmpty();
});

test("a second post ends the session", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const unfinished = connect(server.port, "127.0.0.1");
  unfinished.write(`POST /socket.io/?${peer.query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n42`);
  await eventually(async () => (await peer.send("3")).status === 400);
  await isGone(peer);
  unfinished.destroy();
  await server.isEmpty();
});

test("a post that breaks off ends the session", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const broken = connect(server.port, "127.0.0.1");
  broken.write(`POST /socket.io/?${peer.query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n42`, () => {
    broken.destroy();
  });
  await server.isEmpty();
  assertEquals(server.host.packets, []);
});

test("an aborted poll ends the session", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const abort = new AbortController();
  const poll = peer.poll({ signal: abort.signal }).catch(() => "aborted");
  const other = await server.joined();
  abort.abort();
  assertEquals(await poll, "aborted");
  await eventually(() => server.engine.sessions === 1);
  await isGone(peer);
  assertEquals(await other.post('42["echo",1]'), "ok");
  assertEquals(await other.get(), '42["echo",1]');
});

for (
  const packet of [
    "x",
    "",
    "5",
    "0",
    "2",
    "4",
    "42",
    "43",
    "431",
    "4abc",
    "42{}",
    '42abc["x"]',
    "49",
    "44{}",
    '42["connect"]',
    "450-[]",
    "45-[]",
  ]
) {
  test(`the packet ${JSON.stringify(packet)} ends the session`, async () => {
    await using server = await SocketioTestServer.start();
    const peer = await server.joined();
    await peer.post(`42["echo",1]\x1e${packet}\x1e42["echo",2]`);
    await isGone(peer);
    assertEquals(server.host.packets.length, 1);
    await server.isEmpty();
  });
}

test("a binary post ends the session", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const response = await peer.send("abc", { headers: { "content-type": "application/octet-stream" } });
  assertEquals(response.status, 400);
  await isGone(peer);
});

test("a post over maxPayload is refused with 413, and the session stays", async () => {
  await using server = await SocketioTestServer.start({ maxPayloadBytes: 100 });
  const peer = await server.joined();
  const told = await peer.send("4".repeat(101));
  assertEquals(told.status, 413);
  // Without a length: it shows while the body is read.
  const stream = new Blob(["4".repeat(60), "4".repeat(60)]).stream();
  const streamed = await peer.send(stream as unknown as BodyInit, { duplex: "half" } as RequestInit);
  assertEquals(streamed.status, 413);
  assertEquals(await peer.post('42["echo",1]'), "ok");
  assertEquals(await peer.get(), '42["echo",1]');
});

test("maxPayload counts bytes, and a body of just that size is taken", async () => {
  await using server = await SocketioTestServer.start({ maxPayloadBytes: 40 });
  const peer = await server.joined();
  const fits = `42["echo","${"ü".repeat(14)}"]`;
  assertEquals(new TextEncoder().encode(fits).length, 41);
  assertEquals((await peer.send(fits)).status, 413);
  assertEquals((await peer.send(fits.replace("ü", "u"))).status, 200);
});

test("a peer that says goodbye frees its poll and is gone", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const poll = peer.get();
  assertEquals(await peer.post("1"), "ok");
  assertEquals(await poll, "6");
  await isGone(peer);
  assertEquals(server.host.ends, [{ code: 1000, reason: "transport close" }]);
  await server.isEmpty();
});

test("a close by the server ends a waiting poll with what was still to be said", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const poll = peer.get();
  await peer.post("3");
  server.host.only.send('42["last",1]');
  server.host.only.close(1001, "server going away");
  assertEquals(await poll, '42["last",1]');
  assertEquals(await peer.get(), "1");
  await isGone(peer);
  assertEquals(server.host.ends, [{ code: 1001, reason: "server going away" }]);
  await server.isEmpty();
});

test("a close by the server waits for the next poll, and takes no more packets", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const { only } = server.host;
  only.send('42["last",1]');
  only.close(1001, "server going away");
  await eventually(() => server.host.ends.length === 1);
  assertEquals(only.send("42[]"), false);
  assertEquals(await peer.post('42["echo",1]'), "ok");
  assertEquals(server.host.packets, []);
  assertEquals(await peer.get(), '42["last",1]');
  assertEquals(await peer.get(), "1");
  await isGone(peer);
  await server.isEmpty();
});

test("a kick says DISCONNECT before the close", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  server.host.only.close(4403, "kicked");
  assertEquals(await peer.get(), "41");
  assertEquals(await peer.get(), "1");
});

test("a peer that closes what is being closed need not poll for the end", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  server.host.only.close(4403, "kicked");
  assertEquals(await peer.get(), "41");
  assertEquals(await peer.post("1"), "ok");
  await isGone(peer);
  await server.isEmpty();
});

test("a peer that does not poll is cut off when its buffer is full", async () => {
  await using server = await SocketioTestServer.start({ maxBufferedBytes: 1000 });
  const peer = await server.joined();
  const { only } = server.host;
  const frame = `42["fill","${"x".repeat(388)}"]`;
  assertEquals([only.send(frame), only.send(frame), only.send(frame)], [true, true, false]);
  await eventually(() => server.host.ends.length === 1);
  assertEquals(server.host.ends, [{ code: 4409, reason: "slow consumer" }]);
  await isGone(peer);
  await server.isEmpty();
});

test("queries of the user ride along and are seen once", async () => {
  await using server = await SocketioTestServer.start();
  server.host.connecting = ({ client }) => assertStringIncludes((client as { address: string }).address, "token=abc");
  const peer = await server.polling("&token=abc&t=p1&b64=1");
  assertEquals(await peer.post("40"), "ok");
  assertEquals(await peer.get(), '40{"sid":"socket-1"}');
});

test("polls wait longer than the idle timeout of an HTTP server", { timeout: 30_000 }, async () => {
  await using server = await SocketioTestServer.start({ pingIntervalMs: 12_000 });
  const peer = await server.joined();
  assertEquals(await peer.get(), "2");
});
