/**
 * Connection state recovery: what a peer that lost its transport finds when it comes back, and when it may not.
 */
import { test } from "node:test";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { encodeEvent } from "../../src/socketio/codec.ts";
import { PacketLog } from "../../src/socketio/packet_log.ts";
import { eventually, type TestSocket } from "../harness.ts";
import { SocketioTestServer } from "./test_server.ts";

const RECOVERY = { recovery: { windowMs: 60_000, maxBytes: 100_000 } };

interface Joined {
  socket: TestSocket;
  sid: string;
  pid: string;
}

/** CONNECT on a new WebSocket session. */
async function join(server: SocketioTestServer, auth: Record<string, unknown> = {}): Promise<Joined> {
  const socket = server.socket("EIO=4&transport=websocket");
  await socket.next();
  socket.send(`40${JSON.stringify(auth)}`);
  return { socket, ...JSON.parse(String(await socket.next()).slice(2)) };
}

/** The recoverable start of a test: resuming is allowed, and nobody is there yet. */
async function start(options = {}): Promise<SocketioTestServer> {
  const server = await SocketioTestServer.start({ ...RECOVERY, ...options });
  server.host.resume = () => true;
  return server;
}

function offsetOf(frame: unknown): string {
  return JSON.parse(String(frame).replace(/^4[25]\d*-?/, "")).at(-1);
}

async function lose({ socket }: Joined, server: SocketioTestServer): Promise<void> {
  await socket.close();
  await eventually(() => server.engine.sessions === 0);
}

test("a peer that comes back goes on as who it was, with all it missed, in order", async () => {
  await using server = await start();
  const first = await join(server);
  server.host.publish("all", '42["cast",1]');
  const heard = await first.socket.next();
  assertEquals(String(heard).startsWith('42["cast",1,"'), true);
  await lose(first, server);
  assertEquals([server.host.ends.length, server.host.sockets.size, server.host.entered], [0, 1, 1]);
  server.host.publish("all", '42["cast",2]');
  for (const frame of encodeEvent("/", ["bin", new Uint8Array([7])])) server.host.publish("all", frame);
  server.host.only.send('42["private",3]');
  server.host.publish("elsewhere", '42["cast",4]');
  const again = await join(server, { pid: first.pid, offset: offsetOf(heard) });
  assertEquals([again.sid, again.pid], [first.sid, first.pid]);
  const missed = [];
  for (let n = 0; n < 4; n++) missed.push(await again.socket.next());
  assertEquals(missed.map((frame) => typeof frame === "string" ? frame.replace(/,"\w+"\]$/, "]") : frame), [
    '42["cast",2]',
    '451-["bin",{"_placeholder":true,"num":0}]',
    new Uint8Array([7]),
    '42["private",3]',
  ]);
  server.host.publish("all", '42["cast",5]');
  assert(String(await again.socket.next()).startsWith('42["cast",5,'));
  again.socket.send('42["echo",6]');
  assert(String(await again.socket.next()).startsWith('42["echo",6,'));
  await eventually(() => server.host.entered === 1);
});

test("a peer that never heard an event is recovered from the beginning", async () => {
  await using server = await start();
  server.host.publish("all", '42["before",1]');
  const first = await join(server);
  await lose(first, server);
  server.host.publish("all", '42["after",2]');
  const again = await join(server, { pid: first.pid });
  assertEquals(again.sid, first.sid);
  assert(String(await again.socket.next()).startsWith('42["after",2,'));
});

test("an old transport that is not known to be dead is taken over", async () => {
  await using server = await start();
  const first = await join(server);
  const again = await join(server, { pid: first.pid });
  assertEquals(again.sid, first.sid);
  await first.socket.closed;
  server.host.publish("all", '42["cast",1]');
  assert(String(await again.socket.next()).startsWith('42["cast",1,'));
  assertEquals(server.host.ends, []);
  await again.socket.close();
});

