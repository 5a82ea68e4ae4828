/**
 * The HTTP side of the executable: settings from the environment, ports of their own, an embedded page.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { signToken } from "../../src/verifiers/sign.ts";
import { eventually, freePort, spawnServer, TestSocket } from "../harness.ts";

const SLOW = { timeout: 40_000 };
const SECRET = "a secret of at least thirty-two bytes";
const KEY = "the key of the admins";

async function ask(url: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
}

test("the admin API, chat and metrics are served as the environment says", SLOW, async () => {
  const adminPort = await freePort();
  await using server = await spawnServer({
    env: { JWT_SECRET: SECRET, HOST: "127.0.0.1", ADMIN_TOKEN: KEY, ADMIN_PORT: String(adminPort) },
  });
  const admin = `http://127.0.0.1:${adminPort}`;
  const headers = { "x-api-key": KEY };
  assertEquals((await ask(`${server.url}/websocket/rooms`, { headers })).status, 404);
  assertEquals((await ask(`${admin}/websocket/rooms`)).status, 401);
  assertEquals(JSON.parse((await ask(`${admin}/websocket/rooms`, { headers })).text), { rooms: [], total: 0 });
  const token = await signToken({ user: "ann", ttlMs: 60_000 }, { secret: SECRET });
  const ann = await TestSocket.open(server.ws(`/ws?token=${token}`));
  ann.send({ type: "join_room", roomId: "lobby" });
  await ann.nextJson(({ type }) => type === "online_update");
  const posted = await ask(`${server.url}/api/chat/rooms/lobby/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ content: "hello" }),
  });
  assertEquals(posted.status, 201);
  assertEquals((await ann.nextJson(({ type }) => type === "new_message")).id, JSON.parse(posted.text).id);
  const { text } = await ask(`${admin}/metrics`);
  assertMatch(text, /^parley_connections 1$/m);
  assertMatch(text, /^parley_messages_total 1$/m);
  assertEquals(JSON.parse((await ask(`${server.url}/`)).text).name, "parley");
  await ann.close();
});

test("without any key it is a demo: the page is there, and it is not the admins' door", SLOW, async () => {
  await using server = await spawnServer();
  const page = await ask(`${server.url}/`);
  assertEquals(page.status, 200);
  assertStringIncludes(page.text, "<title>Parley");
  assertStringIncludes(page.text, "&quot;/websocket/connect&quot;");
  const given = await ask(`${server.url}/demo/token`, {
    method: "POST",
    headers: { origin: server.url },
    body: JSON.stringify({ user: "ada" }),
  });
  const { token } = JSON.parse(given.text);
  const headers = { authorization: `Bearer ${token}` };
  assertEquals((await ask(`${server.url}/metrics`, { headers })).status, 403);
  const ada = await TestSocket.open(server.ws(`/ws?token=${token}`));
  assertEquals((await ada.nextJson(({ type }) => type === "connected")).userId, "ada");
  await ada.close();
});

test("credentials are in no line of the log", SLOW, async () => {
  await using server = await spawnServer({
    env: { JWT_SECRET: SECRET, HOST: "127.0.0.1", ADMIN_TOKEN: KEY, LOG_LEVEL: "debug" },
  });
  const token = await signToken({ user: "ann", ttlMs: 60_000 }, { secret: SECRET });
  await ask(`${server.url}/websocket/rooms?token=${token}`, { headers: { "x-api-key": KEY } });
  await ask(`${server.url}/websocket/rooms`, { headers: { authorization: `Bearer ${token}x` } });
  await ask(`${server.url}/status`);
  server.signal("SIGTERM");
  await server.exited;
  await eventually(() => server.output().includes("stopped"));
  assert(!server.output().includes(token) && !server.output().includes(KEY), server.output());
});
