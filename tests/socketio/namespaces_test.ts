/**
 * Socket.IO inside a session: joining and leaving namespaces, events, acknowledgements, and binary packets.
 */
import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { encodeEvent } from "../../src/socketio/codec.ts";
import { ParleyError } from "../../src/errors.ts";
import { eventually, type TestSocket } from "../harness.ts";
import { SocketioTestServer } from "./test_server.ts";

const NAMESPACES = { namespaces: ["/", "/chat"] };

/** A WebSocket session that is in no namespace yet. */
async function session(server: SocketioTestServer): Promise<TestSocket> {
  const socket = server.socket("EIO=4&transport=websocket");
  await socket.next();
  return socket;
}

// ---- CONNECT and DISCONNECT ----

test("a CONNECT is answered with the id the host gave", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await session(server);
  let seen: unknown;
  server.host.connecting = ({ namespace, auth }) => void (seen = { namespace, auth });
  socket.send('40{"token":"good","a":1}');
  assertEquals(await socket.next(), '40{"sid":"socket-1"}');
  assertEquals(seen, { namespace: "/", auth: { token: "good", a: 1 } });
});

test("a CONNECT without a payload has an empty one", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await session(server);
  server.host.connecting = ({ auth }) => assertEquals(auth, {});
  socket.send("40");
  assertEquals(await socket.next(), '40{"sid":"socket-1"}');
});

test("namespaces share a session and know nothing of each other", async () => {
  await using server = await SocketioTestServer.start(NAMESPACES);
  const socket = await server.webSocket();
  socket.send("40/chat,");
  assertEquals(await socket.next(), '40/chat,{"sid":"socket-2"}');
  socket.send('42/chat,["echo",1]');
  socket.send('42["echo",2]');
  assertEquals([await socket.next(), await socket.next()], ['42/chat,["echo",1]', '42["echo",2]']);
  socket.send("41/chat,");
  socket.send('42["echo",3]');
  assertEquals(await socket.next(), '42["echo",3]');
  assertEquals(server.host.ends, [{ code: 1000, reason: "client namespace disconnect" }]);
});

test("a namespace can be joined alone, by a query, and again", async () => {
  await using server = await SocketioTestServer.start(NAMESPACES);
  const socket = await session(server);
  socket.send("40/chat?a=b,");
  assertEquals(await socket.next(), '40/chat,{"sid":"socket-1"}');
  socket.send("41/chat,");
  socket.send("40/chat,");
  assertEquals(await socket.next(), '40/chat,{"sid":"socket-2"}');
});

test("an unknown namespace is refused, and the session stays", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await session(server);
  socket.send("40/random,");
  assertEquals(await socket.next(), '44/random,{"message":"Invalid namespace"}');
  socket.send("40");
  assertEquals(await socket.next(), '40{"sid":"socket-1"}');
});

test("a peer that keeps asking for what it does not get is closed", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await session(server);
  for (let n = 0; n < 20; n++) socket.send(`40/random-${n},`);
  await socket.closed;
  await server.isEmpty();
});

test("a peer that joins and leaves without end is closed", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  for (let n = 0; n < 20; n++) for (const packet of ["41", "40"]) socket.send(packet);
  await socket.closed;
  assert(server.host.ends.length < 20);
  await server.isEmpty();
});

test("what the host refuses is told with its code, and can be tried again", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await session(server);
  socket.send('40{"token":"bad"}');
  const message = "authentication failed: no such token";
  const told = { message, data: { code: "unauthorized", retryAfter: 5 } };
  assertEquals(await socket.next(), `44${JSON.stringify(told)}`);
  socket.send('40{"token":"good"}');
  assertEquals(await socket.next(), '40{"sid":"socket-1"}');
});

test("a host may take its time, and may still refuse", async () => {
  await using server = await SocketioTestServer.start(NAMESPACES);
  server.host.connecting = async ({ namespace }) => {
    await Promise.resolve();
    if (namespace === "/chat") throw new ParleyError("forbidden", "not here");
  };
  const socket = await session(server);
  socket.send("40");
  socket.send("40/chat,");
  const answers = [await socket.next(), await socket.next()];
  assert(answers.includes('40{"sid":"socket-1"}'));
  assert(answers.includes('44/chat,{"message":"not here","data":{"code":"forbidden"}}'));
});

test("a session that ends while the host considers is not opened any more", async () => {
  await using server = await SocketioTestServer.start();
  let decide = () => {};
  server.host.connecting = () => new Promise((resolve) => decide = resolve);
  const socket = await session(server);
  socket.send("40");
  await eventually(() => decide.name === "resolve" || decide.toString().includes("native"));
  await socket.close();
  await eventually(() => server.host.entered === 0);
  decide();
  await Promise.resolve();
  assertEquals([server.host.sockets.size, server.host.ends.length], [0, 0]);
  await server.isEmpty();
});

const FORBIDDEN: [what: string, ...packets: string[]][] = [
  ["a second CONNECT", "40", "40"],
  ["a second CONNECT while the first is considered", "40", "40"],
  ["an event before CONNECT", '42["echo"]'],
  ["an acknowledgement before CONNECT", "431[]"],
  ["DISCONNECT before CONNECT", "41"],
  ["an event for another namespace", "40", '42/chat,["echo"]'],
  ["a payload that is no object", '40"token"'],
  ["an attachment out of turn", "40", "b"],
  ["text inside a binary packet", "40", '451-["echo",{"_placeholder":true,"num":0}]', '42["echo"]'],
  ["a DISCONNECT with a payload", "40", '41["x"]'],
  ["a reserved name", "40", '42["disconnect"]'],
  ["a name that is none", "40", '42[{"a":1}]'],
  ["no name", "40", "42[]"],
];

