/**
 * What one Socket.IO client can make the server do or keep: upgrades, events it may not send, answers it never fetches.
 */
import { test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { eventually, TestSocket } from "../harness.ts";
import { SocketioClients } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 30_000 };
const POLL = "/socket.io/?EIO=4&transport=polling";
const conversationId = "lobby";

/** A polling session in the namespace `/` that fetches nothing from here on. */
async function silent(server: TestServer, ...packets: string[]): Promise<string> {
  const { sid } = JSON.parse((await (await fetch(server.url(POLL))).text()).slice(1));
  await post(server, sid, "40");
  for (const packet of packets) await post(server, sid, packet);
  return sid;
}

async function post(server: TestServer, sid: string, packet: string): Promise<number> {
  const answer = await fetch(server.url(`${POLL}&sid=${sid}`), { method: "POST", body: packet });
  await answer.body?.cancel();
  return answer.status;
}

test("bytes are limited over every transport, attachments included", SLOW, async () => {
  await using server = await TestServer.open({ websocketByteRate: 1000 });
  await using clients = new SocketioClients(server);
  for (const transport of ["polling", "websocket"]) {
    const ann = await clients.open({ transports: [transport] }).connected();
    await ann.ask("joinConversation", { conversationId });
    const file = new Uint8Array(45_000);
    const answers: (string | true)[] = [];
    for (let n = 0; n < 30; n++) {
      const { ok, error } = await ann.ask("sendMessage", { conversationId, content: "", file });
      answers.push(ok || error.code);
    }
    const taken = answers.indexOf("rate_limited");
    // A mebibyte, whether an attachment is counted as it is or as its base64.
    assert(taken >= 17 && taken <= 24, `${transport}: ${answers}`);
    assertEquals(answers.slice(taken), new Array(30 - taken).fill("rate_limited"));
  }
});

test("an upgrade of a session that exists is under the connect rate", SLOW, async () => {
  await using server = await TestServer.open({ websocketConnectRate: 1, websocketConnectBurst: 4 });
  const sid = await silent(server);
  const probe = () => TestSocket.open(server.ws(`/socket.io/?EIO=4&transport=websocket&sid=${sid}`));
  // The session itself was the first of the four.
  const probes = [await probe(), await probe(), await probe()];
  await assertRejects(probe);
  for (const each of probes) each.close();
  await using clients = new SocketioClients(server);
  const ann = await eventually(async () => await clients.open({ reconnection: false }).connected(), {
    everyMs: 200,
  });
  assert((await ann.ask("joinConversation", { conversationId })).ok, "it goes on polling where it may not upgrade");
});

test("polls that are never fetched end, the oldest first, before an address holds 64 MiB", SLOW, async () => {
  await using testServer = await TestServer.open({
    websocketMaxBufferedBytes: 4 * 1024 * 1024,
    socketioPingTimeoutMs: 60_000,
  });
  const { parley: server } = testServer;
  await using clients = new SocketioClients(testServer, { transports: ["polling"] });
  const ann = await clients.connect("ann");
  await ann.ask("joinConversation", { conversationId });
  for (let n = 0; n < 20; n++) {
    await silent(testServer, `42["joinConversation",{"conversationId":"${conversationId}"}]`);
  }
  await eventually(() => server.getRoom(conversationId).length === 21);
  const inOrder = server.getRoom(conversationId).map(({ id }) => id);
  const text = "x".repeat(60_000);
  for (let n = 1; n <= 65; n++) {
    await server.publish(conversationId, { text, n });
    await ann.hear("newMessage", (message) => message.n === n);
  }
  // 20 × 65 × 60 kB are 78 MB: at least three of them had to go, and no more than were needed.
  await eventually(() => server.getRoom(conversationId).length <= 18);
  const left = server.getRoom(conversationId).map(({ id }) => id);
  assert(left.length >= 16, `${left.length} are left`);
  assertEquals(left, [ann.socket.id, ...inOrder.slice(-(left.length - 1))], "ann, who reads, and the youngest");
});

/** A WebSocket session in the namespace `/`. */
async function joined(server: TestServer): Promise<TestSocket> {
  const socket = await TestSocket.open(server.ws("/socket.io/?EIO=4&transport=websocket"));
  socket.send("40");
  await socket.next((frame) => String(frame).startsWith("40"));
  return socket;
}

test("events over the size limit take their tokens like any other, and whoever goes on is closed", SLOW, async () => {
  const [rate, burst] = [50, 100];
  await using server = await TestServer.open({
    websocketMessageRate: rate,
    websocketMessageBurst: burst,
    websocketMaxMessageBytes: 1000,
  });
  const socket = await joined(server);
  const packet = `42["sendMessage",{"conversationId":"lobby","content":"${"x".repeat(1000)}"}]`;
  const startedAt = performance.now();
  for (let n = 0; n < 2000; n++) socket.send(packet);
  await socket.closed;
  const allowed = burst + rate * (performance.now() - startedAt) / 1000;
  const codes = socket.frames.map(String).filter((frame) => frame.startsWith("42"))
    .map((frame) => JSON.parse(frame.slice(2))[1].code as string);
  const tooLarge = codes.filter((code) => code === "too_large").length;
  assert(tooLarge >= burst && tooLarge <= allowed, `${tooLarge} were looked at, ${allowed} were allowed`);
  assert(codes.includes("rate_limited"));
});

for (const packet of ["3", "6"]) {
  test(`packets that say nothing are not taken without end either: ${packet}`, SLOW, async () => {
    await using server = await TestServer.open();
    const socket = await joined(server);
    for (let n = 0; n < 2000; n++) socket.send(packet);
    await socket.closed;
    const sid = await silent(server);
    await eventually(async () => await post(server, sid, packet) === 400);
  });
}

test("posts that are too large are refused, and not without end", SLOW, async () => {
  await using server = await TestServer.open({ socketioMaxPayloadBytes: 1024 });
  const sid = await silent(server);
  const body = `42["x","${"x".repeat(1024)}"]`;
  assertEquals(await post(server, sid, body), 413);
  assertEquals(await post(server, sid, '42["x"]'), 200, "the session lives on");
  await eventually(async () => await post(server, sid, body) === 400);
});
