/**
 * BASE_PATH: everything lives under the path that a proxy in front does not strip, and what probes and scrapers ask past
 * the proxy answers without it too.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { io } from "socket.io-client";
import { check } from "../../src/cli/check.ts";
import type { ServerOptions } from "../../src/mod.ts";
import { eventually, spawnServer, TcpSocket } from "../harness.ts";
import { assertError, call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import { JOIN, type TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };
const KEY = { JWT_SECRET: "a secret of at least thirty-two bytes", HOST: "127.0.0.1" };

function openUnder(options: ServerOptions = {}): Promise<TestServer> {
  return openHttpServer({ basePath: "/rt/v1", ...options });
}

test("base path: routes live under it, and nowhere else but where probes and scrapers look", SLOW, async () => {
  await using server = await openUnder({ adminPort: 0 });
  const [port] = server.parley.adminPorts;
  for (const path of ["/status", "/websocket/status", "/openapi.json", "/client.js", "/"]) {
    assertEquals((await call(server, `GET /rt/v1${path}`)).status, 200, path);
    assertError(await call(server, `GET ${path}`), [404, "not_found"]);
    assertError(await call(server, `GET /rt/v1/rt/v1${path}`), [404, "not_found"]);
  }
  for (const at of [undefined, port]) {
    for (const path of ["/livez", "/readyz"]) {
      for (const base of ["", "/rt/v1"]) {
        assertEquals((await call(server, `GET ${base}${path}`, { port: at })).status, 200);
      }
    }
  }
  for (const base of ["", "/rt/v1"]) assertEquals((await call(server, `GET ${base}/metrics`, { port })).status, 200);
  assertEquals((await callAsAdmin(server, "GET /rt/v1/websocket/rooms", { port })).status, 200);
  assertError(await callAsAdmin(server, "GET /websocket/rooms", { port }), [404, "not_found"]);
  const wrong = await call(server, "POST /rt/v1/status", { body: {} });
  assertEquals([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD"]);
});

test("base path: what is told of addresses bears it", SLOW, async () => {
  await using server = await openUnder({ adminPort: 0 });
  const { body } = await call(server, "GET /rt/v1/");
  assertEquals([body.status, body.description], ["/rt/v1/status", "/rt/v1/openapi.json"]);
  for (const port of [server.parley.port, server.parley.adminPorts[0]]) {
    assertEquals((await call(server, "GET /rt/v1/openapi.json", { port })).body.servers, [{ url: "/rt/v1" }]);
  }
  await using plain = await openHttpServer();
  assertEquals((await call(plain, "GET /openapi.json")).body.servers, [{ url: "/" }]);
});

test("base path: the demo's pages are under it, and find the rest from there", SLOW, async () => {
  await using server = await openUnder({ demo: true, jwtSecret: undefined });
  const bare = await fetch(server.url("/rt/v1?x=1"), { redirect: "manual" });
  await bare.body?.cancel();
  assertEquals([bare.status, bare.headers.get("location")], [308, "/rt/v1/?x=1"]);
  for (const path of ["/rt/v1/", "/rt/v1/chat"]) {
    const { text } = await call(server, `GET ${path}`);
    if (path.endsWith("/")) assertStringIncludes(text, "&quot;/rt/v1/websocket/connect&quot;");
    const links = [...text.matchAll(/(?:href|src)="([^"#:]+)"/g)].map(([, link]) =>
      new URL(link!, server.url(path)).pathname
    );
    for (const link of links) assertEquals((await call(server, `GET ${link}`)).status, 200, `${path} leads to ${link}`);
  }
});

test("base path: every dialect connects under it, and REST speaks with them", SLOW, async () => {
  await using server = await openUnder();
  const token = await server.token("ann");
  const envelope = await server.client(`/rt/v1/websocket/connect?token=${token}`);
  await envelope.ask(...JOIN.envelope!("lobby"));
  const kebab = await server.client("/rt/v1/ws?dialect=kebab");
  await kebab.ask(...JOIN.kebab!("lobby"));
  const snake = await server.client(`/rt/v1/ws?token=${token}`);
  await snake.ask(...JOIN.snake!("lobby"));
  const plain = await server.client("/rt/v1/ws/lobby");
  await plain.hear({ type: "user_list" });
  const socketio = io(server.url(""), { path: "/rt/v1/socket.io", auth: { token }, forceNew: true });
  const heard: unknown[] = [];
  socketio.on("newMessage", ({ content }) => heard.push(content));
  await socketio.emitWithAck("joinConversation", { conversationId: "lobby" });
  const body = { content: "hello" };
  const said = await call(server, "POST /rt/v1/api/chat/rooms/lobby/messages", { bearer: token, body });
  assertEquals(said.status, 201);
  for (const client of [envelope, kebab, snake, plain]) await client.hear({ id: said.body.id });
  await eventually(() => heard.includes("hello"));
  socketio.close();
  for (
    const path of ["/ws", "/ws/lobby", `/websocket/connect?token=${token}`, "/socket.io/?EIO=4&transport=websocket"]
  ) {
    assertEquals((await TcpSocket.open({ port: server.parley.port, path })).status, 404, path);
  }
  assertError(await call(server, "GET /socket.io/?EIO=4&transport=polling"), [404, "not_found"]);
  assertEquals((await call(server, "GET /rt/v1/ws")).status, 426);
});

test("base path: the program says it, and the check of a container finds it, on every worker", SLOW, async () => {
  const env = { ...KEY, BASE_PATH: "/rt/", WORKERS: "2", ADMIN_TOKEN: "a key of sixteen characters" };
  await using server = await spawnServer({ env });
  await eventually(() => server.output().includes(`url=${server.url}/rt `));
  const lines: string[] = [];
  const terminal = {
    env: { ...env, PORT: String(server.port) },
    readFile: () => "",
    print: (line: string) => lines.push(line),
    complain: (line: string) => lines.push(line),
  };
  assertEquals(await check([], terminal), 0, lines.join());
  assertStringIncludes(lines.join(), `${server.url}/rt/status`);
});
