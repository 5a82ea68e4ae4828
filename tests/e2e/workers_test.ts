/**
 * WORKERS=2: clients on different threads are in one server, whichever of them they reach, and it goes in good order.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { eventually, RUNTIME, spawnServer, startServer } from "../harness.ts";
import { connectTwo, get, SECRET, statusOfEach } from "./worker_clients.ts";
import { JOIN } from "./test_server.ts";

const SLOW = { timeout: 40_000 };
const ENV = { WORKERS: "2", JWT_SECRET: SECRET, HOST: "127.0.0.1", WEBSOCKET_CONNECT_RATE: "0", WEBSOCKET_DRAIN: "2s" };

test("workers: clients on two of them share a room, its presence, and messages to each other", SLOW, async () => {
  await using server = await spawnServer({ env: ENV });
  const [kim, lou] = await connectTwo(server, ["kim", "lou"]);
  await kim.ask(...JOIN.kebab!("lobby"));
  const arrival = kim.hear({ type: "user-joined", userId: "lou" });
  const joined = await lou.ask(...JOIN.kebab!("lobby"));
  assertEquals((joined.members as { userId?: string }[]).map(({ userId }) => userId).sort(), ["kim", "lou"]);
  await arrival;
  for (const [from, to] of [[kim, lou], [lou, kim]] as const) {
    from.say({ type: "message", roomId: "lobby", message: `from ${from.worker}` });
    const heard = await to.hear({ type: "message", message: `from ${from.worker}` });
    assertEquals(heard.id, (await from.hear({ type: "message", message: `from ${from.worker}` })).id);
  }
  kim.say({ type: "message", to: "lou", message: "to the user" });
  await lou.hear({ type: "message", message: "to the user", userId: "kim" });
  lou.say({ type: "message", to: kim.id, message: "to the connection" });
  await kim.hear({ type: "message", message: "to the connection", userId: "lou" });
  lou.close();
  await kim.hear({ type: "user-left", clientId: lou.id });
});

test("workers: each of them tells the figures of all, and the end is in good order", SLOW, async () => {
  await using server = await spawnServer({ env: { ...ENV, METRICS: "public" } });
  const [kim, lou] = await connectTwo(server, ["kim", "lou"]);
  for (const client of [kim, lou]) await client.ask(...JOIN.kebab!("lobby"));
  kim.say({ type: "message", roomId: "lobby", message: "counted" });
  await lou.hear({ type: "message", message: "counted" });
  await eventually(async () => {
    const all = await statusOfEach(server, 2);
    return all.every(({ stats }) => stats.active_connections === 2);
  });
  for (const { broker, stats } of await statusOfEach(server, 2)) {
    assertEquals([broker, stats.active_connections, stats.messages_processed], ["broadcast", 2, 1]);
    assertEquals(stats.total_rooms, 3, "the lobby, which is on both of them, and a room for each user");
  }
  const metrics = await (await get(server, "/metrics")).text();
  assertMatch(metrics, /^parley_connections 2$/m);
  assertMatch(metrics, /^parley_rooms 3$/m);
  assertMatch(metrics, /^parley_deliveries_total [2-9]$/m);
  server.signal("SIGTERM");
  for (const { socket } of [kim, lou]) assertEquals((await socket.closed).code, 1001);
  assertEquals(await server.exited, { code: 0, signal: null });
  assertStringIncludes(server.output(), `runtime=${RUNTIME} broker=broadcast workers=2`);
  assertMatch(server.output().trim().split("\n").at(-1)!, /INFO {2}stopped$/);
});

test("workers: a port that somebody else shares is refused, and named", SLOW, async () => {
  await using first = await spawnServer({ env: ENV });
  await using second = startServer({ env: { ...ENV, PORT: String(first.port) } });
  assertEquals(await second.exited, { code: 1, signal: null });
  assertMatch(second.output(), new RegExp(`ERROR cannot start reason="Cannot listen on .*${first.port}`));
});
