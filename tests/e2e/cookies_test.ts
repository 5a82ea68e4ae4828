/**
 * Cookies as credentials, at the upgrade and at the handshake of Socket.IO: several of one name, stale ones, pages of
 * other origins, keys that are out of reach.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { freePort, TcpSocket } from "../harness.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

/** The status of an upgrade with these headers: 101, or what it was refused with. */
async function upgrade(
  server: TestServer,
  headers: Record<string, string>,
  path = "/websocket/connect",
): Promise<number> {
  const socket = await TcpSocket.open({ port: server.parley.port, path, headers });
  socket.destroy();
  return socket.status;
}

/** What an upgrade of envelope with these headers is refused with. */
async function refusal(server: TestServer, headers: Record<string, string>) {
  const socket = await TcpSocket.open({
    port: server.parley.port,
    path: "/websocket/connect",
    headers: { Connection: "close, Upgrade", ...headers },
  });
  const { error, code } = JSON.parse(await socket.body());
  return { status: socket.status, error, code, challenge: socket.headers.get("www-authenticate") };
}

/** The answer to CONNECT of a Socket.IO client that polls: an id, or the reason. */
async function connect(server: TestServer, headers: Record<string, string>): Promise<string> {
  const url = server.url("/socket.io/?EIO=4&transport=polling");
  const opened = await (await fetch(url, { headers })).text();
  const { sid } = JSON.parse(opened.slice(1));
  await fetch(`${url}&sid=${sid}`, { method: "POST", body: "40", headers });
  return await (await fetch(`${url}&sid=${sid}`, { headers })).text();
}

function expired(server: TestServer): string {
  return server.sign({ sub: "eve", exp: 1_000_000_000 });
}

test("of several cookies the first good one counts, over all names", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  const good = await server.token("eve");
  const stale = expired(server);
  const rows: [cookie: string, isIn: boolean][] = [
    [`token=${good}; token=${stale}`, true],
    [`token=${stale}; token=${good}`, true],
    [`token=${good}; token=`, true],
    [`token=; token=${good}`, true],
    [`falcon_auth_token=${stale}; token=${good}`, true],
    [`falcon_auth_token=nonsense; token=${stale}; token=; token=${good}`, true],
    [`token=${stale}; token=nonsense`, false],
    [`token=1; token=2; token=3; token=4; token=${good}`, false],
  ];
  for (const [cookie, isIn] of rows) {
    assertEquals([cookie, await upgrade(server, { cookie })], [cookie, isIn ? 101 : 401]);
    assertEquals([cookie, (await connect(server, { cookie })).startsWith("40")], [cookie, isIn]);
  }
});

test("the first of two good cookies says who it is", SLOW, async () => {
  await using server = await TestServer.open();
  const cookie = `token=${await server.token("ann")}; token=${await server.token("bob")}`;
  const client = await server.client("/ws?dialect=snake", { headers: { cookie } });
  assertEquals((await client.hear({ type: "connected" })).userId, "ann");
});

test("ports that a scheme has anyway do not make another host", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  const cookie = `token=${await server.token("eve")}`;
  const rows: [host: string, origin: string, status: number][] = [
    ["rt.example.com:443", "https://rt.example.com", 101],
    ["rt.example.com", "https://rt.example.com:443", 101],
    ["rt.example.com:80", "http://rt.example.com", 101],
    ["rt.example.com:80", "https://rt.example.com", 401],
    ["rt.example.com:8443", "https://rt.example.com", 401],
  ];
  for (const [host, origin, status] of rows) {
    assertEquals([host, origin, await upgrade(server, { cookie, Host: host, origin })], [host, origin, status]);
  }
});

test("a cookie that was left out for its page's origin is the reason of the refusal", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  const headers = { cookie: `token=${await server.token("eve")}`, origin: "https://evil.test" };
  const { status, error, code } = await refusal(server, headers);
  assertEquals([status, code], [401, "unauthorized"]);
  for (const said of [error, await connect(server, headers)]) {
    assertStringIncludes(said, "Cannot use the cookie: the origin of its page");
    assertStringIncludes(said, "https://evil.test");
  }
});

test("snake is told about its cookie before it is closed", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  const cookie = `token=${await server.token("eve")}`;
  const headers = { cookie, origin: "https://evil.test" };
  const snake = await server.client("/ws?dialect=snake", { headers });
  assertStringIncludes(
    String((await snake.hear({ type: "error", code: "unauthorized" })).message),
    "https://evil.test",
  );
  assertEquals(await snake.socket.closed, { code: 1008, reason: "No authentication token" });
});

test("a cookie that is bad is the reason of the refusal, and it says what is wrong with it", SLOW, async () => {
  await using server = await TestServer.open({ websocketRequireAuth: true });
  const headers = { cookie: `token=${expired(server)}` };
  const { status, error, code, challenge } = await refusal(server, headers);
  assertEquals([status, code, challenge], [401, "token_expired", "Bearer"]);
  for (const said of [error, await connect(server, headers)]) assertStringIncludes(said, "it has expired");
});

test("a cookie that cannot be judged makes nobody a guest", SLOW, async () => {
  const jwksUrl = `http://127.0.0.1:${await freePort()}/`;
  await using server = await TestServer.open({ jwtSecret: undefined, jwksUrl });
  const head = btoa('{"alg":"ES256","kid":"a"}').replaceAll("=", "");
  const cookie = `token=${head}.e30.AAAA; token=nonsense`;
  assertEquals(await upgrade(server, { cookie }, "/ws"), 503);
  assertStringIncludes(await connect(server, { cookie }), '"code":"unavailable"');
});
