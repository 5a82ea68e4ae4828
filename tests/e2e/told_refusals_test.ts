/**
 * Refusals that a browser can read: with the subprotocol `parley.refusal` a client is let in, told why not in the dialect
 * of the door, and closed with a code; and tokens that come in a subprotocol.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { eventually, OPCODE, RUNTIME, TcpSocket, type TcpSocketOptions, TestSocket } from "../harness.ts";
import { type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };
const REFUSAL = "parley.refusal";

interface Told {
  frames: JsonFrame[];
  code: number;
  reason: string;
}

/** What a browser sees. */
async function told(server: TestServer, path: string, protocols = [REFUSAL], headers = {}): Promise<Told> {
  const socket = await TestSocket.open(server.ws(path), { protocols, headers });
  const { code, reason } = await socket.closed;
  return { frames: socket.frames.map((frame) => JSON.parse(String(frame))), code, reason };
}

async function handshake(server: TestServer, path: string, offered: string, more: Partial<TcpSocketOptions> = {}) {
  const headers = { "Sec-WebSocket-Protocol": offered, ...more.headers };
  return await TcpSocket.open({ port: server.parley.port, path, ...more, headers });
}

/** Each door of the JSON dialects that needs a token, and where its error frame says the code. */
const DOORS: Record<string, (frame: JsonFrame) => unknown> = {
  "/websocket/connect": ({ data }) => (data as JsonFrame).code,
  "/ws/auth": ({ data }) => (data as JsonFrame).code,
  "/ws/auth/lobby": ({ data }) => (data as JsonFrame).code,
  "/ws/auth?dialect=kebab": ({ code }) => code,
  "/ws?dialect=snake": ({ code }) => code,
  "/ws/auth/lobby?dialect=envelope": ({ data }) => (data as JsonFrame).code,
};

test("a token that is missing, bad or expired is told at every door, and closed 4401", SLOW, async () => {
  await using server = await TestServer.open();
  const expired = server.sign({ sub: "ann", exp: 1 });
  for (const [path, codeOf] of Object.entries(DOORS)) {
    const bearers: [string | undefined, string][] = [
      [undefined, "unauthorized"],
      ["bad", "unauthorized"],
      [expired, "token_expired"],
    ];
    for (const [token, code] of bearers) {
      const protocols = token === undefined ? [REFUSAL] : [REFUSAL, `parley.bearer.${token}`];
      const { frames, code: close } = await told(server, path, protocols);
      assertEquals([path, frames.length, frames[0]!.type, codeOf(frames[0]!), close], [path, 1, "error", code, 4401]);
    }
  }
  assertEquals(server.parley.getClientCount(), 0);
});

test("without the wish to be told everything is refused as ever", SLOW, async () => {
  await using server = await TestServer.open();
  assertEquals((await handshake(server, "/websocket/connect", "parley.envelope")).status, 401);
  const snake = await TestSocket.open(server.ws("/ws?token="), { protocols: ["parley.snake"] });
  assertEquals((await snake.closed).code, 1008);
});

test("a blocked user is told for how long, a page why", SLOW, async () => {
  const adminToken = "an admin token of some length";
  await using server = await TestServer.open({ websocketAllowedOrigins: ["https://app.test"], adminToken });
  const answer = await fetch(server.url("/websocket/users/ann/disconnect"), {
    method: "POST",
    headers: { "x-api-key": adminToken, "content-type": "application/json" },
    body: JSON.stringify({ blockSeconds: 60 }),
  });
  assertEquals([answer.status, await answer.text() !== ""], [200, true]);
  const blocked = await told(server, `/websocket/connect?token=${await server.token("ann")}`);
  const { code, reason, retryAfter } = blocked.frames[0]!.data as JsonFrame;
  assertEquals([code, reason, blocked.code, blocked.reason], ["forbidden", "blocked", 4403, "blocked"]);
  assert(Number(retryAfter) > 50_000 && Number(retryAfter) <= 60_000);
  const foreign = await told(server, "/ws?dialect=kebab", [REFUSAL], { origin: "https://evil.test" });
  const { code: why, reason: cause } = foreign.frames[0]!;
  assertEquals([why, cause, foreign.code, foreign.reason], ["forbidden", "origin", 4403, "origin"]);
});

test("a server that is full or asked too often says when to come again", SLOW, async () => {
  await using full = await TestServer.open({ websocketMaxConnections: 1 });
  await full.kebab();
  const late = await told(full, "/ws/lobby");
  const { code, reason, retryAfter } = late.frames[0]!.data as JsonFrame;
  assertEquals([code, reason, retryAfter, late.code, late.reason], ["unavailable", "full", 5000, 1013, "full"]);
  await using busy = await TestServer.open({ websocketConnectRate: 1, websocketConnectBurst: 1 });
  await busy.kebab();
  const limited = await told(busy, "/ws?dialect=snake");
  const { code: what, reason: cause, retryAfter: wait } = limited.frames[0]!;
  assertEquals([what, cause, limited.code], ["rate_limited", "rate", 1013]);
  assert(Number(wait) > 0 && Number(wait) <= 1000);
});

