/**
 * Workers that share a port: each request of a session may reach any of them. Here every request goes to the wrong one.
 */
import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { SessionIds } from "../../src/socketio/engine/session_id.ts";
import { eventually } from "../harness.ts";
import { Peer, SocketioTestServer } from "./test_server.ts";

const SECRET = "what the workers have in common";

interface Pair extends AsyncDisposable {
  home: SocketioTestServer;
  other: SocketioTestServer;
}

async function pair(options = {}): Promise<Pair> {
  const [home, other] = [
    await SocketioTestServer.start(options, SECRET),
    await SocketioTestServer.start(options, SECRET),
  ];
  return {
    home,
    other,
    async [Symbol.asyncDispose]() {
      await other[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

function idsAt(port: number, secret = SECRET): SessionIds {
  const ids = new SessionIds();
  ids.worker = { port, secret };
  return ids;
}

/** A session of `home` whose peer reaches only `other`. */
async function abroad({ home, other }: Pair): Promise<Peer> {
  const { sid } = await home.polling();
  return new Peer(other, sid);
}

test("polls and posts find the worker of their session", async () => {
  await using workers = await pair();
  const peer = await abroad(workers);
  assertEquals(await peer.post("40"), "ok");
  assertEquals(await peer.get(), '40{"sid":"socket-1"}');
  const poll = peer.get();
  assertEquals(await peer.post('42["echo","ü"]\x1e451-["echo",{"_placeholder":true,"num":0}]\x1ebAQID'), "ok");
  assertEquals(await poll, '42["echo","ü"]\x1e451-["echo",{"_placeholder":true,"num":0}]\x1ebAQID');
  assertEquals([workers.home.engine.sessions, workers.other.engine.sessions], [1, 0]);
});

test("what the session's worker answers is answered: status, type, and what pages may read", async () => {
  await using workers = await pair({ maxPayloadBytes: 100 });
  const peer = await abroad(workers);
  const response = await peer.send("40", { headers: { origin: "http://a.example" } });
  assertEquals([response.status, response.headers.get("content-type")], [200, "text/html"]);
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
  await response.body?.cancel();
  assertEquals((await peer.send("4".repeat(101))).status, 413);
  const refused = await peer.poll({ method: "DELETE" });
  assertEquals([refused.status, (await refused.json()).code], [400, 3]);
  assertEquals(await peer.post("nonsense"), "ok");
  const gone = await peer.poll();
  assertEquals([gone.status, (await gone.json()).code], [400, 1]);
});

test("an upgrade crosses, too, and what was buffered comes first", async () => {
  await using workers = await pair();
  const peer = await abroad(workers);
  await peer.post("40");
  await peer.get();
  const { host } = workers.home;
  const poll = peer.get();
  const socket = await peer.probe();
  socket.send("2probe");
  assertEquals(await socket.next(), "3probe");
  assertEquals(await poll, "6");
  host.only.send('42["between",1]');
  socket.send("5");
  assertEquals(await socket.next(), '42["between",1]');
  await eventually(() => host.only.transport === "websocket");
  host.publish("all", '42["cast",2]');
  assertEquals(await socket.next(), '42["cast",2]');
  socket.send('451-["echo",{"_placeholder":true,"num":0}]');
  socket.send(new Uint8Array([1, 2]));
  await socket.next();
  assertEquals(await socket.next(), new Uint8Array([1, 2]));
  host.only.close(4403, "kicked");
  assertEquals(await socket.next(), "41");
  assertEquals((await socket.closed).code, 4403);
  await workers.home.isEmpty();
});

test("a peer that goes away abroad is gone at home", async () => {
  await using workers = await pair();
  const peer = await abroad(workers);
  await peer.post("40");
  await peer.get();
  const socket = await peer.upgrade();
  await eventually(() => workers.home.host.only.transport === "websocket");
  await socket.close();
  await workers.home.isEmpty();
  const poller = await abroad(workers);
  const abort = new AbortController();
  const poll = poller.poll({ signal: abort.signal }).catch(() => undefined);
  await poller.post("3");
  abort.abort();
  await poll;
  await workers.home.isEmpty();
});

test("a session whose worker is gone is unknown", async () => {
  await using other = await SocketioTestServer.start({}, SECRET);
  const home = await SocketioTestServer.start({}, SECRET);
  const { sid } = await home.polling();
  await home[Symbol.asyncDispose]();
  const response = await new Peer(other, sid).poll();
  assertEquals([response.status, (await response.json()).code], [400, 1]);
  const socket = await new Peer(other, sid).probe().catch(() => undefined);
  await socket?.closed;
});

test("hundreds of polls wait abroad at once", { timeout: 30_000 }, async () => {
  await using workers = await pair();
  const peers = await Promise.all(Array.from({ length: 300 }, () => abroad(workers)));
  await Promise.all(peers.map((peer) => peer.post("40")));
  await Promise.all(peers.map((peer) => peer.get()));
  assertEquals(workers.home.unicast.subscribers("all").size, 300);
  // The test's own client would queue what waits, so the packet is there before the polls are.
  workers.home.host.publish("all", '42["cast",1]');
  const heard = await Promise.all(peers.map((peer) => peer.get()));
  assert(heard.every((frame) => frame === '42["cast",1]'));
});

test("nobody sends a worker to a port of their choice", () => {
  const [ids, others, alone] = [idsAt(7000), idsAt(7001), new SessionIds()];
  const sid = others.next();
  assertMatch(sid, /^7001\.[\w-]{24}\.[\w-]{22}$/);
  assertEquals([ids.portOfOwner(sid), others.portOfOwner(sid), alone.portOfOwner(sid)], [7001, undefined, undefined]);
  const forged = idsAt(7001, "another secret").next();
  for (
    const bad of [forged, sid.replace("7001", "22"), `${sid}x`, `${sid}.x`, sid.slice(0, -1), "7001.random.", "x", ""]
  ) {
    assertEquals(ids.portOfOwner(bad), undefined, bad);
  }
});

test("a worker's own port begins no session", async () => {
  await using server = await SocketioTestServer.start({}, SECRET);
  const { sid } = await server.polling();
  const port = sid.split(".")[0];
  const base = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
  assertEquals((await fetch(base)).status, 400);
  const visited = await fetch(`${base}&sid=${sid}`, { method: "POST", body: "40" });
  assertEquals(await visited.text(), "ok");
});
