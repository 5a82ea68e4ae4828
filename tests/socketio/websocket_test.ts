/**
 * WebSockets: as the first transport, and as the one that takes over from polling.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { eventually } from "../harness.ts";
import { SocketioTestServer } from "./test_server.ts";

const ATTACHED = '451-["echo",{"_placeholder":true,"num":0}]';

test("text and binary go both ways", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  socket.send('42["echo","ü"]');
  assertEquals(await socket.next(), '42["echo","ü"]');
  socket.send(ATTACHED);
  socket.send(new Uint8Array([1, 2, 3]));
  assertEquals(await socket.next(), ATTACHED);
  assertEquals(await socket.next(), new Uint8Array([1, 2, 3]));
  await socket.close();
  await server.isEmpty();
});

test("a peer that said b64=1 gets and sends binary as text", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket("&b64=1");
  socket.send(ATTACHED);
  socket.send("bAQID");
  assertEquals([await socket.next(), await socket.next()], [ATTACHED, "bAQID"]);
  server.host.publish("all", '42["cast"]');
  assertEquals(await socket.next(), '42["cast"]');
  await socket.close();
  await server.isEmpty();
});

for (const packet of ["", "x", "2", "5", "abc", "4abc", "42{}", '42abc["x"]', "1"]) {
  test(`the packet ${JSON.stringify(packet)} closes the socket`, async () => {
    await using server = await SocketioTestServer.start();
    const socket = await server.webSocket();
    socket.send(packet);
    await socket.closed;
    await server.isEmpty();
  });
}

test("a frame over maxPayload closes with 1009", async () => {
  await using server = await SocketioTestServer.start({ maxPayloadBytes: 1000 });
  const socket = await server.webSocket();
  socket.send(`42["echo","${"x".repeat(1000)}"]`);
  assertEquals((await socket.closed).code, 1009);
  await server.isEmpty();
});

test("a close by the server has its code, a kick says DISCONNECT first", async () => {
  await using server = await SocketioTestServer.start();
  const one = await server.webSocket();
  server.host.only.close(1001, "server going away");
  assertEquals(await one.closed, { code: 1001, reason: "server going away" });
  const other = await server.webSocket();
  server.host.only.close(4403, "kicked");
  assertEquals(await other.next(), "41");
  assertEquals((await other.closed).code, 4403);
  assertEquals(server.host.ends, [{ code: 1001, reason: "server going away" }, { code: 4403, reason: "kicked" }]);
  await server.isEmpty();
});

test("stopping the server closes every session with 1001", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  const peer = await server.joined();
  const poll = peer.get();
  await peer.post("3");
  await server.engine.stop();
  assertEquals((await socket.closed).code, 1001);
  assertEquals(await poll, "1");
  await server.isEmpty();
});

// ---- the upgrade ----

test("a probe frees the poll at once, and the upgrade takes over what was buffered", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const poll = peer.get();
  const socket = await peer.probe();
  socket.send("2probe");
  assertEquals(await socket.next(), "3probe");
  assertEquals(await poll, "6");
  assertEquals(await peer.get(), "6");
  assertEquals(server.host.only.transport, "polling");
  server.host.only.send('42["between",1]');
  server.host.publish("all", '42["between",2]');
  socket.send("5");
  assertEquals([await socket.next(), await socket.next()], ['42["between",1]', '42["between",2]']);
  assertEquals(server.host.only.transport, "websocket");
  const response = await peer.poll();
  assertEquals([response.status, (await response.json()).code], [400, 3]);
  assertEquals((await peer.send("3")).status, 400);
  socket.send('42["echo",1]');
  assertEquals(await socket.next(), '42["echo",1]');
  server.host.publish("all", '42["cast"]');
  assertEquals(await socket.next(), '42["cast"]');
  assertEquals(server.unicast.size, 0);
  await socket.close();
  await server.isEmpty();
});

test("while a probe is under way, polling goes on", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const socket = await peer.probe();
  const poll = peer.get();
  server.host.only.send('42["still",1]');
  assertEquals(await poll, '42["still",1]');
  socket.send("2probe");
  await socket.next();
  await peer.post('42["echo",2]');
  assertEquals(await peer.get(), '42["echo",2]');
  assertEquals(socket.frames, ["3probe"]);
  await socket.close();
});

test("a second WebSocket of an upgraded session is accepted and closed", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const socket = await peer.upgrade();
  await eventually(() => server.host.only.transport === "websocket");
  const second = await peer.probe();
  await second.closed;
  socket.send('42["echo",1]');
  assertEquals(await socket.next(), '42["echo",1]');
});

test("a second WebSocket of a session that began as one is accepted and closed", async () => {
  await using server = await SocketioTestServer.start();
  const socket = server.socket("EIO=4&transport=websocket");
  const { sid } = JSON.parse(String(await socket.next()).slice(1));
  const second = server.socket(`EIO=4&transport=websocket&sid=${sid}`);
  await second.opened;
  await second.closed;
  socket.send("40");
  assertEquals(await socket.next(), '40{"sid":"socket-1"}');
});

test("a probe that is abandoned can be tried again", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const lost = await peer.probe();
  lost.send("2probe");
  await lost.next();
  await lost.close();
  // Polls wait again instead of being freed at once.
  await eventually(async () => {
    const poll = peer.get();
    await peer.post('42["echo",0]');
    return await poll === '42["echo",0]';
  });
  const socket = await peer.upgrade();
  socket.send('42["echo",1]');
  assertEquals(await socket.next(), '42["echo",1]');
});

test("a newer probe replaces one that is stuck", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const stuck = await peer.probe();
  stuck.send("2probe");
  await stuck.next();
  const socket = await peer.upgrade();
  await stuck.closed;
  socket.send('42["echo",1]');
  assertEquals(await socket.next(), '42["echo",1]');
});

test("a probe that says anything else is closed, and the session stays", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  for (const word of ["5", "2", "3probe", '42["echo",1]', "x"]) {
    const socket = await peer.probe();
    socket.send(word);
    await socket.closed;
  }
  assertEquals(server.host.packets, []);
  assertEquals(await peer.post('42["echo",1]'), "ok");
  assertEquals(await peer.get(), '42["echo",1]');
});

test("a probe that does not upgrade in time is closed, and the session stays", async () => {
  await using server = await SocketioTestServer.start({ upgradeTimeoutMs: 50 });
  const peer = await server.joined();
  const silent = await peer.probe();
  await silent.closed;
  const slow = await peer.probe();
  slow.send("2probe");
  await slow.next();
  await slow.closed;
  await peer.post('42["echo",1]');
  assertEquals(await peer.get(), '42["echo",1]');
});

test("a session that ends in the middle of an upgrade waits for its peer, and tells it there", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const socket = await peer.probe();
  socket.send("2probe");
  await socket.next();
  server.host.only.close(4403, "kicked");
  socket.send("5");
  assertEquals(await socket.next(), "41");
  assertEquals(await socket.closed, { code: 4403, reason: "kicked" });
  await server.isEmpty();
});

test("a poll may take the end of a session in the middle of an upgrade, too", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const socket = await peer.probe();
  socket.send("2probe");
  await socket.next();
  server.host.only.close(1001, "server going away");
  assertEquals(await peer.get(), "1");
  await socket.closed;
  await server.isEmpty();
});

test("a stop waits for a peer in the middle of an upgrade", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const socket = await peer.probe();
  socket.send("2probe");
  await socket.next();
  const stopped = server.engine.stop();
  socket.send("5");
  assertEquals((await socket.closed).code, 1001);
  await stopped;
  await server.isEmpty();
});

test("a stop does not wait for ever for a peer that does not finish its upgrade", async () => {
  await using server = await SocketioTestServer.start({ upgradeTimeoutMs: 50 });
  const peer = await server.joined();
  const socket = await peer.probe();
  socket.send("2probe");
  await socket.next();
  await server.engine.stop();
  await socket.closed;
  await server.isEmpty();
});

test("a session that ends takes along a probe that nobody answered", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const socket = await peer.probe();
  server.host.only.close(1001, "server going away");
  await socket.closed;
  assertEquals(await peer.get(), "1");
  await server.isEmpty();
});

test("somebody else's session id opens nothing but that session", async () => {
  await using server = await SocketioTestServer.start();
  const [one, other] = [await server.joined(), await server.joined()];
  const thief = server.socket(`EIO=4&transport=websocket&sid=${one.sid.slice(0, -1)}`);
  await thief.closed;
  assertEquals(await other.post('42["echo",1]'), "ok");
  assertEquals(await other.get(), '42["echo",1]');
});