for (const [what, ...packets] of FORBIDDEN) {
  test(`${what} closes the session`, async () => {
    await using server = await SocketioTestServer.start(NAMESPACES);
    if (what.includes("considered")) server.host.connecting = () => new Promise(() => undefined);
    const socket = await session(server);
    for (const packet of packets) socket.send(packet);
    await socket.closed;
    assertEquals(server.host.packets, []);
    await server.isEmpty();
  });
}

// ---- events and acknowledgements ----

test("an event is handed on whole, with its size", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  const text = '42["echo",{"a":[1,null,"ü"]},"second"]';
  socket.send(text);
  assertEquals(await socket.next(), text);
  assertEquals(server.host.packets, [
    {
      kind: "event",
      name: "echo",
      args: [{ a: [1, null, "ü"] }, "second"],
      ack: undefined,
      attachments: 0,
      size: text.length - 1,
    },
  ]);
});

test("numbers are names, too", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  socket.send("4217[7,8]");
  assertEquals(await socket.next(), "4317[8]");
});

test("nesting of any depth within the size is no fault of the protocol", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  const deep = `${"[".repeat(20)}${"]".repeat(20)}`;
  socket.send(`42["echo",${deep}]`);
  assertEquals(await socket.next(), `42["echo",${deep}]`);
});

test("an acknowledgement goes to the one who asked", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  socket.send('4212["count",{"n":1}]');
  assertEquals(await socket.next(), '4312[{"n":1}]');
  socket.send('4513-["count",{"_placeholder":true,"num":0}]'.replace("4513-", "451-13"));
  socket.send(new Uint8Array([9]));
  assertEquals(await socket.next(), '461-13[{"_placeholder":true,"num":0}]');
  assertEquals(await socket.next(), new Uint8Array([9]));
});

test("the server asks and gets the answer, once", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  const first = server.host.only.ask("question", [1], 4000);
  const second = server.host.only.ask("question", [2], 4000);
  assertEquals([await socket.next(), await socket.next()], ['420["question",1]', '421["question",2]']);
  socket.send('431["two"]');
  socket.send('430["one",1]');
  socket.send('430["again"]');
  socket.send('4399["nobody asked"]');
  assertEquals([await first, await second], [["one", 1], ["two"]]);
  await eventually(() => server.host.packets.length === 4);
  assertEquals(server.host.packets[3], { kind: "ack", size: '399["nobody asked"]'.length });
});

test("questions end with their time, and with the connection", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  await assertRejects(() => server.host.only.ask("slow", [], 20), ParleyError, "none came within 20 ms");
  const open = server.host.only.ask("open", [], 60_000);
  await Promise.all([assertRejects(() => open, ParleyError, "the connection has closed"), socket.close()]);
  await server.isEmpty();
});

test("a flood of acknowledgements is counted and leads nowhere", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  for (let n = 0; n < 500; n++) socket.send(`43${n}[]`);
  socket.send('42["echo",1]');
  assertEquals(await socket.next(), '42["echo",1]');
  assertEquals(server.host.packets.length, 501);
});

// ---- binary ----

const TWO = '452-["echo",{"a":{"_placeholder":true,"num":1},"b":[{"_placeholder":true,"num":0}]}]';

test("attachments find their places", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  socket.send(TWO);
  socket.send(new Uint8Array([1]));
  socket.send(new Uint8Array([2, 3]));
  await socket.next((frame) => frame instanceof Uint8Array && frame.length === 2);
  const [packet] = server.host.packets;
  assert(packet?.kind === "event");
  assertEquals(packet.args, [{ a: new Uint8Array([2, 3]), b: [new Uint8Array([1])] }]);
  assertEquals([packet.attachments, packet.size], [2, TWO.length - 1 + 3]);
});

test("more than ten attachments are refused in both directions, and said so", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  const eleven = Array.from({ length: 11 }, () => new Uint8Array(1));
  const error = assertThrows(() => encodeEvent("/", ["big", ...eleven]), ParleyError, "it has 11 attachments");
  assertEquals(error.code, "bad_message");
  await assertRejects(() => server.host.only.ask("big", eleven, 1000), ParleyError, "it has 11 attachments");
  socket.send('4511-["echo"]');
  await socket.closed;
});

test("how many attachments are taken is a setting", async () => {
  await using server = await SocketioTestServer.start({ maxAttachments: 20 });
  const socket = await server.webSocket();
  socket.send(`4511-["any",${Array.from({ length: 11 }, (_, num) => `{"_placeholder":true,"num":${num}}`)}]`);
  for (let n = 0; n < 11; n++) socket.send(new Uint8Array(n));
  await eventually(() => server.host.packets.length === 1);
});

test("a placeholder without its attachment closes the session", async () => {
  await using server = await SocketioTestServer.start();
  const socket = await server.webSocket();
  socket.send('451-["echo",{"_placeholder":true,"num":1}]');
  socket.send(new Uint8Array([1]));
  await socket.closed;
  await server.isEmpty();
});

test("a binary packet that is not finished is dropped with its session", async () => {
  await using server = await SocketioTestServer.start({ pingTimeoutMs: 100 });
  const socket = await server.webSocket();
  socket.send(TWO);
  socket.send(new Uint8Array([1]));
  await socket.closed;
  assertStringIncludes(server.host.ends[0]!.reason, "not finished");
  await server.isEmpty();
});

test("all parts of a binary packet together are bounded", async () => {
  await using server = await SocketioTestServer.start({ maxPayloadBytes: 1000 });
  const socket = await server.webSocket();
  socket.send('453-["any"]');
  socket.send(new Uint8Array(600));
  socket.send(new Uint8Array(600));
  await socket.closed;
  assertStringIncludes(server.host.ends[0]!.reason, "too large");
  await server.isEmpty();
});
