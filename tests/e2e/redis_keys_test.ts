/** What stands in Redis: kept apart by name and by database, nothing left of silent rooms, and foreign values ignored. */
import { test } from "node:test";
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { Cluster } from "../../src/brokers/cluster/cluster.ts";
import { message } from "../contract/broker.ts";
import { eventually } from "../waiting.ts";
import { KEEP, startBroker } from "./redis_broker.ts";
import { RedisServer } from "./redis_server.ts";
import { SocketioClient } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const LONG = { timeout: 30_000 };
const WAIT = { withinMs: 15_000 };

async function keysOf(redis: RedisServer, pattern: string): Promise<string[]> {
  return [...(await redis.command(`KEYS ${pattern}`)).matchAll(/^\$\d+\r\n(.*)\r$/gm)].map(([, key]) => key!);
}

test("a user and a room of any names do not disturb each other", LONG, async () => {
  await using redis = await RedisServer.start();
  await using one = await startBroker(redis.url);
  const { broker, node } = one;
  const names = ["members", "users", "meta", "log", "events"];
  for (const user of names) await broker.presence.setStatus(user, { status: "busy", timestamp: 1 });
  for (const room of ["status", "nodes", "inbox", "node", ...names]) {
    await broker.subscribe(room);
    const member = node.connect(room);
    assertEquals((await broker.presence.enter(room, member)).members, 1, room);
    const { position } = await broker.publish({ room, event: message(node, room) }, KEEP);
    assertEquals(position?.offset, 1, room);
    await broker.presence.leave(room, member.connection);
  }
  for (const user of names) {
    await broker.presence.enter(`user:${user}`, node.connect(user));
    assertEquals((await broker.presence.status(user)).status, "busy", user);
  }
  assertEquals(broker.health(), { ok: true });
  assertEquals(node.invalidPayloads, 0);
});

test("databases of one Redis are clusters of their own, channels included", LONG, async () => {
  await using redis = await RedisServer.start();
  for (const sharded of ["auto", "on"] as const) {
    await using one = await startBroker(`${redis.url}/1`, { sharded, prefix: sharded });
    await using other = await startBroker(`${redis.url}/2`, { sharded, prefix: sharded });
    await using third = await startBroker(redis.url, { sharded, prefix: sharded });
    const all = [one, other, third];
    for (const { broker, node } of all) {
      await broker.subscribe("r");
      await broker.subscribe("user:ann");
      node.connect("ann");
    }
    await one.broker.publish({ room: "r", event: message(one.node, "r", 1) }, KEEP);
    await one.broker.publish({ room: "user:ann", event: message(one.node, "user:ann") });
    await one.broker.publish({ room: "*", event: { ...message(one.node, "x"), room: undefined } });
    assertEquals(await new Cluster(one.broker).execute({ do: "kick", user: "ann", reason: "x" }), 1);
    // What crossed over would have come before what each says to itself now.
    for (const { broker, node } of all) await broker.publish({ room: "r", event: message(node, "r", 2) }, KEEP);
    assertEquals(one.node.delivered.length, 4);
    for (const { node } of [other, third]) {
      assertEquals(node.delivered.map(({ room }) => room), ["r"]);
      assertEquals(node.orders.filter((order) => order.do === "kick"), []);
      assertEquals(node.messagesIn("r").map(({ position }) => position?.offset), [1]);
    }
  }
});

test("a guest leaves no status behind, and neither does who says that nothing is the matter", LONG, async () => {
  await using redis = await RedisServer.start();
  await using server = await TestServer.open({ redisUrl: redis.url, redisPrefix: "p" });
  const statuses = async () => (await keysOf(redis, "p*status*")).length;
  const say = { status: "busy", metadata: { text: "x".repeat(900) } };
  const guest = await new SocketioClient(server.url("")).connected();
  const user = await new SocketioClient(server.url(""), { auth: { token: await server.token("ann") } }).connected();
  for (const client of [guest, user]) client.say("setPresence", say);
  await eventually(async () => await statuses() === 2, WAIT);
  guest.socket.disconnect();
  await eventually(async () => await statuses() === 1, WAIT);
  user.say("setPresence", { status: "online" });
  await eventually(async () => await statuses() === 0, WAIT);
  user.socket.disconnect();
});

