/**
 * The HTTP side as a whole: status and probes, what is said where nothing is, foreign pages, the port of the admins.
 */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { createConnection } from "node:net";
import { test } from "node:test";
import { createServer } from "../../src/mod.ts";
import { eventually, freePort, TcpSocket } from "../harness.ts";
import { ADMIN_KEY, assertError, call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import { JOIN, type JsonFrame, type TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

test("the status tells health and figures, at both addresses", SLOW, async () => {
  await using server = await openHttpServer();
  const fresh = (await call(server, "GET /status")).body;
  assertEquals((fresh.stats as JsonFrame).last_connection_time, null);
  const ann = await server.snake("ann");
  await ann.ask(...JOIN.snake!("lobby"));
  await ann.ask({ type: "message", roomId: "lobby", content: "x" }, { type: "new_message" });
  for (const path of ["/status", "/websocket/status"]) {
    const { status, body } = await call(server, `GET ${path}`);
    const { stats, node, uptime, version, runtime, ...rest } = body;
    const { last_connection_time: last, ...figures } = stats as JsonFrame;
    assertEquals([status, rest], [200, {
      module: "websocket",
      status: "healthy",
      message: "All is well",
      broker: "memory",
    }]);
    assertEquals(figures, {
      ...{ total_connections: 1, active_connections: 1, total_rooms: 2 },
      ...{ messages_processed: 1, messages_broadcast: Number(figures.messages_broadcast) },
    });
    assert(Math.abs(Date.now() - new Date(String(last)).getTime()) < 60_000);
    assert([node, version, runtime].every((text) => typeof text === "string" && text !== "") && Number(uptime) >= 0);
  }
});

test("the probes say ok, and HEAD says it without a body", SLOW, async () => {
  await using server = await openHttpServer();
  for (const path of ["/livez", "/readyz"]) {
    const { status, text } = await call(server, `GET ${path}`);
    assertEquals([status, text], [200, "ok"]);
    const head = await call(server, `HEAD ${path}`);
    assertEquals([head.status, head.text], [200, ""]);
  }
});

test("while the server drains it is alive, not ready, and says so", SLOW, async () => {
  const server = await openHttpServer({ websocketDrainMs: 4000 });
  // More than go in one batch, so that the drain takes a while.
  const crowd = await Promise.all(
    Array.from({ length: 101 }, () => TcpSocket.open({ port: server.parley.port, path: "/ws" })),
  );
  const stopping = server.parley.stop();
  try {
    const status = await call(server, "GET /status");
    assertEquals([status.status, status.body.status], [503, "unhealthy"]);
    assertError(await call(server, "GET /readyz"), [503, "unavailable"]);
    assertEquals((await call(server, "GET /livez")).status, 200);
    assertError(await call(server, "GET /ws"), [503, "unavailable"]);
  } finally {
    for (const socket of crowd) socket.destroy();
    await stopping;
  }
});

test("where nothing is, or not for this method, the answer is JSON that says so", SLOW, async () => {
  await using server = await openHttpServer();
  for (const path of ["/nope", "/websocket", "/status/", "/websocket/rooms/", "/demo/token", "/.env", "/%zz"]) {
    assertError(await call(server, `GET ${path}`), [404, "not_found"]);
  }
  const wrong = await call(server, "POST /status", { body: {} });
  assertError(wrong, [405, "unsupported_type"]);
  assertEquals(wrong.headers.get("allow"), "GET, HEAD");
  const other = await callAsAdmin(server, "DELETE /api/chat/rooms/x/messages");
  assertEquals([other.status, other.headers.get("allow")], [405, "POST, GET, HEAD"]);
});

test("a bad escape in the path is refused by every route with a parameter, a good one is not", SLOW, async () => {
  await using server = await openHttpServer();
  const routes = [
    ...["GET /api/chat/rooms/{}/messages", "POST /api/chat/rooms/{}/messages", "GET /websocket/users/{}/notifications"],
    ...["DELETE /websocket/connections/{}", "DELETE /websocket/rooms/{}/members/x", "GET /websocket/connections/{}"],
    ...["DELETE /websocket/rooms/x/members/{}", "GET /websocket/rooms/{}", "POST /websocket/users/{}/disconnect"],
    ...["connections", "rooms", "users"].map((what) => `POST /websocket/${what}/{}/message`),
  ];
  for (const what of routes) {
    const body = what.startsWith("POST") ? { content: "x", type: "x", data: 1 } : undefined;
    for (const bad of ["a%zz", "a%", "%ff", "%41%zz"]) {
      assertError(await callAsAdmin(server, what.replace("{}", bad), { body }), [400, "bad_message"]);
    }
    const good = await callAsAdmin(server, what.replace("{}", "a%25zz"), { body });
    assertNotEquals(good.status, 400, what);
  }
});

test("the address of a WebSocket asks plain HTTP for an upgrade", SLOW, async () => {
  await using server = await openHttpServer();
  for (const path of ["/ws", "/ws/", "/ws?token=x", "/ws/lobby", "/ws/auth", "/ws/auth/lobby", "/websocket/connect"]) {
    for (const method of ["GET", "POST"]) {
      const { status, body, headers } = await call(server, `${method} ${path}`);
      assertEquals([status, body.code, headers.get("upgrade")], [426, "bad_message", "websocket"]);
    }
  }
  await using off = await openHttpServer({ websocketEnabled: false });
  assertError(await call(off, "GET /ws"), [503, "unavailable"]);
  assertEquals((await call(off, "GET /livez")).status, 200);
});

test("a client that will not keep the connection is told that it ends", SLOW, async () => {
  await using server = await openHttpServer();
  for (const path of ["/livez", "/nope", "/ws"]) {
    const text = await raw(server, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assertStringIncludes(text.toLowerCase(), "\r\nconnection: close");
  }
});

/** What comes back on a connection of its own, until the server closes it. */
async function raw(server: TestServer, request: string, port: number = server.parley.port): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = "";
    const socket = createConnection(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (chunk) => text += chunk);
    socket.on("error", reject);
    socket.on("end", () => resolve(text));
  });
}

