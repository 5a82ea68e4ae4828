/**
 * A program's own events as users of Socket.IO know them: any number of arguments in, any number of values back, binary
 * ones too, answered only if the client asked for it. Packet by packet, over a bare WebSocket.
 */
import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Acknowledge, ParleyError } from "../../src/mod.ts";
import { TestSocket } from "../harness.ts";
import { SocketioClients } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };
const TWO_FILES = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
const FILES = [new Uint8Array([1, 2, 3]), new Uint8Array([4, 5, 6])] as const;

/** A program that says everything back. */
async function openEcho(): Promise<TestServer> {
  const server = await TestServer.open({
    socketioNamespaces: ["/custom"],
    hooks: {
      onToken: (token) => token === "123" ? { sub: "ann" } : undefined,
      onConnected: (client, { auth }) => server.parley.sendEvent(client.id, "auth", auth),
    },
  });
  server.parley.on("message", (from, ...args) => server.parley.sendEvent(from.id, "message-back", ...args));
  server.parley.on("message-with-ack", (_from, ...args) => (args.pop() as Acknowledge)(...args));
  return server;
}

/** A WebSocket session; what it was sent so far is taken. */
async function session(server: TestServer): Promise<TestSocket> {
  const socket = await TestSocket.open(server.ws("/socket.io/?EIO=4&transport=websocket"));
  await socket.next();
  return socket;
}

async function joined(server: TestServer): Promise<TestSocket> {
  const socket = await session(server);
  socket.send("40");
  assertEquals([String(await socket.next()).slice(0, 2), await socket.next()], ["40", '42["auth",{}]']);
  return socket;
}

test("a program is told what a client connects with, and can speak first", SLOW, async () => {
  await using server = await openEcho();
  for (
    const [packet, head, greeting] of [
      ["40", '40{"sid"', '42["auth",{}]'],
      ['40{"token":"123"}', '40{"sid"', '42["auth",{"token":"123"}]'],
      ["40/custom,", '40/custom,{"sid"', '42/custom,["auth",{}]'],
      ['40/custom,{"token":"123"}', '40/custom,{"sid"', '42/custom,["auth",{"token":"123"}]'],
    ] as const
  ) {
    const socket = await session(server);
    socket.send(packet);
    assertEquals(String(await socket.next()).slice(0, head.length), head);
    assertEquals(await socket.next(), greeting);
    socket.close();
  }
});

test("an event's arguments arrive one by one, and so do those of an answer", SLOW, async () => {
  await using server = await openEcho();
  const socket = await joined(server);
  socket.send('42["message",1,"2",{"3":[true]}]');
  assertEquals(await socket.next(), '42["message-back",1,"2",{"3":[true]}]');
  socket.send('42["message"]');
  assertEquals(await socket.next(), '42["message-back"]');
  socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
  assertEquals(await socket.next(), '43456[1,"2",{"3":[false]}]');
  socket.send('427["message-with-ack"]');
  assertEquals(await socket.next(), "437[]");
  socket.close();
});

test("attachments keep their places in events and in answers", SLOW, async () => {
  await using server = await openEcho();
  const socket = await joined(server);
  for (const [sent, back] of [["2-", "message"], ["2-789", "message-with-ack"]] as const) {
    socket.send(`45${sent}["${back}",${TWO_FILES}]`);
    for (const file of FILES) socket.send(file);
    const expected = back === "message" ? `452-["message-back",${TWO_FILES}]` : `462-789[${TWO_FILES}]`;
    assertEquals([await socket.next(), await socket.next(), await socket.next()], [expected, ...FILES]);
  }
  socket.close();
});

test("leaving one namespace leaves the other as it was", SLOW, async () => {
  await using server = await openEcho();
  const socket = await joined(server);
  socket.send("40/custom");
  await socket.next((frame) => frame === '42/custom,["auth",{}]');
  socket.send("41/custom");
  socket.send('42["message","to the main namespace"]');
  await socket.next((frame) => frame === '42["message-back","to the main namespace"]');
  socket.close();
});

