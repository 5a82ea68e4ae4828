/**
 * How a session begins, and every way in which a request is refused.
 */
import { test } from "node:test";
import { assert, assertEquals, assertMatch, assertNotEquals, fail } from "@std/assert";
import { eventually, TcpSocket } from "../harness.ts";
import { Transports } from "../../src/gateway/transports.ts";
import { SocketioTestServer } from "./test_server.ts";

const POLL = "EIO=4&transport=polling";
const WEBSOCKET = "EIO=4&transport=websocket";

test("a polling handshake tells the terms of the session", async () => {
  await using server = await SocketioTestServer.start({
    pingIntervalMs: 300,
    pingTimeoutMs: 200,
    maxPayloadBytes: 1234,
  });
  const response = await server.fetch(POLL);
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/plain; charset=UTF-8");
  assertEquals(response.headers.get("cache-control"), "no-store");
  assertEquals(response.headers.get("set-cookie"), null);
  const body = await response.text();
  assertEquals(body[0], "0");
  const { sid, ...terms } = JSON.parse(body.slice(1));
  assertMatch(sid, /^[\w-]{20,}$/);
  assertEquals(terms, { upgrades: ["websocket"], pingInterval: 300, pingTimeout: 200, maxPayload: 1234 });
});

test("a WebSocket handshake offers no upgrade", async () => {
  await using server = await SocketioTestServer.start();
  const socket = server.socket(WEBSOCKET);
  const open = String(await socket.next());
  assertEquals(open[0], "0");
  assertEquals(JSON.parse(open.slice(1)).upgrades, []);
  await socket.close();
  await server.isEmpty();
});

test("session ids are never those of sockets, nor like one another", async () => {
  await using server = await SocketioTestServer.start();
  const [one, other] = [await server.polling(), await server.polling()];
  assertNotEquals(one.sid.slice(0, 6), other.sid.slice(0, 6));
  assertEquals(await one.post("40"), "ok");
  assertEquals(await one.get(), '40{"sid":"socket-1"}');
  assertEquals(await (await server.fetch(`${POLL}&sid=socket-1`)).json(), { code: 1, message: "Session ID unknown" });
});

const REFUSED: [what: string, query: string, method: string, code: number, message: string][] = [
  ["no transport", "EIO=4", "GET", 0, "Transport unknown"],
  ["an unknown transport", "EIO=4&transport=carrier-pigeon", "GET", 0, "Transport unknown"],
  ["an unknown session", `${POLL}&sid=nobody`, "GET", 1, "Session ID unknown"],
  ["a post to an unknown session", `${POLL}&sid=nobody`, "POST", 1, "Session ID unknown"],
  ["a handshake by POST", POLL, "POST", 2, "Bad handshake method"],
  ["a handshake by PUT", POLL, "PUT", 2, "Bad handshake method"],
  ["a WebSocket without an upgrade", WEBSOCKET, "GET", 3, "Bad request"],
  ["version 3", "EIO=3&transport=polling", "GET", 5, "Unsupported protocol version"],
  ["no version", "transport=polling", "GET", 5, "Unsupported protocol version"],
  ["the transport before the session", "EIO=4&transport=x&sid=nobody", "GET", 0, "Transport unknown"],
];

for (const [what, query, method, code, message] of REFUSED) {
  test(`refuses ${what}`, async () => {
    await using server = await SocketioTestServer.start();
    const response = await server.fetch(query, { method });
    assertEquals(response.status, 400);
    assertEquals(response.headers.get("content-type"), "application/json");
    assertEquals(await response.json(), { code, message });
    await server.isEmpty();
  });
}

test("a session serves its own transport and two methods only", async () => {
  await using server = await SocketioTestServer.start();
  const peer = await server.polling();
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    const response = await peer.poll({ method });
    assertEquals([response.status, await response.json()], [400, { code: 3, message: "Bad request" }]);
  }
  const response = await server.fetch(`${WEBSOCKET}&sid=${peer.sid}`);
  assertEquals([response.status, await response.json()], [400, { code: 3, message: "Bad request" }]);
  assertEquals(await peer.post("40"), "ok");
});

test("refuses bad upgrades in plain HTTP", async () => {
  await using server = await SocketioTestServer.start();
  const refused = async (query: string) => {
    const socket = await TcpSocket.open({
      port: server.port,
      path: `/socket.io/?${query}`,
      headers: { Connection: "Upgrade" },
    });
    socket.destroy();
    return [socket.status, socket.headers.get("content-type")];
  };
  const html = [400, "text/html"];
  assertEquals(await refused("EIO=3&transport=websocket"), html);
  assertEquals(await refused("EIO=4&transport=polling"), html);
  assertEquals(await refused("EIO=4&transport=x"), html);
  assertEquals(await refused("EIO=4&transport=websocket&sid=nobody"), html);
  await server.isEmpty();
});