test("a foreign name that leads to this machine gets no demo token", SLOW, async () => {
  await using server = await openHttpServer({ demo: true, jwtSecret: undefined });
  const body = '{"user":"ada"}';
  const ask = (host: string) => {
    const head = [`Host: ${host}`, `Origin: http://${host}`, `Content-Length: ${body.length}`, "Connection: close"];
    return raw(server, `POST /demo/token HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n${body}`);
  };
  const { port } = server.parley;
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, "localhost"]) {
    assertStringIncludes(await ask(host), "HTTP/1.1 200");
  }
  for (const host of [`evil.example:${port}`, `localhost.evil.example:${port}`, "127.0.0.1.evil.example"]) {
    assertStringIncludes(await ask(host), "HTTP/1.1 403");
  }
});

test("a demo that a proxy or a tunnel has passed on gives no page and no token", SLOW, async () => {
  await using server = await openHttpServer({ demo: true, jwtSecret: undefined });
  const { port } = server.parley;
  const own = { origin: `http://127.0.0.1:${port}` };
  const ask = (headers: Record<string, string>) =>
    call(server, "POST /demo/token", { headers: { ...own, ...headers }, body: { user: "ada" } });
  assertEquals((await ask({})).status, 200);
  const signs = ["x-forwarded-for", "X-Forwarded-Host", "forwarded", "via", "x-real-ip", "cf-connecting-ip"];
  for (const sign of signs) {
    const headers = { [sign]: "127.0.0.1" };
    assertError(await ask(headers), [403, "forbidden"]);
    for (const page of ["/", "/chat"]) assertError(await call(server, `GET ${page}`, { headers }), [403, "forbidden"]);
    assertEquals((await call(server, "GET /client.js", { headers })).status, 200);
  }
});

test("pages of other origins read what is open, and send credentials only if they are listed", SLOW, async () => {
  const ask = (server: TestServer, origin: string) => call(server, "GET /status", { headers: { origin } });
  await using open = await openHttpServer();
  const anyone = await ask(open, "https://a.example");
  assertEquals(anyone.headers.get("access-control-allow-origin"), "*");
  assertEquals(anyone.headers.get("access-control-allow-credentials"), null);
  await using listed = await openHttpServer({ websocketAllowedOrigins: ["https://*.example.com"] });
  const own = await ask(listed, "https://chat.example.com");
  assertEquals(own.headers.get("access-control-allow-origin"), "https://chat.example.com");
  assertEquals(own.headers.get("access-control-allow-credentials"), "true");
  assertStringIncludes(String(own.headers.get("vary")), "Origin");
  const foreign = await ask(listed, "https://evil.example");
  assertEquals([foreign.status, foreign.headers.get("access-control-allow-origin")], [200, null]);
  const preflight = await call(listed, "OPTIONS /api/chat/rooms/x/messages", {
    headers: {
      ...{ origin: "https://chat.example.com", "access-control-request-method": "POST" },
      "access-control-request-headers": "authorization,idempotency-key",
    },
  });
  assertEquals(preflight.status, 204);
  assertStringIncludes(String(preflight.headers.get("access-control-allow-methods")), "POST");
  assertStringIncludes(String(preflight.headers.get("access-control-allow-headers")), "idempotency-key");
  const refused = await call(open, "GET /websocket/rooms", { headers: { origin: "https://a.example" } });
  assertEquals([refused.status, refused.headers.get("access-control-allow-origin")], [401, "*"]);
});

test("caches are told that another origin is answered otherwise", SLOW, async () => {
  for (const websocketAllowedOrigins of [["https://*.example.com"], ["*"]]) {
    await using server = await openHttpServer({ websocketAllowedOrigins });
    for (const origin of [undefined, "https://chat.example.com", "https://evil.example"]) {
      const headers = origin === undefined ? undefined : { origin };
      for (const path of ["/status", "/livez", "/client.js", "/nope", "/ws", "/websocket/rooms"]) {
        const answer = await call(server, `GET ${path}`, { headers });
        assertEquals(answer.headers.get("vary"), "Origin", `${path} for ${origin}`);
      }
    }
  }
});

