/** A Redis broker that cannot start, starts late, or finds invalid on its channels. */
import { mkdtempSync, rmSync } from "node:fs";
import net, { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { OutageLog } from "../../src/brokers/cluster/outage_log.ts";
import { ParleyError } from "../../src/errors.ts";
import { Cluster } from "../../src/brokers/cluster/cluster.ts";
import { createLog } from "../../src/log.ts";
import { message } from "../contract/broker.ts";
import { FakeNode } from "../fakes.ts";
import { signedFiles } from "../self_signed.ts";
import { freePort, RUNTIME, type ServerProcess, spawnServer, startServer } from "../server_process.ts";
import { eventually } from "../waiting.ts";
import { brokerOf, KEEP } from "./redis_broker.ts";
import { RedisCluster, RedisServer } from "./redis_server.ts";

const LONG = { timeout: 30_000 };
const WAIT = { withinMs: 15_000 };

async function readiness({ url }: ServerProcess): Promise<number> {
  const response = await fetch(`${url}/readyz`);
  await response.body?.cancel();
  return response.status;
}

async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => call, ParleyError);
  return error.code;
}

test("a URL that is none is refused at once", () => {
  assertThrows(() => brokerOf("http://somewhere"), ParleyError, "REDIS_URL");
});

test("a wrong password, or a missing one, is said and not tried again", LONG, async () => {
  await using redis = await RedisServer.start({ args: ["--requirepass", "right"], password: "right" });
  for (const url of [redis.url.replace("//", "//:wrong@"), redis.url]) {
    const { broker, lines } = brokerOf(url);
    const error = await assertRejects(
      () => broker.start(new FakeNode()),
      ParleyError,
      `Redis at 127.0.0.1:${redis.port}`,
    );
    assertFalse(error.message.includes("wrong@"));
    assertMatch(error.message, /WRONGPASS|NOAUTH/);
    assertEquals(lines, [], "a refusal for good is not followed by another try");
  }
  const { broker } = brokerOf(redis.url.replace("//", "//:right@"));
  await broker.start(new FakeNode());
  assertEquals(broker.health(), { ok: true });
  await broker.close();
});

test("a server that refuses Redis for good ends with a clear line", LONG, async () => {
  await using redis = await RedisServer.start({ args: ["--requirepass", "right"], password: "right" });
  const env = { PORT: `${await freePort()}`, HOST: "127.0.0.1", REDIS_URL: redis.url };
  const server = startServer({ env, runtime: RUNTIME });
  const { code } = await server.exited;
  assertEquals(code, 1);
  assertFalse(server.output().includes("trying again"));
  assertMatch(server.output(), /Cannot use Redis at 127\.0\.0\.1:\d+: NOAUTH/);
});

test("a Redis that is too old is refused", LONG, async () => {
  await using old = await pretend("redis_version:5.0.14\r\nredis_mode:standalone\r\nloading:0\r\n");
  const { broker } = brokerOf(`redis://127.0.0.1:${old.port}`);
  await assertRejects(() => broker.start(new FakeNode()), ParleyError, "Cannot use Redis 5.0.14: 6.2");
});

test("a Redis that is still reading its data is asked once a second", LONG, async () => {
  const info = "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\nloading:1\r\nloading_eta_seconds:0\r\n";
  await using loading = await pretend(info);
  const { broker, lines } = brokerOf(`redis://127.0.0.1:${loading.port}`);
  const since = performance.now();
  await broker.start(new FakeNode());
  await eventually(() => loading.asked() >= 4, WAIT);
  assertGreater(performance.now() - since, 2_900);
  assertMatch(broker.health().detail ?? "", /LOADING/);
  assertMatch(lines.join("\n"), /Redis does not answer.*LOADING/);
  await broker.close();
});

test("where Redis is stays in the log: clients and who asks for the status are not told", LONG, async () => {
  const port = await freePort();
  const { broker, lines } = brokerOf(`redis://127.0.0.1:${port}`);
  const node = new FakeNode();
  await broker.start(node);
  const error = await assertRejects(() => broker.publish({ room: "r", event: message(node, "r") }), ParleyError);
  assertEquals(error.message, "Cannot reach the other nodes: Redis is away or refuses");
  assertMatch(lines.join("\n"), new RegExp(`127\\.0\\.0\\.1:${port}`));
  await broker.close();
  assertFalse(lines.join("\n").includes("    at "), "an expected refusal has no stack");

  const env = { HOST: "127.0.0.1", REDIS_URL: `redis://127.0.0.1:${port}` };
  await using server = await spawnServer({ env });
  for (const path of ["/status", "/readyz"]) {
    const response = await fetch(`${server.url}${path}`);
    assertEquals(response.status, 503);
    assertMatch(await response.text(), /"The broker is away, the log says why"/);
  }
});

