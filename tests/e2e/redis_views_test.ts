/**
 * Two nodes on one Redis that loses its data: within 15 s every member is shown whom the admin API shows, whatever its
 * dialect and whichever node it is on.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { createClient } from "../../src/client/mod.ts";
import { eventually } from "../harness.ts";
import { clientViewOf, type MemberView, type ViewedDialect, viewOf } from "../member_views.ts";
import { RedisServer } from "./redis_server.ts";
import { SocketioClient } from "./socketio_clients.ts";
import { JOIN, TestServer } from "./test_server.ts";

const ROOM = "hall";
const ADMIN_TOKEN = "an admin key of a good length";
const WITHIN = { withinMs: 15_000, everyMs: 100 };

interface Watcher extends Disposable {
  name: string;
  unit: "connections" | "users";
  view(): MemberView;
}

async function clientOf(
  server: TestServer,
  user: string,
  dialect: Exclude<ViewedDialect, "socketio">,
): Promise<Watcher> {
  const client = await server[dialect](user);
  await client.ask(...JOIN[dialect]!(ROOM));
  return {
    name: `${user} (${dialect})`,
    unit: dialect === "envelope" || dialect === "kebab" ? "connections" : "users",
    view: () => viewOf(dialect, client.heard()),
    [Symbol.dispose]: () => client.close(),
  };
}

async function socketio(server: TestServer, user: string): Promise<Watcher> {
  const client = await new SocketioClient(server.url("/"), { auth: { token: await server.token(user) } }).connected();
  await client.ask("joinConversation", { conversationId: ROOM });
  return {
    name: `${user} (socketio)`,
    unit: "users",
    view: () => viewOf("socketio", client.inbox.all),
    [Symbol.dispose]: () => void client.socket.close(),
  };
}

/** Parley's own client, which joins again when the room says that it lost messages. */
async function parley(server: TestServer, user: string): Promise<Watcher> {
  const client = createClient(server.ws("/websocket/connect"), { token: () => server.token(user) });
  client.connect();
  const room = client.room(ROOM);
  await room.join();
  return {
    name: `${user} (client)`,
    unit: "connections",
    view: () => clientViewOf(room.getSnapshot()),
    [Symbol.dispose]: () => client.close(),
  };
}

/** What the admin API of a node says. */
async function truth(server: TestServer): Promise<Record<Watcher["unit"], MemberView>> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const response = await fetch(server.url(`/websocket/rooms/${ROOM}`), { headers });
  const { members } = await response.json() as { members: { connection_id: string; user_id: string }[] };
  const view = (ids: string[]): MemberView => {
    const list = [...new Set(ids)].sort();
    return { list, total: list.length, announcing: true };
  };
  return {
    connections: view(members.map(({ connection_id }) => connection_id)),
    users: view(members.map(({ user_id }) => user_id)),
  };
}

async function isReady(server: TestServer): Promise<boolean> {
  const response = await fetch(server.url("/readyz"));
  await response.body?.cancel();
  return response.ok;
}

async function expectTruth(servers: TestServer[], watchers: Watcher[], members: number): Promise<void> {
  await eventually(async () => {
    for (const server of servers) {
      const known = await truth(server);
      assertEquals(known.connections.total, members);
      for (const { name, unit, view } of watchers) assertEquals(view(), known[unit], name);
    }
    return true;
  }, WITHIN);
}

test("views: Redis restarts empty", { timeout: 90_000 }, async () => {
  await using redis = await RedisServer.start();
  const options = { redisUrl: redis.url, adminToken: ADMIN_TOKEN };
  await using here = await TestServer.open(options);
  await using there = await TestServer.open(options);
  const servers = [here, there];
  using people = new DisposableStack();
  const watchers: Watcher[] = [];
  const come = async (watcher: Promise<Watcher>) => watchers.push(people.use(await watcher));
  await come(clientOf(here, "eve", "envelope"));
  await come(clientOf(there, "kim", "kebab"));
  await come(parley(here, "pia"));
  await come(parley(there, "pit"));
  await come(socketio(there, "sue"));
  await come(clientOf(here, "sam", "snake"));
  await come(clientOf(there, "pat", "plain"));
  const leaver = await there.kebab("leaver");
  await leaver.ask(...JOIN.kebab!(ROOM));
  await expectTruth(servers, watchers, 8);
  await redis.kill();
  // One leaves while nobody can be told.
  leaver.close();
  await eventually(async () => !await isReady(here) && !await isReady(there), WITHIN);
  await redis.start();
  await expectTruth(servers, watchers, 7);
});