test("a room in which nothing was said leaves nothing behind", LONG, async () => {
  await using redis = await RedisServer.start();
  await using one = await startBroker(redis.url, { prefix: "p" });
  const { broker, node } = one;
  const reads = [{ limit: 5 }, { limit: 5, since: { epoch: "e", offset: 3 } }, {
    limit: 5,
    before: { epoch: "e", offset: 3 },
  }];
  for (const query of reads) await broker.history.read("looked-into", query);
  await broker.subscribe("silent");
  const [ann, bob] = [node.connect("ann"), node.connect("bob")];
  await broker.presence.enter("silent", ann);
  const { position } = await broker.history.read("silent", { limit: 0 });
  await broker.presence.enter("silent", bob);
  await broker.presence.leave("silent", ann.connection);
  await broker.publish({ room: "silent", event: { ...message(node, "silent"), room: "silent" } });
  assertEquals((await broker.history.read("silent", { limit: 0 })).position, position, "while somebody is in");
  await broker.presence.leave("silent", bob.connection);
  assertEquals(await keysOf(redis, "p:{*"), []);

  await broker.presence.enter("silent", ann);
  const again = await broker.history.read("silent", { limit: 5, since: position });
  assertEquals([again.recovered, again.messages], [false, []], "whether it was silent nobody knows any more");
  await broker.publish({ room: "silent", event: message(node, "silent") }, KEEP);
  assertEquals(node.eventsIn("silent").filter(({ kind }) => kind === "reset"), [], "nothing was lost");
  await broker.presence.leave("silent", ann.connection);
  assertEquals((await keysOf(redis, "p:{silent}:*")).sort(), ["p:{silent}:log", "p:{silent}:meta"]);
});

test("a publish that a reset stands for is confirmed, though no copy comes", LONG, async () => {
  await using redis = await RedisServer.start();
  await using one = await startBroker(redis.url, { prefix: "p" });
  const { broker, node } = one;
  await broker.subscribe("r");
  const first = await broker.publish({ room: "r", event: message(node, "r", 1) }, KEEP);
  await redis.command("DEL p:{r}:meta");
  const second = await broker.publish({ room: "r", event: message(node, "r", 2) }, KEEP);
  assertEquals([second.position?.offset, second.covered, first.covered], [1, true, undefined]);
  assertEquals(node.eventsIn("r").map(({ kind }) => kind), ["message", "reset"]);
  await broker.publish({ room: "r", event: message(node, "r", 3) }, KEEP);
  assertEquals(node.messagesIn("r").map(({ data }) => data), [1, 3]);
});

test("what one room keeps is bounded in bytes, and a page is no larger than what it is for", LONG, async () => {
  await using redis = await RedisServer.start();
  await using one = await startBroker(redis.url, { prefix: "p", historyRoomBytes: 1_000_000 });
  const { broker, node } = one;
  const keep = { size: 1_000, ttlMs: 60_000 };
  const text = "x".repeat(60_000);
  for (let n = 0; n < 60; n++) await broker.publish({ room: "r", event: message(node, "r", text) }, { keep });
  assertEquals(await redis.command("XLEN p:{r}:log"), ":16\r\n");
  const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(await redis.command("INFO stats"))![1]);
  const before = await sent();
  for (let n = 0; n < 20; n++) {
    const { messages } = await broker.history.read("r", {
      limit: 300,
      maxBytes: 128 * 1024,
      since: { epoch: "stale", offset: 1 },
    });
    assertEquals(messages.length, 2);
  }
  assertLess(await sent() - before, 20 * 128 * 1024 + 100_000);
});