test("a Redis that is not there yet is waited for, and all calls are refused meanwhile", LONG, async () => {
  const port = await freePort();
  const node = new FakeNode();
  const { broker, lines } = brokerOf(`redis://127.0.0.1:${port}`);
  await broker.start(node);
  assertEquals(broker.health().ok, false);
  assertMatch(broker.health().detail ?? "", /ECONNREFUSED|closed/);
  const event = message(node, "r");
  const calls = [
    () => broker.publish({ room: "r", event }),
    () => Promise.resolve(broker.subscribe("r")),
    () => Promise.resolve(broker.presence.enter("r", node.connect("ann"))),
    () => Promise.resolve(broker.history.read("r", { limit: 1 })),
    () => Promise.resolve(broker.inbox.unread("ann")),
    () => Promise.resolve(broker.grants.groups("ann")),
    () => Promise.resolve(new Cluster(broker).rooms({ limit: 1 })),
  ];
  for (const call of calls) assertEquals(await refusal(call()), "unavailable");
  await broker.unsubscribe("r");
  await broker.presence.leave("r", "nobody");
  assertMatch(lines.join("\n"), /Redis does not answer/);
  await using _redis = await RedisServer.start({ port });
  await eventually(() => broker.health().ok, WAIT);
  await eventually(() => lines.some((line) => line.includes("Redis answers again")), WAIT);
  await broker.subscribe("r");
  await broker.publish({ room: "r", event });
  assertEquals(node.messagesIn("r").length, 1);
  await broker.close();
});

test("a server whose Redis is not there starts, is not ready, and becomes it", LONG, async () => {
  const port = await freePort();
  await using server = await spawnServer({ env: { HOST: "127.0.0.1", REDIS_URL: `redis://127.0.0.1:${port}` } });
  assertEquals(await readiness(server), 503);
  assertMatch(server.output(), /Redis does not answer/);
  await using _redis = await RedisServer.start({ port });
  await eventually(async () => await readiness(server) === 200, WAIT);
});

