/**
 * What waits, what is acknowledged, what is sent again and what is rejected, in a fake world.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { ClientError } from "../../src/client/client_error.ts";
import { settled } from "./fake_platform.ts";
import { idleClient, openClient } from "./fixture.ts";

/** What became of a promise so far. */
function fate<T>(promise: Promise<T>): { value?: T; code?: string; error?: ClientError } {
  const seen: { value?: T; code?: string; error?: ClientError } = {};
  promise.then((value) => seen.value = value, (error) => {
    seen.error = error;
    seen.code = error.code;
  });
  return seen;
}

const room = { room: "lobby" };

test("a message is answered by its own copy in the room", async () => {
  const { client, platform } = await openClient();
  const sent = fate(client.send(room, "hello"));
  const frame = platform.socket.last("message");
  assertEquals(frame.data, { text: "hello" });
  platform.socket.say({ ...frame, from: "somebody else", message_id: "x" });
  await settled();
  assertEquals(sent.value, undefined, "the same id from another connection answers nothing");
  const position = { epoch: "e", offset: 3 };
  platform.socket.say({ ...frame, from: "c1", message_id: "m1", position });
  await settled();
  assertEquals(sent.value, { id: "m1", position });
});

test("without a copy the acknowledgement answers", async () => {
  const { client, platform } = await openClient();
  const sent = fate(client.send({ to: "u2" }, { n: 1 }));
  const { id } = platform.socket.last("message");
  platform.socket.say({ type: "system", id, data: { action: "ack", message_id: "m2" } });
  await settled();
  assertEquals(sent.value, { id: "m2", position: undefined });
});

test("an error answers with its code", async () => {
  const { client, platform } = await openClient();
  const sent = fate(client.send(room, "x"));
  const { id } = platform.socket.last("message");
  platform.socket.say({ type: "error", id: "e", data: { code: "not_joined", message: "Cannot publish", request: id } });
  await settled();
  assertEquals(sent.code, "not_joined");
});

test("messages wait for a connection in their order, the queue is bounded", async () => {
  const { client, platform } = idleClient({ queueSize: 3 });
  const sent = ["a", "b", "c", "d"].map((text) => fate(client.send(room, text)));
  await settled();
  assertEquals(sent.map((it) => it.code), [undefined, undefined, undefined, "queue_full"]);
  client.connect();
  await settled();
  platform.socket.greet();
  assertEquals(platform.socket.sent.map((frame) => frame.data.text), ["a", "b", "c"]);
});

test("only messages wait: everything else is refused without a connection", async () => {
  const { client } = idleClient();
  assertEquals(await client.command("members", room).catch((error) => error.code), "disconnected");
  assertEquals(await client.signal("wave", {}, room).catch((error) => error.code), "disconnected");
});

test("a message in flight is sent again under the same id, a question is not", async () => {
  const { client, platform } = await openClient();
  const message = fate(client.send(room, "hello"));
  const question = fate(client.command("members", room));
  const { id } = platform.socket.last("message");
  platform.socket.drop();
  await platform.advance(1000);
  assertEquals(question.code, "disconnected");
  platform.socket.greet("c2");
  assertEquals(platform.socket.last("message").id, id);
  assertEquals(platform.socket.count("members"), 0);
  platform.socket.say({ type: "system", id, data: { action: "ack", message_id: "m1", duplicate: true } });
  await settled();
  assertEquals(message.value?.id, "m1");
});

test("ids differ from message to message and from client to client", async () => {
  const worlds = [await openClient(), await openClient({ platform: { random: () => 0.25 } })];
  const ids = worlds.flatMap(({ client, platform }) => {
    for (const text of ["x", "y"]) client.send(room, text).catch(() => undefined);
    return platform.socket.sent.map((frame) => frame.id);
  });
  assertEquals(new Set(ids).size, 4);
});

test("no answer in time: timeout, and a look at the connection", async () => {
  const { client, platform } = await openClient({ ackTimeoutMs: 2000 });
  const sent = fate(client.send(room, "x"));
  await platform.advance(1999);
  assertEquals(sent.code, undefined);
  await platform.advance(1);
  assertEquals(sent.code, "timeout");
  assertEquals(platform.socket.count("heartbeat"), 1);
});

