/**
 * What invalid send: each gets the documented error in its own dialect, and nobody else notices.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { OPCODE, TcpSocket } from "../harness.ts";
import { JOIN, type JsonClient, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

/** How each dialect says that something is wrong. */
const ERROR: Record<string, (code: string) => JsonFrame> = {
  envelope: (code) => ({ type: "error", data: { code } }),
  kebab: (code) => ({ type: "error", code }),
  snake: (code) => ({ type: "error", code }),
  plain: (code) => ({ type: "error", data: { code } }),
};

async function everyDialect(server: TestServer): Promise<[string, JsonClient][]> {
  return [
    ["envelope", await server.envelope("eve")],
    ["kebab", await server.kebab()],
    ["snake", await server.snake("sam")],
    ["plain", await server.plain()],
  ];
}

/** Frames that no dialect can read. */
const UNREADABLE: (string | Uint8Array)[] = [
  "",
  "{",
  "null",
  "[]",
  '"text"',
  "12",
  "{}",
  '{"type":7}',
  '{"type":null}',
  "[".repeat(20_000),
  `{"type":"message","data":${'{"a":'.repeat(500)}1${"}".repeat(500)}}`,
  new Uint8Array([1, 2, 3]),
  new Uint8Array(),
];

test("frames that cannot be read are answered, and close nothing", SLOW, async () => {
  await using server = await TestServer.open();
  for (const [dialect, client] of await everyDialect(server)) {
    for (const frame of UNREADABLE) {
      client.socket.send(frame);
      await client.hear(ERROR[dialect]!("bad_message"));
    }
    await client.ask({ type: "no such thing" }, ERROR[dialect]!("unsupported_type"));
    assertEquals(client.socket.isOpen, true);
  }
});

test("room names that are none are refused wherever they stand", SLOW, async () => {
  await using server = await TestServer.open();
  const names = ["", "*", "x".repeat(256), "a\nb", "a\u0000b", "\ud800", 7, null, {}, ["a"]];
  for (const [dialect, client] of await everyDialect(server)) {
    for (const name of names) {
      const [frame] = JOIN[dialect]!("x");
      const asked = JSON.parse(JSON.stringify(frame).replaceAll('"x"', JSON.stringify(name)));
      if (dialect === "envelope") asked.data.room = name;
      await client.ask(asked, ERROR[dialect]!("bad_message"));
    }
  }
  assertEquals(server.parley.getRoomCount(), 0);
});

test("what a client says of its identity, its time and its ids never reaches others", SLOW, async () => {
  await using server = await TestServer.open();
  const clients = await everyDialect(server);
  for (const [dialect, client] of clients) await client.ask(...JOIN[dialect]!("lobby"));
  const forged = {
    from: "mallory",
    clientId: "mallory",
    userId: "mallory",
    user_id: "mallory",
    username: "mallory",
    senderId: "mallory",
    senderName: "mallory",
    sender_user_id: "mallory",
    sender_name: "mallory",
    sender_client_id: "mallory",
    timestamp: 1,
    message_id: "mallory",
    position: { epoch: "mallory", offset: 1 },
  };
  const sayings: Record<string, JsonFrame> = {
    envelope: { type: "message", id: "1", room: "lobby", data: { text: "hello" } },
    kebab: { type: "message", roomId: "lobby", message: "hello" },
    snake: { type: "message", roomId: "lobby", content: "hello" },
    plain: { type: "message", room: "lobby", content: "hello" },
  };
  for (const [dialect, client] of clients) client.say({ ...forged, ...sayings[dialect] });
  for (const [dialect, client] of clients) {
    for (let n = 0; n < 4; n++) await client.hear({ type: dialect === "snake" ? "new_message" : "message" });
    assertEquals(JSON.stringify(client.heard()).includes("mallory"), false, dialect);
    assertEquals(JSON.stringify(client.heard()).includes('"timestamp":1,'), false, dialect);
  }
});