test("only the event says whether an answer is wanted, and a handler answers once or never", SLOW, async () => {
  await using server = await TestServer.open();
  const seen: unknown[] = [];
  server.parley.on("count", (_from, ...args) => {
    const ack = args.at(-1);
    seen.push(args.map((each) => typeof each));
    if (typeof ack === "function") ack(args.length - 1);
  });
  server.parley.on("twice", (_from, ack: Acknowledge) => {
    ack("first");
    ack("second");
    return "third";
  });
  server.parley.on("silent", () => undefined);
  server.parley.on("later", async (_from, ack: Acknowledge) => {
    await Promise.resolve();
    queueMicrotask(() => ack("at last"));
  });
  server.parley.on("returned", (_from, data) => Promise.resolve({ data }));
  const socket = await TestSocket.open(server.ws("/socket.io/?EIO=4&transport=websocket"));
  socket.send("40");
  for (
    const packet of [
      '42["count",1]',
      '421["count",1,"two"]',
      '422["count"]',
      '423["twice"]',
      '424["silent"]',
      '42["silent"]',
      '425["later"]',
      '426["returned",7]',
      '42["returned",7]',
      '429["count"]',
    ]
  ) socket.send(packet);
  await socket.next((frame) => String(frame).startsWith("439"));
  const answers = socket.frames.map(String).filter((frame) => /^4[23]/.test(frame));
  assertEquals(answers, ["431[2]", "432[0]", '433["first"]', '435["at last"]', '436[{"data":7}]', "439[0]"]);
  assertEquals(seen, [["number"], ["number", "string", "function"], ["function"], ["function"]]);
  socket.close();
});

test("an event of the program's goes to one client with all of its arguments, or says why not", SLOW, async () => {
  await using server = await TestServer.open();
  await using clients = new SocketioClients(server);
  const ann = await clients.connect("ann");
  server.parley.sendEvent(ann.socket.id!, "drawn", FILES[0], 2, { three: FILES[1] });
  const [name, file, two, { three }] = await ann.inbox.take(([name]) => name === "drawn");
  assertEquals([name, new Uint8Array(file), two, new Uint8Array(three)], ["drawn", FILES[0], 2, FILES[1]]);
  const kebab = await server.kebab();
  const { clientId } = kebab.heard({ type: "connected" })[0]!;
  const eleven = Array.from({ length: 11 }, () => FILES[0]);
  const refused = [
    () => server.parley.sendEvent("nobody", "x"),
    () => server.parley.sendEvent(String(clientId), "x"),
    () => server.parley.sendEvent(ann.socket.id!, "disconnect"),
    () => server.parley.sendEvent(ann.socket.id!, "x", eleven),
  ].map((send) => assertThrows(send, ParleyError).code);
  assertEquals(refused, ["not_found", "unsupported_type", "bad_message", "bad_message"]);
  const reserved = await assertRejects(() => server.parley.ask(ann.socket.id!, "connect", 1), ParleyError);
  assertEquals(reserved.code, "bad_message");
});

test("a token of the program's own names a user; what it does not know the keys judge", SLOW, async () => {
  await using server = await TestServer.open({
    websocketRequireAuth: true,
    hooks: {
      onToken: async (token) => {
        await Promise.resolve();
        if (token === "session-1") return { sub: "ann", name: "Ann", groups: ["fleet"] };
        if (token === "session-old") return { sub: "ann", exp: 1 };
        if (token === "session-odd") return { name: "nobody" };
        if (token === "session-out") throw new ParleyError("unauthorized", "Invalid token: signed out");
      },
    },
  });
  await using clients = new SocketioClients(server);
  const ann = await clients.open({ auth: { token: "session-1" } }).connected();
  assertEquals(server.parley.getClient(ann.socket.id!)?.userId, "ann");
  await clients.connect("bob");
  const kim = await server.client("/websocket/connect?token=session-1");
  const { data } = await kim.hear({ type: "system_notification" });
  assertEquals((data as { rooms: string[] }).rooms, ["user:ann", "group:fleet"]);
  const answers = await Promise.all(["session-old", "session-odd", "session-out", "else"].map(async (token) => {
    const socket = clients.open({ auth: { token } }).socket;
    return await new Promise<string>((resolve) => socket.once("connect_error", ({ message }) => resolve(message)));
  }));
  assertEquals(answers, [
    "authentication failed: Invalid token: it has expired",
    "authentication failed: Invalid token: it has none of sub, userId, user_id, id",
    "authentication failed: Invalid token: signed out",
    "authentication failed: Invalid token: it is not a JSON Web Token",
  ]);
});
