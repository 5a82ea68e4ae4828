/**
 * A dialect is one file and one line in the list: what a server then does for it, beside the dialects there are.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import type { AnyDialect, Dialect } from "../../src/dialect.ts";
import { DIALECT_FAMILIES } from "../../src/dialects/all.ts";
import type { DialectFamily } from "../../src/dialects/family.ts";
import { CLOSE, ParleyError } from "../../src/errors.ts";
import { ALL_FAMILIES } from "../dialects.ts";
import { TcpSocket, TestSocket } from "../harness.ts";
import { JOIN, JsonClient, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };
const ROOM = "lobby";

async function statusOf(server: TestServer, path: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = await TcpSocket.open({ port: server.parley.port, path, headers });
  socket.destroy();
  return socket.status;
}

test("it chats with an envelope client in one room, from a path of its own that is a setting", SLOW, async () => {
  await using server = await TestServer.open({ families: ALL_FAMILIES, pubsubPath: "/channels", basePath: "/rt" });
  const envelope = await server.client(`/rt/websocket/connect?token=${await server.token("eve", { name: "Eve" })}`);
  await envelope.ask(...JOIN.envelope!(ROOM));
  const pubsub = await server.client(`/rt/channels?token=${await server.token("pat")}`);
  await pubsub.hear({ type: "hello", you: "pat" });
  await pubsub.ask({ type: "sub", channel: ROOM }, { type: "subbed", channel: ROOM, total: 2 });
  pubsub.say({ type: "pub", channel: ROOM, text: "from pubsub", id: "p1" });
  await pubsub.hear({ type: "pubbed", id: "p1" });
  await envelope.hear({ type: "message", room: ROOM, data: { text: "from pubsub" }, user_id: "pat" });
  envelope.say({ type: "message", room: ROOM, data: { text: "from envelope" } });
  await pubsub.hear({ type: "msg", channel: ROOM, text: "from envelope", by: "eve" });
  const inPath = await server.client("/rt/channels/hall");
  await inPath.hear({ type: "subbed", channel: "hall" });
});

test("on the path that dialects share its first frame shows it, and the others are shown as ever", SLOW, async () => {
  await using server = await TestServer.open({ families: ALL_FAMILIES });
  const [pubsub, plain] = [await server.client("/ws"), await server.client("/ws")];
  for (const undecided of [pubsub, plain]) await undecided.hear({ type: "connected" });
  await pubsub.ask({ type: "sub", channel: ROOM }, { type: "subbed", channel: ROOM });
  await plain.ask({ type: "join", room: ROOM }, { type: "user_list", room: ROOM });
  plain.say({ type: "message", room: ROOM, content: "hi" });
  await pubsub.hear({ type: "msg", text: "hi" });
  const named = await server.client("/ws/hall?dialect=pubsub");
  await named.hear({ type: "subbed", channel: "hall" });
});

test("its names are reserved in every dialect", SLOW, async () => {
  await using server = await TestServer.open({ families: ALL_FAMILIES });
  const envelope = await server.envelope("eve");
  await envelope.ask(...JOIN.envelope!(ROOM));
  const forgery = { type: "custom_event", room: ROOM, data: { event: "subbed" }, id: "e1" };
  await envelope.ask(forgery, { type: "error", data: { code: "forbidden", request: "e1" } });
});

test("DIALECTS switches it off: neither its paths nor its frames mean it then", SLOW, async () => {
  const dialects = DIALECT_FAMILIES.map(({ name }) => name);
  await using server = await TestServer.open({ families: ALL_FAMILIES, dialects });
  assertEquals((await fetch(server.url("/pubsub"))).status, 404);
  assertEquals((await fetch(server.url("/pubsub/channels/hall"), { method: "POST" })).status, 404);
  const undecided = await server.client("/ws");
  await undecided.ask({ type: "sub", channel: ROOM }, { type: "error", code: "unsupported_type" });
});

test("its own HTTP API sees the body as it came, and publishes for all", SLOW, async () => {
  await using server = await TestServer.open({ families: ALL_FAMILIES });
  const envelope = await server.envelope("eve");
  await envelope.ask(...JOIN.envelope!("hall"));
  const post = (length: number) => {
    return fetch(server.url("/pubsub/channels/hall"), {
      method: "POST",
      body: "{not JSON",
      headers: { "x-length": `${length}` },
    });
  };
  assertEquals((await post(1)).status, 401);
  const answer = await post(9);
  assertEquals([answer.status, typeof (await answer.json()).id], [202, "string"]);
  await envelope.hear({ type: "message", room: "hall", data: { text: "{not JSON" } });
});

test("it says no by letting its client in and closing with a code of its own", SLOW, async () => {
  await using server = await TestServer.open({ families: ALL_FAMILIES, websocketAllowedOrigins: ["https://app.test"] });
  const headers = { origin: "https://evil.test" };
  const foreign = new JsonClient(await TestSocket.open(server.ws("/pubsub"), { headers }));
  await foreign.hear({ type: "fault", code: "forbidden", reason: "origin" });
  assertEquals(await foreign.socket.closed, { code: 4009, reason: "origin" });
  // In a dialect that says no by HTTP the same is said so.
  assertEquals(await statusOf(server, "/ws", headers), 403);
});

test("what hooks hear of an end is the server's code, what its client sees is its own", SLOW, async () => {
  const ends: number[] = [];
  await using server = await TestServer.open({
    families: ALL_FAMILIES,
    hooks: { onDisconnect: (_, code) => void ends.push(code) },
  });
  const pubsub = await server.client("/pubsub");
  await pubsub.hear({ type: "hello" });
  await server.parley.stop();
  assertEquals((await pubsub.socket.closed).code, 4200);
  assertEquals(ends, [CLOSE.goingAway]);
});

/** A protocol that keeps something of each connection: which application its path names, and what it was asked. */
interface Kept {
  app: string;
  asked: number;
}