test("with a port of their own, admins are served there and nowhere else", SLOW, async () => {
  await using server = await openHttpServer({ adminPort: 0 });
  const [port] = server.parley.adminPorts;
  assert(port !== undefined && port !== server.parley.port);
  for (const path of ["/websocket/rooms", "/websocket/connections", "/metrics"]) {
    assertError(await callAsAdmin(server, `GET ${path}`), [404, "not_found"]);
    assertEquals((await callAsAdmin(server, `GET ${path}`, { port })).status, 200);
  }
  assertError(await call(server, "GET /websocket/rooms", { port }), [401, "unauthorized"]);
  assertEquals((await call(server, "GET /metrics", { port })).status, 200);
  assertEquals((await call(server, "GET /livez", { port })).status, 200);
  assertError(await call(server, "GET /ws", { port }), [404, "not_found"]);
  const ann = await server.snake("ann");
  const body = { type: "deploy" };
  const sent = await callAsAdmin(server, "POST /websocket/broadcast", { body, port });
  assertEquals(sent.body.recipients_count, 1);
  await ann.hear({ type: "deploy" });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  await eventually(() => socket.readyState === WebSocket.CLOSED);
});

test("the admin port answers no page of another origin, and nobody at a name that may be anybody's", SLOW, async () => {
  await using server = await openHttpServer({ adminPort: 0, adminHosts: ["Parley.example.com"] });
  const [port] = server.parley.adminPorts;
  const origin = "https://evil.example";
  for (const path of ["/metrics", "/status", "/websocket/rooms"]) {
    const plain = await call(server, `GET ${path}`, { port, headers: { origin } });
    assertEquals(plain.headers.get("access-control-allow-origin"), null);
  }
  const asks = { origin, "access-control-request-method": "GET", "access-control-request-headers": "x-api-key" };
  const preflight = await call(server, "OPTIONS /metrics", { port, headers: asks });
  assertEquals([preflight.status, preflight.headers.get("access-control-allow-origin")], [405, null]);
  const ask = async (host: string, more: string[] = []) => {
    const head = [`GET /metrics HTTP/1.1`, `Host: ${host}`, "Connection: close", ...more];
    return (await raw(server, `${head.join("\r\n")}\r\n\r\n`, port)).split(" ", 2)[1];
  };
  const own = ["127.0.0.1:9100", "[::1]:9100", "10.1.2.3", "localhost:9100", "parley-admin", "a.localhost"];
  const local = ["pod.ns.svc.cluster.local", "vm.zone.c.project.internal:80", "PARLEY.example.com:443", "x.local."];
  for (const host of [...own, ...local]) assertEquals([host, await ask(host)], [host, "200"]);
  const foreign = ["evil.example", "127.0.0.1.evil.example:9100", "parley.example.com.evil.example", "evil.example."];
  for (const host of foreign) {
    assertEquals([host, await ask(host)], [host, "403"]);
    assertEquals(await ask(host, [`X-API-Key: ${ADMIN_KEY}`]), "200");
    assertEquals(await ask(host, [`Authorization: Bearer ${await server.token("ann")}`]), "200");
    assertEquals(await ask(host, ["Authorization: Bearer e30.e30.e30"]), "403");
  }
});

test("an admin port that is taken ends the start, and gives the public port back", SLOW, async () => {
  await using server = await openHttpServer();
  const free = await freePort();
  const attempt = { ports: [free], adminPort: server.parley.port, host: "127.0.0.1", adminToken: "x" };
  const failed = await createServer(attempt).then(() => "", (error: Error) => error.message);
  assertStringIncludes(failed, String(server.parley.port));
  const second = await createServer({ ports: [free], host: "127.0.0.1" });
  assertEquals(second.port, free);
  await second.stop();
});

test("a program's own server has no demo pages, and its root says where to go", SLOW, async () => {
  const server = await createServer({ ports: [0], demo: true, host: "127.0.0.1" });
  try {
    const root = `http://127.0.0.1:${server.port}`;
    assertEquals((await (await fetch(root)).json()).status, "/status");
    for (const path of ["/chat", "/chat.js", "/dialects.css"]) {
      const answer = await fetch(root + path);
      assertEquals([path, answer.status, (await answer.json()).code], [path, 404, "not_found"]);
    }
  } finally {
    await server.stop();
  }
});

test("without demo mode the root says where to go, and nothing else", SLOW, async () => {
  await using server = await openHttpServer();
  const { status, body } = await call(server, "GET /");
  assertEquals([status, body.name, body.status, body.description], [200, "parley", "/status", "/openapi.json"]);
  assertError(await call(server, "POST /demo/token", { body: { user: "ann" } }), [404, "not_found"]);
});