test("keys of object prototypes are data and nothing more", SLOW, async () => {
  await using server = await TestServer.open();
  const kebab = await server.kebab();
  const envelope = await server.envelope("eve");
  await kebab.ask(...JOIN.kebab!("lobby"));
  await envelope.ask(...JOIN.envelope!("lobby"));
  const raw = '{"type":"message","roomId":"lobby","message":"x","data":{"__proto__":{"admin":true},"constructor":1}}';
  kebab.socket.send(raw);
  await envelope.hear({ type: "message" });
  assertEquals(({} as Record<string, unknown>).admin, undefined);
  await envelope.ask({ type: "constructor" }, { type: "error" });
  await envelope.ask({ type: "__proto__" }, { type: "error" });
});

test("publishing and signalling where one is not is refused", SLOW, async () => {
  await using server = await TestServer.open();
  const kebab = await server.kebab("kim");
  await kebab.ask({ type: "message", roomId: "lobby", message: "x" }, { type: "error", code: "not_joined" });
  await kebab.ask({ type: "typing-start", roomId: "lobby" }, { type: "error", code: "not_joined" });
  await kebab.ask({ type: "message", roomId: "user:eve", message: "x" }, { type: "error", code: "forbidden" });
  await kebab.ask({ type: "typing-start", roomId: "user:kim" }, { type: "error", code: "forbidden" });
  const eve = await server.envelope("eve");
  await eve.ask({ type: "message", id: "1", data: { text: "nowhere" } }, {
    type: "error",
    data: { code: "bad_message", request: "1" },
  });
  for (const type of ["notification", "system_notification", "room_update", "error", "critical_alert"]) {
    await eve.ask({ type, id: type, data: {} }, { type: "error", data: { code: "forbidden", request: type } });
  }
  const reserved = { type: "custom_event", id: "r", room: "lobby", data: { event: "unread_count" } };
  await eve.ask(reserved, { type: "error", data: { code: "forbidden", request: "r" } });
});

test("half a surrogate pair goes out as the character that is unknown", SLOW, async () => {
  await using server = await TestServer.open();
  const kebab = await server.kebab();
  const plain = await server.plain();
  await kebab.ask(...JOIN.kebab!("lobby"));
  await plain.ask(...JOIN.plain!("lobby"));
  kebab.socket.send('{"type":"message","roomId":"lobby","message":"a\\ud800b"}');
  const { content } = await plain.hear({ type: "message" });
  assertEquals(content, "a\ufffdb");
});

test("10 MB in one frame or in fragments ends only the one who sends it", SLOW, async () => {
  await using server = await TestServer.open();
  const other = await server.kebab();
  const whole = await TcpSocket.open({ port: server.parley.port, path: "/ws" });
  whole.send("x".repeat(10_000_000));
  assert([1006, 1009].includes((await whole.closed).code));
  const parts = await TcpSocket.open({ port: server.parley.port, path: "/ws" });
  const part = "x".repeat(10_000);
  for (let n = 0; n < 1000; n++) {
    parts.send(part, { opcode: n === 0 ? OPCODE.text : OPCODE.continuation, final: n === 999 });
  }
  assert([1006, 1009].includes((await parts.closed).code));
  await other.settle();
});

test("storms of joins and leaves leave nothing behind", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxRooms: 0 });
  const client = await server.kebab();
  for (let n = 0; n < 500; n++) {
    client.say({ type: "join-room", roomId: `storm ${n}` });
    client.say({ type: "leave-room", roomId: `storm ${n}` });
    client.say({ type: "leave-room", roomId: `never ${n}` });
  }
  await client.settle();
  assertEquals(client.heard({ type: "room-left" }).length, 1000);
  assertEquals(server.parley.getRoomCount(), 0);
});

test("paths and dialects that are none are refused in plain HTTP, with a code", SLOW, async () => {
  await using server = await TestServer.open();
  const cases: [string, number][] = [
    ["/nowhere", 404],
    ["/ws/a/b", 404],
    ["/ws/%E0%A4%A", 400],
    ["/ws/%2A", 400],
    ["/ws?dialect=klingon", 400],
    ["/ws?dialect=socketio", 400],
  ];
  for (const [path, status] of cases) {
    const socket = await TcpSocket.open({ port: server.parley.port, path });
    socket.destroy();
    assertEquals(socket.status, status, path);
  }
});
