/**
 * One publish for everybody: native topics, those who poll, those who take text only, and the change between them.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { RuntimeAdapter } from "../../src/adapter.ts";
import { Fanout, FanoutState } from "../../src/socketio/fanout.ts";
import { ENGINE_DEFAULTS } from "../../src/socketio/engine/options.ts";
import { encodeEvent } from "../../src/socketio/codec.ts";
import type { Frame } from "../../src/message.ts";
import { eventually } from "../harness.ts";
import { SocketioTestServer } from "./test_server.ts";

test("a publish reaches every sort of peer, and not the excepted one", async () => {
  await using server = await SocketioTestServer.start();
  const native = await server.webSocket();
  const text = await server.webSocket("&b64=1");
  const poller = await server.joined();
  const upgraded = await (await server.joined()).upgrade();
  await eventually(() => server.unicast.subscribers("all").size === 2);

  native.send('42["cast",1]');
  assertEquals(await text.next(), '42["cast",1]');
  assertEquals(await upgraded.next(), '42["cast",1]');
  assertEquals(await poller.get(), '42["cast",1]');

  await poller.post('42["cast",2]');
  for (const socket of [native, text, upgraded]) assertEquals(await socket.next(), '42["cast",2]');

  text.send('42["cast",3]');
  for (const socket of [native, upgraded]) assertEquals(await socket.next(), '42["cast",3]');
  assertEquals(await poller.get(), '42["cast",3]');
  assertEquals(native.frames.includes('42["cast",1]'), false);
});

test("attachments follow their event to every sort of peer", async () => {
  await using server = await SocketioTestServer.start();
  const sockets = [await server.webSocket(), await server.webSocket()];
  const text = await server.webSocket("&b64=1");
  const poller = await server.joined();
  const frames = encodeEvent("/", ["bin", new Uint8Array([1, 2, 3]), { also: new Uint8Array(2) }]);
  for (const frame of frames) server.host.publish("all", frame);
  for (const socket of sockets) {
    for (const frame of frames) {
      assertEquals(await socket.next(), typeof frame === "string" ? frame : new Uint8Array(frame));
    }
  }
  assertEquals([await text.next(), await text.next(), await text.next()], [frames[0], "bAQID", "bAAA="]);
  assertEquals(await poller.get(), [frames[0], "bAQID", "bAAA="].join("\x1e"));
});

test("a frame for a room is one publish, whatever its size", () => {
  const published: [string, Frame][] = [];
  const adapter = { publish: (topic: string, frame: Frame) => published.push([topic, frame]) };
  const fanout = new Fanout(adapter as unknown as RuntimeAdapter, new FanoutState(ENGINE_DEFAULTS));
  fanout.publish("room", "42[]");
  assertEquals(published, [["room", "42[]"]]);
});

test("who leaves a namespace hears nothing of it any more, though its session lives on", async () => {
  await using server = await SocketioTestServer.start({ namespaces: ["/", "/chat"] });
  const socket = await server.webSocket();
  socket.send("40/chat,");
  await socket.next();
  server.host.only.subscribe("chat");
  server.host.publish("chat", '42/chat,["a"]');
  assertEquals(await socket.next(), '42/chat,["a"]');
  socket.send("41/chat,");
  await eventually(() => server.host.sockets.size === 1);
  server.host.publish("chat", '42/chat,["b"]');
  server.host.publish("all", '42["c"]');
  assertEquals(await socket.next(), '42["c"]');
});

test("a topic is heard from its subscription to its end, across an upgrade", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.joined();
  const { only } = server.host;
  only.subscribe("one");
  only.subscribe("one");
  only.subscribe("two");
  only.unsubscribe("two");
  const socket = await peer.upgrade();
  await eventually(() => only.transport === "websocket");
  server.host.publish("two", '42["no"]');
  server.host.publish("one", '42["yes"]');
  assertEquals(await socket.next(), '42["yes"]');
  only.unsubscribe("one");
  server.host.publish("one", '42["no"]');
  server.host.publish("all", '42["end"]');
  assertEquals(await socket.next(), '42["end"]');
});

test("an order of frames stays one: publish, send, publish", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  const poller = await server.joined();
  for (const each of server.host.sockets.values()) each.send('42["sent",0]');
  for (let n = 1; n <= 20; n++) {
    server.host.publish("all", `42["published",${n}]`);
    for (const each of server.host.sockets.values()) each.send(`42["sent",${n}]`);
  }
  const expected = ['42["sent",0]'];
  for (let n = 1; n <= 20; n++) expected.push(`42["published",${n}]`, `42["sent",${n}]`);
  await socket.next((frame) => frame === '42["sent",20]');
  assertEquals(socket.frames.slice(-41), expected);
  assertEquals((await poller.get()).split("\x1e"), expected);
});

test("a thousand sessions of every sort leave nothing behind", { timeout: 30_000 }, async () => {
  await using server = await SocketioTestServer.start({ namespaces: ["/", "/chat"] });
  for (let round = 0; round < 20; round++) {
    const peers = await Promise.all(Array.from({ length: 25 }, () => server.joined()));
    const sockets = await Promise.all(Array.from({ length: 25 }, () => server.webSocket()));
    await peers[0]!.upgrade();
    await Promise.all(peers.slice(1).map((peer, at) => peer.post(at % 2 ? "1" : "nonsense")));
    sockets.forEach((socket, at) =>
      at % 3 === 0 ? socket.send("x") : at % 3 === 1 ? socket.close() : socket.send("41\u0000")
    );
    for (const each of server.host.sockets.values()) each.close(1001, "");
  }
  await server.isEmpty();
  assertEquals(server.host.ends.length, 1000);
});