test("the host refuses in its own words, on both transports", async () => {
  await using server = await SocketioTestServer.start();
  server.host.refusal = () => Response.json({ error: "no more" }, { status: 403, headers: { "retry-after": "5" } });
  const response = await server.fetch("EIO=3&transport=polling", { headers: { origin: "http://a.example" } });
  assertEquals([response.status, await response.json()], [403, { error: "no more" }]);
  assertEquals(response.headers.get("retry-after"), "5");
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
  const socket = await TcpSocket.open({ port: server.port, path: `/socket.io/?${WEBSOCKET}` });
  assertEquals(socket.status, 403);
  socket.destroy();
  await server.isEmpty();
});

test("a sticky cookie goes with the handshake and with nothing else", async () => {
  await using server = await SocketioTestServer.start({ cookie: "io" });
  const response = await server.fetch(POLL);
  const { sid } = JSON.parse((await response.text()).slice(1));
  assertEquals(response.headers.get("set-cookie"), `io=${sid}; Path=/; HttpOnly; SameSite=Lax`);
  const post = await server.fetch(`${POLL}&sid=${sid}`, { method: "POST", body: "40" });
  assertEquals(post.headers.get("set-cookie"), null);
  assertEquals((await server.fetch(`${POLL}&sid=${sid}`)).headers.get("set-cookie"), null);
});

test("pages of listed origins may send credentials, those of others may not", async () => {
  const trustOf = (origin: string) =>
    origin.includes("listed") ? "listed" : origin.includes("bad") ? "refused" : "open";
  await using server = await SocketioTestServer.start({ trustOf });
  const from = async (origin: string, init: RequestInit = {}) => {
    const { headers } = await server.fetch(POLL, { ...init, headers: { origin, ...init.headers } });
    return [headers.get("access-control-allow-origin"), headers.get("access-control-allow-credentials")];
  };
  assertEquals(await from("http://listed.example"), ["http://listed.example", "true"]);
  assertEquals(await from("http://other.example"), ["*", null]);
  assertEquals(await from("http://bad.example"), [null, null]);
  assertEquals(await from("http://listed.example", { method: "POST" }), ["http://listed.example", "true"]);
  assertEquals((await server.fetch(POLL)).headers.get("access-control-allow-origin"), null);
  for (const origin of ["http://listed.example", "http://bad.example", "http://a.example", undefined]) {
    const { headers } = await server.fetch(POLL, { headers: origin === undefined ? {} : { origin } });
    assertEquals(headers.get("vary"), "Origin", origin);
  }
});

test("a preflight is answered before anything is checked", async () => {
  await using server = await SocketioTestServer.start();
  const headers = { origin: "http://a.example", "access-control-request-headers": "authorization,x-mine" };
  const response = await server.fetch("", { method: "OPTIONS", headers });
  assertEquals(response.status, 204);
  assertEquals(response.headers.get("access-control-allow-methods"), "GET,POST");
  assertEquals(response.headers.get("access-control-allow-headers"), "authorization,x-mine");
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
});

test("a peer that says Connection: close is told the same, whatever the answer", async () => {
  await using server = await SocketioTestServer.start();
  for (const [query, status] of [[POLL, 200], [`${POLL}&sid=nobody`, 400]] as const) {
    const headers = { Connection: "close", Upgrade: null, "Sec-WebSocket-Version": null, "Sec-WebSocket-Key": null };
    const socket = await TcpSocket.open({ port: server.port, path: `/socket.io/?${query}`, headers });
    assertEquals([socket.status, socket.headers.get("connection")], [status, "close"]);
    await socket.closed;
  }
});

test("the upgrade of a peer that is gone before it opens leaves nothing", async () => {
  await using server = await SocketioTestServer.start();
  for (let n = 0; n < 5; n++) {
    const socket = await TcpSocket.open({ port: server.port, path: `/socket.io/?${WEBSOCKET}` });
    assert(socket.status === 101);
    socket.destroy();
  }
  await eventually(() => server.engine.sessions === 0);
  await server.isEmpty();
});

test("the URL of a request is taken apart once, on its way through the server", async () => {
  await using server = await SocketioTestServer.start();
  const never = () => fail("it is Engine.IO's");
  const plain = { fetch: never, upgrade: never, open: never, message: never, close: never };
  const transports = new Transports(plain, { transport: server.engine, dialect: "socketio", path: "/socket.io/" });
  const peer = { address: "127.0.0.1", port: 1, secure: false };
  const { sid } = await server.polling();
  const polling = new Request(server.url(`EIO=4&transport=polling`));
  const post = new Request(server.url(`EIO=4&transport=polling&sid=${sid}`), { method: "POST", body: "3" });
  const upgrades = ["", `&sid=${sid}`].map((more) => new Request(server.url(`EIO=4&transport=websocket${more}`)));
  const taken = await countUrls(async () => {
    await (await transports.fetch(polling, peer)).text();
    await (await transports.fetch(post, peer)).text();
    for (const request of upgrades) assert(!(await transports.upgrade(request, peer) instanceof Response));
  });
  assertEquals(taken, 4);
});

/** How many URLs are made meanwhile. */
async function countUrls(run: () => Promise<void>): Promise<number> {
  const { URL } = globalThis;
  let count = 0;
  globalThis.URL = class extends URL {
    constructor(...given: ConstructorParameters<typeof URL>) {
      super(...given);
      count++;
    }
  };
  try {
    await run();
  } finally {
    globalThis.URL = URL;
  }
  return count;
}