const stateful: DialectFamily = {
  name: "stateful",
  dialects: (): AnyDialect[] => {
    const dialect: Dialect<string, Kept> = {
      name: "stateful",
      endpoints: [{ path: "/app/{key}", accepts: (query) => query.get("v") === "2" }],
      ownPathsOnly: true,
      refusal: "close",
      open({ params }) {
        if (params.key === "known") return { app: params.key, asked: 0 };
        throw new ParleyError("forbidden", "Cannot connect: there is no such app", { reason: "no_app" });
      },
      greet: ({ self }, { app }) => JSON.stringify({ type: "hello", app, you: self.connection }),
      decode: (_, { app }) => app === "known" ? [{ kind: "ping" }] : [],
      encodeReply(reply, kept) {
        if (kept) kept.asked++;
        return [JSON.stringify({ type: reply.kind, app: kept?.app, asked: kept?.asked })];
      },
      encodeEvent: () => [],
      closeCode: (code, reason) => reason === "no_app" ? 4001 : code,
    };
    return [dialect];
  },
};

test("a protocol's own state is of one connection, from what its path says to its last reply", SLOW, async () => {
  await using server = await TestServer.open({ families: [...DIALECT_FAMILIES, stateful] });
  const [one, other] = [await server.client("/app/known?v=2"), await server.client("/app/known?v=2")];
  for (const client of [one, other]) await client.hear({ type: "hello", app: "known" });
  await one.ask({}, { type: "pong", app: "known", asked: 1 });
  await one.ask({}, { type: "pong", asked: 2 });
  await other.ask({}, { type: "pong", asked: 1 });
  const unknown = new JsonClient(await TestSocket.open(server.ws("/app/other?v=2")));
  await unknown.hear({ type: "error" });
  assertEquals(await unknown.socket.closed, { code: 4001, reason: "no_app" });
});

test(
  "a query that no dialect of the path asks for, and a name that is at home elsewhere, are refused",
  SLOW,
  async () => {
    await using server = await TestServer.open({ families: [...DIALECT_FAMILIES, stateful] });
    const paths = ["/app/known", "/app/known?v=1", "/ws?dialect=stateful", "/pubsub"];
    assertEquals(await Promise.all(paths.map((path) => statusOf(server, path))), [404, 404, 400, 404]);
  },
);

test("the settings of a dialect are read with the others, and unknown without it", () => {
  assertThrows(() => defaultConfig({ pubsubPath: "/x" } as never), ParleyError, 'there is no setting "pubsubPath"');
  assertThrows(
    () => defaultConfig({ jwtSecret: "x".repeat(32), dialects: ["pubsub"] }, DIALECT_FAMILIES),
    ParleyError,
    "expected some of envelope, socketio, kebab, snake, plain",
  );
  const config = defaultConfig({ jwtSecret: "x".repeat(32) }, ALL_FAMILIES);
  assertEquals(config.dialects?.at(-1), "pubsub");
  assert("pubsubPath" in config);
});