test("a message that waited longer than the server remembers is given up", async () => {
  const { client, platform } = await openClient();
  const sent = fate(client.send(room, "x"));
  platform.online = false;
  platform.socket.drop();
  await platform.advance(239_999);
  assertEquals(sent.code, undefined);
  await platform.advance(1);
  assertEquals(sent.code, "timeout");
});

test("rate_limited: the message goes again when the server says so", async () => {
  const { client, platform } = await openClient();
  const sent = fate(client.send(room, "x"));
  const { id } = platform.socket.last("message");
  const data = { code: "rate_limited", message: "slow down", retryAfter: 700, request: id };
  platform.socket.say({ type: "error", id: "e", data });
  client.send(room, "y").catch(() => undefined);
  await platform.advance(699);
  assertEquals(platform.socket.count("message"), 1);
  await platform.advance(1);
  assertEquals(platform.socket.sent.map((frame) => frame.data.text), ["x", "x", "y"]);
  platform.socket.say({ ...platform.socket.sent[1], from: "c1", message_id: "m" });
  await settled();
  assertEquals(sent.value?.id, "m");
});

test("what the server refuses because too much came at once is asked again, whatever it is", async () => {
  const { client, platform } = await openClient();
  const asked = fate(client.command("history", room));
  const { id } = platform.socket.last("history");
  const data = { code: "rate_limited", message: "slow down", retryAfter: 300, request: id };
  platform.socket.say({ type: "error", id: "e", data });
  await platform.advance(300);
  assertEquals(platform.socket.count("history"), 2);
  platform.socket.say({ type: "system", id, data: { action: "history", messages: [] } });
  await settled();
  assertEquals([asked.code, asked.value], [undefined, { action: "history", messages: [] }]);
});

test("a frame that is too large is rejected before it is sent, and the small one beside it is not", async () => {
  const { client, platform } = idleClient();
  const queued = fate(client.send(room, "€".repeat(400)));
  client.connect();
  await settled();
  platform.socket.greet("c1", 0, { limits: { maxBytes: 1000 } });
  const [large, small] = ["€".repeat(400), "x".repeat(400)].map((text) => fate(client.send(room, text)));
  const command = fate(client.command("members", { note: "x".repeat(1000) }));
  await settled();
  assertEquals([queued.code, large.code, command.code, small.code], [
    ...["too_large", "too_large", "too_large"],
    undefined,
  ]);
  assertEquals(platform.socket.sent.map((frame) => frame.data.text), ["x".repeat(400)]);
  platform.socket.say({ ...platform.socket.sent[0], from: "c1", message_id: "m" });
  await settled();
  assertEquals(small.value?.id, "m");
});

test("a leave does not overtake what is still to be said", async () => {
  const { client, platform } = idleClient();
  client.connect();
  await settled();
  platform.socket.greet("c1", 0, { limits: { rate: 10, burst: 10 } });
  const lobby = client.room("lobby");
  const release = lobby.retain();
  platform.socket.admit("lobby");
  for (let n = 0; n < 12; n++) lobby.send(`${n}`).catch(() => undefined);
  release();
  await platform.advance(1);
  assertEquals([platform.socket.count("message"), platform.socket.count("leave")], [9, 0]);
  await platform.advance(1000);
  assertEquals([platform.socket.count("message"), platform.socket.sent.at(-1)?.data.action], [12, "leave"]);
});

test("1009: what was on the wire is not sent again, what waited is", async () => {
  const { client, platform } = await openClient();
  const large = fate(client.send(room, "x".repeat(99)));
  platform.socket.drop(1009);
  const waiting = fate(client.send(room, "small"));
  await platform.advance(1000);
  platform.socket.greet();
  assertEquals(large.code, "too_large");
  assertEquals(waiting.code, undefined);
  assertEquals(platform.socket.sent.map((frame) => frame.data.text), ["small"]);
});

test("closing rejects everything that waits", async () => {
  const { client, platform } = await openClient();
  const sent = [client.send(room, "x"), client.command("ping")].map(fate);
  client.close();
  await settled();
  assertEquals(sent.map((it) => it.code), ["closed", "disconnected"]);
  assertEquals(platform.pending, 0);
});

test("a kick rejects with its reason", async () => {
  const { client, platform } = await openClient();
  const sent = fate(client.send(room, "x"));
  platform.socket.drop(4403);
  await settled();
  assertEquals(sent.code, "kicked");
});