test("what went to others, or before a topic was joined, was not missed", async () => {
  await using server = await start();
  const first = await join(server);
  server.host.publish("late", '42["no",1]');
  server.host.only.subscribe("late");
  await lose(first, server);
  server.host.publish("late", '42["no",2]', server.host.only);
  server.host.publish("late", '42["yes",3]');
  server.host.only.unsubscribe("late");
  server.host.only.subscribe("later");
  server.host.publish("later", '42["yes",4]');
  const again = await join(server, { pid: first.pid });
  assert(String(await again.socket.next()).startsWith('42["yes",4,'));
});

test("a peer that polls is recovered, too, and its poll may break off", async () => {
  await using server = await start();
  const peer = await server.polling();
  await peer.post("40");
  const { pid, sid } = JSON.parse((await peer.get()).slice(2));
  const abort = new AbortController();
  const poll = peer.poll({ signal: abort.signal }).catch(() => undefined);
  await peer.post("3");
  abort.abort();
  await poll;
  await eventually(() => server.engine.sessions === 0);
  server.host.publish("all", '42["cast",1]');
  const again = await server.polling();
  await again.post(`40${JSON.stringify({ pid })}`);
  const [connected, missed] = (await again.get()).split("\x1e");
  assertEquals(JSON.parse(connected!.slice(2)), { sid, pid });
  assert(missed!.startsWith('42["cast",1,'));
});

test("a peer that does not come back in time is gone as it would have been", async () => {
  await using server = await start({ recovery: { windowMs: 50, maxBytes: 1000 } });
  const first = await join(server);
  await first.socket.close();
  await eventually(() => server.host.ends.length === 1);
  assertEquals(server.host.ends[0]!.code, 1000);
  const again = await join(server, { pid: first.pid });
  assertNotEquals(again.sid, first.sid);
  await again.socket.close();
  await server.isEmpty();
});

const FINAL: Record<string, (first: Joined, server: SocketioTestServer) => void> = {
  "leaves its namespace": ({ socket }) => socket.send("41"),
  "breaks the protocol": ({ socket }) => socket.send("4x"),
  "is closed by the host": (_, { host }) => host.only.close(4403, "kicked"),
  "is abandoned by the host": (_, { host }) => host.only.abandon(4409, "slow consumer"),
};

for (const [what, end] of Object.entries(FINAL)) {
  test(`a peer that ${what} is not recovered`, async () => {
    await using server = await start();
    const first = await join(server);
    end(first, server);
    await eventually(() => server.host.ends.length === 1);
    const again = await join(server, { pid: first.pid });
    assertNotEquals(again.sid, first.sid);
  });
}

test("the host ends a connection whose peer is away, and may refuse its return", async () => {
  await using server = await start();
  const first = await join(server);
  await lose(first, server);
  server.host.only.close(4401, "token expired");
  await eventually(() => server.host.ends.length === 1);
  assertEquals(server.host.ends, [{ code: 4401, reason: "token expired" }]);
  const second = await join(server);
  await lose(second, server);
  server.host.resume = () => Promise.resolve(false);
  const again = await join(server, { pid: second.pid });
  assertNotEquals(again.sid, second.sid);
  assertEquals(server.host.sockets.size, 2);
});

test("a secret or an offset that is none recovers nothing", async () => {
  await using server = await start();
  const first = await join(server);
  await lose(first, server);
  for (const auth of [{ pid: "guess" }, { pid: 7 }, { pid: null }, { pid: first.sid }]) {
    const { sid, socket } = await join(server, auth);
    assertNotEquals(sid, first.sid);
    await socket.close();
  }
  const wrong = await join(server, { pid: first.pid, offset: "zzzzz" });
  assertNotEquals(wrong.sid, first.sid);
  await eventually(() => server.host.ends.some(({ reason }) => reason === "not recovered"));
});

