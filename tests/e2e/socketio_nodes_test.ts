/**
 * Socket.IO over two nodes: what polling needs of the load balancer in front, and what is said where it does not do it.
 */
import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../harness.ts";
import { NginxServer } from "./nginx_server.ts";
import { RedisServer } from "./redis_server.ts";
import { type ClientOptions, SocketioClient, TRANSPORTS } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 60_000 };
const POLL = "/socket.io/?EIO=4&transport=polling";
const conversationId = "lobby";

async function openNode(redis: RedisServer): Promise<TestServer> {
  const server = await TestServer.open({ redisUrl: redis.url, broker: "redis", trustProxy: 1 });
  await eventually(async () => (await fetch(server.url("/readyz"))).ok);
  return server;
}

async function sessionAt(url: string): Promise<string> {
  const answer = await fetch(url);
  return JSON.parse((await answer.text()).slice(1)).sid;
}

function warnings(server: TestServer): string[] {
  return server.log.filter((line) => line.includes("WARN") && line.includes("Socket.IO"));
}

test("behind the nginx of deploy/nginx.conf all transports work over two nodes", SLOW, async () => {
  await using redis = await RedisServer.start();
  await using one = await openNode(redis);
  await using two = await openNode(redis);
  await using nginx = await NginxServer.start([one.parley.port, two.parley.port]);
  const clients: SocketioClient[] = [];
  const open = async (url: string, options: ClientOptions) => {
    const client = new SocketioClient(url, options);
    clients.push(client);
    await client.connected();
    assert((await client.ask("joinConversation", { conversationId })).ok);
    return client;
  };
  try {
    // Nobody's requests can be told to go there: whoever is behind nginx has one node, and these have each of them.
    for (const node of [one, two]) await open(node.url(""), { transports: ["websocket"] });
    for (const transports of Object.values(TRANSPORTS)) await open(nginx.url(""), { transports });
    for (const [n, client] of clients.entries()) {
      assert((await client.ask("sendMessage", { conversationId, content: `hello from ${n}` })).ok);
    }
    for (const client of clients) {
      for (const n of clients.keys()) await client.hear("newMessage", ({ content }) => content === `hello from ${n}`);
    }
    const addresses = [one, two].flatMap(({ parley: server }) =>
      server.getRoom(conversationId).map(({ address }) => address)
    );
    assertEquals(addresses, Array.from({ length: 5 }, () => "127.0.0.1"));
  } finally {
    for (const client of clients) client.close();
  }
  assertEquals([warnings(one), warnings(two)], [[], []]);
});

test("where requests of one session reach several nodes, the answer and one warning name the cause", SLOW, async () => {
  await using redis = await RedisServer.start();
  await using one = await openNode(redis);
  await using two = await openNode(redis);
  await using nginx = await NginxServer.start(
    [one.parley.port, two.parley.port],
    (text) => text.replace("hash $remote_addr consistent;", ""),
  );
  // In turn, and the first two requests are for one session.
  const stray = await eventually(async () => {
    const sid = await sessionAt(nginx.url(POLL));
    const answer = await fetch(nginx.url(`${POLL}&sid=${sid}`), { method: "POST", body: "40" });
    const text = await answer.text();
    return answer.status === 400 && { sid, text };
  });
  const { code, message } = JSON.parse(stray.text);
  assertEquals(code, 1);
  assertStringIncludes(message, "Session ID unknown: another node began the session");
  assertStringIncludes(message, "load balancer");
  const warned = () => [...warnings(one), ...warnings(two)];
  const [warning] = await eventually(() => warned().length > 0 && warned());
  assertStringIncludes(warning!, "docs/socketio.md");

  for (const [from, to] of [[one, two], [two, one]] as const) {
    for (let n = 0; n < 3; n++) {
      const sid = await sessionAt(from.url(POLL));
      const answer = await fetch(to.url(`${POLL}&sid=${sid}`));
      assertEquals(answer.status, 400);
      assertStringIncludes((await answer.json()).message, "another node");
    }
  }
  await eventually(() => warnings(one).length === 1 && warnings(two).length === 1);
});

test("a session that is over, or nobody's, is unknown and no more is said", SLOW, async () => {
  await using redis = await RedisServer.start();
  await using node = await openNode(redis);
  const sid = await sessionAt(node.url(POLL));
  await (await fetch(node.url(`${POLL}&sid=${sid}`), { method: "POST", body: "1" })).body?.cancel();
  const dead = sid.slice(0, -14) + "A".repeat(14);
  const messages = await Promise.all([sid, "A".repeat(20), dead].map(async (each) => {
    return (await (await fetch(node.url(`${POLL}&sid=${each}`))).json()).message as string;
  }));
  assertEquals(messages.slice(0, 2), ["Session ID unknown", "Session ID unknown"]);
  assertStringIncludes(messages[2]!, "before it was restarted");
  await eventually(() => node.log.some((line) => line.includes("that no node has")));
  assertEquals(warnings(node), []);
});