test("a foreign value under any key is ignored, and counted", LONG, async () => {
  await using redis = await RedisServer.start();
  await using one = await startBroker(redis.url, { prefix: "p" });
  const { broker, node, lines } = one;
  const ann = node.connect("ann");
  await broker.subscribe("r");
  const commands: [foreign: string, use: () => unknown][] = [
    ["SET p:{r}:members x", () => broker.presence.enter("r", ann)],
    ["SET p:{r}:users x", () => broker.presence.leave("r", ann.connection)],
    ["SET p:{r}:members x", () => broker.presence.count("r")],
    ["LPUSH p:{r}:members x", () => broker.presence.roster("r", 5)],
    ["SET p:{r}:meta x", () => broker.publish({ room: "r", event: message(node, "r") }, KEEP)],
    ["SET p:{r}:log x", () => broker.publish({ room: "r", event: message(node, "r") }, KEEP)],
    ["XADD p:{r}:log 999999-1 a b", () => broker.publish({ room: "r", event: message(node, "r") }, KEEP)],
    ["LPUSH p:status:{status}:ann x", () => broker.presence.setStatus("ann", { status: "away", timestamp: 2 })],
    ["SET p:inbox:{ann}:unread x", () => broker.inbox.unread("ann")],
    ["SET p:groups:ann x", () => broker.grants.groups("ann")],
  ];
  for (const [at, [foreign, use]] of commands.entries()) {
    await redis.command(`DEL ${foreign.split(" ")[1]}`);
    await redis.command(foreign);
    await use();
    assert(node.invalidPayloads >= at + 1, foreign);
  }
  assertEquals((await broker.presence.status("bob")).status, "offline");
  assertMatch(lines.join("\n"), /ignored what came from Redis.*p:\{r\}:members/);
});

test("foreign values beside ours are ignored, and counted", LONG, async () => {
  await using redis = await RedisServer.start();
  await using one = await startBroker(redis.url, { prefix: "p" });
  const { broker, node } = one;
  const [ann, bob] = [node.connect("ann"), node.connect("bob")];
  await broker.presence.enter("user:ann", ann);
  await broker.presence.enter("r", ann);
  const foreign = [
    'HSET p:{r}:members one garbage two "lease user {garbage" three "lease user {}"',
    "HSET p:{r}:users g many uann several",
    "SET p:status:{status}:ann garbage",
    "HSET p:inbox:{ann}:notes n garbage m 9999999999999",
    "RPUSH p:inbox:{ann}:ids n m",
    "HSET p:groups:ann g garbage h 1",
    "SET p:block:ann garbage",
    "XADD p:{r}:log 1-1 a b",
  ];
  for (const command of foreign) await redis.command(command);
  const { list } = await broker.presence.roster("r", 10);
  assertEquals(list.map(({ user, status }) => [user, status]), [["ann", "online"]]);
  assertEquals((await broker.presence.enter("r", bob)).first, true);
  await broker.presence.leave("r", ann.connection);
  assertEquals((await broker.inbox.list("ann", { limit: 5 })).notifications, []);
  assertEquals(await broker.grants.groups("ann"), { h: true });
  assertEquals(await broker.grants.blockedFor("ann"), 0);
  assertEquals(await broker.presence.setStatus("ann", { status: "away", timestamp: 1 }), true);
  assertEquals((await broker.history.read("r", { limit: 5 })).messages, []);
  assertEquals((await broker.publish({ room: "r", event: message(node, "r") }, KEEP)).position?.offset, 1);
  assert(node.invalidPayloads >= 6, `${node.invalidPayloads}`);
});

test("a call that can never succeed is dropped and counted, and repair goes on", LONG, async () => {
  // Without this command nobody's leave can ever succeed.
  await using redis = await RedisServer.start({ args: ["--rename-command", "HDEL", ""] });
  await using one = await startBroker(redis.url);
  const { broker, node, lines } = one;
  const [ann, bob] = [node.connect("ann"), node.connect("bob")];
  for (const member of [ann, bob]) await broker.presence.enter("r", member);
  await broker.presence.leave("r", ann.connection);
  // Now everything has to be entered again under another lease, after that one.
  await redis.command("DEL parley:nodes:{nodes}:leases");
  await eventually(() => node.invalidPayloads > 0, WAIT);
  const underNewLease = async () => (await redis.command(`HGET parley:{r}:members ${bob.connection}`)).includes(".2 ");
  await eventually(async () => broker.health().ok && await underNewLease(), WAIT);
  assertMatch(lines.join("\n"), /a call was dropped/);
});