test("what no code would tell stays plain HTTP", SLOW, async () => {
  await using server = await TestServer.open();
  const asked: [string, string, number][] = [
    ["/ws/a/b", REFUSAL, 404],
    ["/ws/*", REFUSAL, 400],
    ["/ws", `${REFUSAL}, parley.nonsense`, 400],
    ["/websocket/connect?dialect=refusal", REFUSAL, 400],
  ];
  for (const [path, offered, status] of asked) {
    assertEquals([path, (await handshake(server, path, offered)).status], [path, status]);
  }
  await using off = await TestServer.open({ websocketEnabled: false });
  assertEquals((await handshake(off, "/ws", REFUSAL)).status, 503);
});

test("a dialect is confirmed before the wish, the wish before a foreign name, and a token never", SLOW, async () => {
  await using server = await TestServer.open();
  const bearer = `parley.bearer.${await server.token("ann")}`;
  const offers: [string, string | null][] = [
    [`chat, ${REFUSAL}, ${bearer}, parley.kebab`, "parley.kebab"],
    [`${bearer}, chat, ${REFUSAL}`, REFUSAL],
    ["chat, parley.batch", "chat"],
    ["parley.batch, chat", "chat"],
  ];
  for (const [offered, confirmed] of offers) {
    const { status, headers } = await handshake(server, "/ws", offered);
    assertEquals([status, headers.get("sec-websocket-protocol")], [101, confirmed]);
  }
  const refused = await handshake(server, "/websocket/connect", `parley.bearer.bad, ${REFUSAL}, parley.envelope`);
  assertEquals([refused.status, refused.headers.get("sec-websocket-protocol")], [101, "parley.envelope"]);
});

test("a token in a subprotocol counts after the header and before the query, and gets into no log", SLOW, async () => {
  await using server = await TestServer.open();
  const [ann, bob, cat] = await Promise.all(["ann", "bob", "cat"].map((user) => server.token(user)));
  const path = `/websocket/connect?token=${cat}`;
  const protocols = ["parley.envelope", `parley.bearer.${bob}`];
  const bearer = await server.client(path, { protocols });
  await bearer.hear({ type: "system_notification", data: { user_id: "bob" } });
  assertEquals(bearer.socket.protocol, "parley.envelope");
  const header = await server.client(path, { protocols, headers: { authorization: `Bearer ${ann}` } });
  await header.hear({ type: "system_notification", data: { user_id: "ann" } });
  const alone = await handshake(server, "/websocket/connect", `parley.bearer.${bob}`, {
    headers: { Connection: "Upgrade, close" },
  });
  assertEquals(alone.status, 400);
  assertMatch(await alone.body(), /offer the subprotocol of a dialect/);
  await told(server, "/websocket/connect", [REFUSAL, `parley.bearer.${bob}x`]);
  for (const token of [ann, bob, cat]) assert(!server.log.join().includes(token.slice(-20)));
});

test("Socket.IO takes a token in a subprotocol too, and refuses in its own way", SLOW, async () => {
  await using server = await TestServer.open();
  const path = "/socket.io/?EIO=4&transport=websocket";
  const offered = `${REFUSAL}, parley.bearer.${await server.token("ann")}`;
  const ann = await handshake(server, path, offered);
  assertEquals([ann.status, ann.headers.get("sec-websocket-protocol")], [101, REFUSAL]);
  ann.send("40");
  const answer = await ann.inbox.take(({ payload }) => String(payload).startsWith("40"));
  assertMatch(String(answer.payload), /"sid"/);
  assertEquals((await handshake(server, path, `parley.bearer.${await server.token("ann")}`)).status, 400);
});

test("ten of an address are refused so at once; the next one in HTTP, and places are given back", SLOW, async () => {
  await using server = await TestServer.open();
  const stubborn = await Promise.all(
    Array.from({ length: 10 }, () => handshake(server, "/websocket/connect", REFUSAL, { agrees: false })),
  );
  for (const peer of stubborn) {
    assertEquals(peer.status, 101);
    await peer.inbox.take(({ opcode }) => opcode === OPCODE.close);
  }
  // Bun lets go of them by itself.
  const next = RUNTIME === "deno" ? 401 : 101;
  assertEquals((await handshake(server, "/websocket/connect", REFUSAL)).status, next);
  for (const peer of stubborn) peer.destroy();
  await eventually(async () => (await handshake(server, "/websocket/connect", REFUSAL)).status === 101);
});

test("who is refused takes the place of a connection as long as it stays", SLOW, async () => {
  await using server = await TestServer.open({ websocketMaxConnectionsPerIp: 1, trustProxy: 1 });
  const from = { headers: { "x-forwarded-for": "203.0.113.7" }, agrees: false };
  const refused = await handshake(server, "/websocket/connect", REFUSAL, from);
  await refused.inbox.take(({ opcode }) => opcode === OPCODE.close);
  assertEquals((await handshake(server, "/ws", "chat", from)).status, RUNTIME === "deno" ? 503 : 101);
  refused.destroy();
});