test("what no longer fits into the log is said to be lost, never left out", async () => {
  await using server = await start({ recovery: { windowMs: 60_000, maxBytes: 2000 } });
  const first = await join(server);
  await lose(first, server);
  for (let n = 0; n < 10; n++) server.host.publish("other", `42["fill","${"x".repeat(500)}"]`);
  const again = await join(server, { pid: first.pid });
  assertNotEquals(again.sid, first.sid);
  server.host.publish("all", '42["cast",1]');
  assert(String(await again.socket.next()).startsWith('42["cast",1,'));
});

test("who missed more than its buffer takes begins anew, instead of being cut off again and again", async () => {
  await using server = await start({ maxBufferedBytes: 1000 });
  const first = await join(server);
  await lose(first, server);
  for (let n = 0; n < 3; n++) server.host.publish("all", `42["fill","${"x".repeat(200)}"]`);
  const again = await join(server, { pid: first.pid });
  assertNotEquals(again.sid, first.sid);
});

test("a close by the host is final, even if the peer comes back in the same turn", async () => {
  await using server = await start();
  const first = await join(server);
  await lose(first, server);
  let allow: ((may: boolean) => void) | undefined;
  server.host.resume = () => new Promise((resolve) => allow = resolve);
  const socket = server.socket("EIO=4&transport=websocket");
  await socket.next();
  socket.send(`40${JSON.stringify({ pid: first.pid })}`);
  const answer = await eventually(() => allow);
  server.host.only.close(4403, "kicked");
  answer(true);
  const { sid } = JSON.parse(String(await socket.next()).slice(2));
  assertNotEquals(sid, first.sid);
  assertEquals(server.host.ends, [{ code: 4403, reason: "kicked" }]);
});

test("stopping the server ends those who are away", async () => {
  await using server = await start();
  await lose(await join(server), server);
  await server.engine.stop();
  assertEquals(server.host.ends.length, 1);
  await server.isEmpty();
});

test("without the setting no secret is given and no event is changed", async () => {
  await using server = await SocketioTestServer.start();
  const { socket, pid } = await join(server);
  assertEquals(pid, undefined);
  server.host.publish("all", '42["cast",1]');
  assertEquals(await socket.next(), '42["cast",1]');
});

test("the log marks events and nothing else", () => {
  const log = new PacketLog({ keepMs: 1000, maxBytes: 1000 });
  for (
    const frame of ["431[1]", '4212["asked"]', "2", '{"type":"message"}', '42/chat,12["asked"]', "41", '40{"sid":"x"}']
  ) {
    assertEquals(log.record("room", frame), frame);
  }
  assertEquals(log.record("room", '42["a"]'), '42["a","1"]');
  assertEquals(log.record("room", '42/chat,["a"]'), '42/chat,["a","2"]');
  assertEquals(
    log.record("room", '451-/chat,["a",{"_placeholder":true,"num":0}]'),
    '451-/chat,["a",{"_placeholder":true,"num":0},"3"]',
  );
  const bytes = new Uint8Array(3);
  assertEquals(log.record("room", bytes), bytes);
  const all = { since: () => 0 };
  assertEquals(log.missed(all, 2, 1000), ['451-/chat,["a",{"_placeholder":true,"num":0},"3"]', bytes]);
  assertEquals([log.read("3"), log.read("4"), log.read("x y"), log.read(3)], [3, undefined, undefined, undefined]);
});

test("the log forgets what is too much, and knows it", () => {
  const log = new PacketLog({ keepMs: 60_000, maxBytes: 100 });
  for (let n = 0; n < 5000; n++) log.record("room", `42["event number ${n}"]`);
  assert(log.bytes <= 100);
  const all = { since: () => 0 };
  assertEquals(log.missed(all, 4000, 1000), undefined);
  assertEquals(log.missed(all, 4999, 1000)?.length, 1);
  assertEquals(log.missed(all, 5000, 1000), []);
});