test("a Redis behind TLS is reached by its address, once its certificate is trusted", LONG, async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-"));
  try {
    const { cert, key, authority } = signedFiles(folder);
    const tlsPort = await freePort();
    const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", authority];
    const args = ["--tls-port", `${tlsPort}`, "--tls-auth-clients", "no", ...files];
    await using _redis = await RedisServer.start({ args });
    const env = { HOST: "127.0.0.1", REDIS_URL: `rediss://127.0.0.1:${tlsPort}` };
    await using trusting = await spawnServer({ env: { ...env, NODE_EXTRA_CA_CERTS: authority } });
    await eventually(async () => await readiness(trusting) === 200, WAIT);
    await using doubting = await spawnServer({ env });
    assertEquals(await readiness(doubting), 503);
    assertMatch(doubting.output(), /WARN {2}Redis does not answer.*certificate/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a server that looks for TLS where there is none starts, and says that Redis does not answer", LONG, async () => {
  await using redis = await RedisServer.start();
  const env = { HOST: "127.0.0.1", REDIS_URL: redis.url.replace("redis:", "rediss:") };
  await using server = await spawnServer({ env });
  assertEquals(await readiness(server), 503);
  assertMatch(server.output(), /WARN {2}Redis does not answer, trying again redis=127\.0\.0\.1:\d+ reason=/);
});

test("a connecting that throws is tried again like one that fails", LONG, async () => {
  await using redis = await RedisServer.start();
  const connecting = mock.method(net, "createConnection", () => {
    throw new Error("no connection today");
  });
  const { broker, lines } = brokerOf(redis.url);
  await broker.start(new FakeNode());
  assertMatch(lines.join("\n"), /Redis does not answer.*no connection today/);
  connecting.mock.restore();
  await eventually(() => broker.health().ok, WAIT);
  await broker.close();
});

test("while Redis is away the log repeats it every half a minute, and not after the end", () => {
  const lines: string[] = [];
  let nowMs = 0;
  const log = createLog({ level: "info", write: (line) => lines.push(line) });
  const outages = new OutageLog(log, { name: "Redis", where: "somewhere" }, () => nowMs);
  outages.remind();
  assertEquals(lines, []);
  outages.note(new Error("gone"));
  for (; nowMs < 90_000; nowMs += 1_000) outages.remind();
  assertEquals(lines.length, 3);
  nowMs += 30_000;
  outages.close();
  outages.note(new Error("closed"));
  assertEquals(lines.length, 3);
});

test("one node of a Redis Cluster is enough to find the others", LONG, async () => {
  await using redis = await RedisCluster.start();
  const node = new FakeNode();
  const { broker } = brokerOf(redis.masters[0]!.url);
  await broker.start(node);
  await eventually(() => broker.health().ok, WAIT);
  for (const room of ["a", "b", "c", "d", "e", "f"]) {
    await broker.subscribe(room);
    await broker.publish({ room, event: message(node, room) }, KEEP);
    assertEquals(node.messagesIn(room).length, 1);
  }
  await broker.close();
});

test("invalid on the channels are counted and disturb nobody", LONG, async () => {
  await using redis = await RedisServer.start();
  const node = new FakeNode();
  const { broker, lines } = brokerOf(redis.url);
  await broker.start(node);
  await broker.subscribe("r");
  const { position } = await broker.publish({ room: "r", event: message(node, "r", 1) }, KEEP);
  const { epoch } = position!;
  const payloads = [
    "hello",
    `"- 0 id nonsense"`,
    `"- 0 id {\\"v\\":1,\\"room\\":\\"other\\"}"`,
    `"- 0 id {\\"v\\":2,\\"room\\":\\"r\\",\\"event\\":{}}"`,
    `"${epoch} 99 id {}"`,
    `"otherepoch 1 id {}"`,
  ];
  for (const payload of payloads) await redis.command(`PUBLISH parley:{r}:events ${payload}`);
  for (
    const payload of [
      "hello",
      `"{\\"v\\":1}"`,
      `"{\\"v\\":1,\\"id\\":\\"x\\",\\"from\\":\\"y\\",\\"what\\":\\"drop\\",\\"query\\":{}}"`,
    ]
  ) {
    await redis.command(`PUBLISH parley:control:* ${payload}`);
  }
  await eventually(() => node.invalidPayloads >= payloads.length + 3, WAIT);
  await broker.publish({ room: "r", event: message(node, "r", 2) }, KEEP);
  assertEquals(node.messagesIn("r").map(({ data }) => data), [1, 2]);
  assertEquals(node.eventsIn("r").length, 2);
  assertMatch(lines.join("\n"), /ignored what came from Redis/);
  await broker.close();
});

test("nodes of another prefix are another cluster", LONG, async () => {
  await using redis = await RedisServer.start();
  const [one, other] = [new FakeNode(), new FakeNode()];
  const brokers = [brokerOf(redis.url, { prefix: "one" }).broker, brokerOf(redis.url, { prefix: "other" }).broker];
  await Promise.all([brokers[0]!.start(one), brokers[1]!.start(other)]);
  for (const broker of brokers) await broker.subscribe("r");
  await brokers[0]!.publish({ room: "r", event: message(one, "r") }, KEEP);
  await brokers[1]!.publish({ room: "r", event: message(other, "r") }, KEEP);
  assertEquals([one.messagesIn("r").length, other.messagesIn("r").length], [1, 1]);
  for (const broker of brokers) await broker.close();
});

test("every key has the prefix and an expiry", LONG, async () => {
  await using redis = await RedisServer.start();
  const node = new FakeNode();
  const { broker } = brokerOf(redis.url, { prefix: "p" });
  await broker.start(node);
  const ann = node.connect("ann");
  await broker.subscribe("r");
  await broker.presence.enter("user:ann", ann);
  await broker.presence.enter("r", ann);
  await broker.presence.enter("r", node.connect());
  await broker.presence.setStatus("ann", { status: "busy", timestamp: 1 });
  await broker.publish({ room: "r", event: message(node, "r") }, { ...KEEP, once: { sender: "ann", key: "k" } });
  await broker.history.read("empty", { limit: 0 });
  await broker.inbox.add("ann", { id: "n", read: false, createdAt: "2026-01-01T00:00:00Z" });
  await broker.grants.setGroup("ann", "g", true);
  await broker.grants.block("ann", 60_000);
  const keys = [...(await redis.command("KEYS *")).matchAll(/^\$\d+\r\n(.*)\r$/gm)].map(([, key]) => key!);
  assert(keys.length >= 15, keys.join(" "));
  for (const key of keys) {
    assert(key.startsWith("p:"), key);
    assertMatch(await redis.command(`PTTL ${key}`), /^:[1-9]/, key);
  }
  await broker.close();
  assertEquals((await redis.command("KEYS p:*members")).trim(), "*0", "a close takes the members along");
});

/** Something that answers INFO as a Redis would, and says OK to everything else. */
async function pretend(info: string): Promise<AsyncDisposable & { port: number; asked(): number }> {
  let asked = 0;
  const server = createServer((socket) => {
    asked++;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      for (const [, command] of String(chunk).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        const reply = command!.toLowerCase() === "info" ? `$${info.length}\r\n${info}\r\n` : "+OK\r\n";
        socket.write(reply);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The pretender does not listen");
  return {
    port: address.port,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
