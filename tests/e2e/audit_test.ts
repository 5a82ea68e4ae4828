/**
 * The audit trail in the log: who sent whom away, who spoke to everybody, whose token was refused, and from where.
 */
import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { TcpSocket } from "../harness.ts";
import { call, callAsAdmin, openHttpServer } from "./http_calls.ts";
import { SocketioClients } from "./socketio_clients.ts";
import { JOIN, type JsonFrame, type TestServer } from "./test_server.ts";

const SLOW = { timeout: 20_000 };

type Line = Record<string, unknown>;

/** A server, and the lines of its log that are for auditors, without what every line has. */
async function audited(
  options: Parameters<typeof openHttpServer>[0] = {},
): Promise<{ server: TestServer; trail: () => Line[] }> {
  const lines: string[] = [];
  const log = createLog({ format: "json", write: (line) => lines.push(line) });
  const server = await openHttpServer({ log, ...options });
  const trail = () => {
    const parsed = lines.map((line): Line => JSON.parse(line)).filter(({ audit }) => audit === true);
    return parsed.map(({ time: _, audit: __, ...line }) => line);
  };
  return { server, trail };
}

const INFO = { level: "info", address: "127.0.0.1" };

test("kicks, blocks, removals and broadcasts are a line each", SLOW, async () => {
  const { server, trail } = await audited();
  await using _stage = server;
  const root = await server.token("root", { roles: ["admin"] });
  const guest = await server.kebab();
  const [{ clientId }] = guest.heard({ type: "connected" }) as [JsonFrame];
  const ann = await server.snake("ann");
  await ann.ask(...JOIN.snake!("lobby"));
  await callAsAdmin(server, "POST /websocket/broadcast", { body: { type: "deploy" } });
  await call(server, "DELETE /websocket/rooms/lobby/members/ann", { bearer: root });
  await callAsAdmin(server, `DELETE /websocket/connections/${clientId}`);
  await callAsAdmin(server, "DELETE /websocket/connections/nobody");
  await call(server, "POST /websocket/users/ann/disconnect", { bearer: root, body: { blockSeconds: 60 } });
  await callAsAdmin(server, "POST /websocket/users/ann/disconnect", { body: { blockSeconds: 0 } });
  const [key, user] = [{ ...INFO, by: "admin-key" }, { ...INFO, by: "user:root" }];
  assertEquals(trail(), [
    { ...key, message: "a broadcast was sent", type: "deploy", recipients: 2 },
    { ...user, message: "a member was put out of a room", room: "lobby", member: "ann" },
    { ...key, message: "a connection was kicked", connection: clientId },
    { ...user, message: "a user was blocked", user: "ann", blockSeconds: 60 },
    { ...user, message: "a user was kicked", user: "ann", connections: 1 },
    { ...key, message: "a block was lifted", user: "ann", blockSeconds: 0 },
    { ...key, message: "a user was kicked", user: "ann", connections: 0 },
  ]);
});

test("an admin's broadcast over a connection is a line, a refused one is none", SLOW, async () => {
  const { server, trail } = await audited();
  await using _stage = server;
  const say = { type: "message", id: "1", data: { text: "hi" } };
  const root = await server.envelope("root", { roles: ["admin"] });
  await root.ask(say, { type: "message", id: "1" });
  const ann = await server.envelope("ann");
  await ann.ask(say, { type: "error" });
  assertEquals(trail(), [{ ...INFO, message: "a broadcast was sent", by: "user:root" }]);
});

test(
  "a refused token is a line at every door, and the line never holds the token",
  SLOW,
  async () => {
    const entrances: [at: string, code: string, knock: (server: TestServer, token: string) => Promise<unknown>][] = [
      ["upgrade", "token_expired", (server, token) => assertRejects(() => server.client(`/ws/lobby?token=${token}`))],
      ["upgrade", "token_expired", async (server, token) => {
        const snake = await server.client(`/ws?token=${token}`);
        await snake.socket.closed;
      }],
      ["upgrade", "token_expired", async (server, token) => {
        const headers = { cookie: `token=${token}` };
        (await TcpSocket.open({ port: server.parley.port, path: "/websocket/connect", headers })).destroy();
      }],
      ["socketio", "token_expired", async (server, token) => {
        await using clients = new SocketioClients(server);
        await assertRejects(() => clients.open({ auth: { token } }).connected());
      }],
      ["authenticate", "token_expired", async (server, token) => {
        await (await server.kebab()).ask({ type: "authenticate", token }, { type: "auth-error" });
      }],
      ["http", "token_expired", (server, token) => call(server, "GET /websocket/rooms", { bearer: token })],
      ["http", "unauthorized", (server) => call(server, "GET /websocket/rooms", { bearer: "a wrong key of admins" })],
    ];
    for (const [at, code, knock] of entrances) {
      const { server, trail } = await audited();
      await using _stage = server;
      const token = server.sign({ sub: "eve", exp: 1_000_000_000 });
      await knock(server, token);
      const lines = trail();
      assert(lines.length > 0, `a line at ${at}`);
      for (const { reason, ...rest } of lines) {
        assertEquals(rest, { ...INFO, message: "a credential was refused", at, code });
        assertStringIncludes(String(reason), code === "token_expired" ? "it has expired" : "neither the admin key");
      }
      assertFalse(JSON.stringify(trail()).includes(token));
      assertFalse(JSON.stringify(trail()).includes("a wrong key of admins"));
    }
  },
);

test("a guest whose cookie is stale is no line: nothing was refused", SLOW, async () => {
  const { server, trail } = await audited();
  await using _stage = server;
  const headers = { cookie: `token=${server.sign({ sub: "eve", exp: 1_000_000_000 })}` };
  await (await server.client("/ws/lobby", { headers })).hear({ type: "user_list" });
  assertEquals(trail(), []);
});
