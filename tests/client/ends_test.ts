/**
 * The client against real servers that do not let it in, or send it away: it says why, and dials no more than helps.
 */
import { test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import NodeWebSocket from "ws";
import type { Client } from "../../src/client/client.ts";
import { type ClientOptions, createClient } from "../../src/client/mod.ts";
import type { SocketConstructor } from "../../src/client/platform.ts";
import type { Gap } from "../../src/client/room.ts";
import type { ServerOptions } from "../../src/mod.ts";
import { TestServer } from "../e2e/test_server.ts";
import { eventually, freePort } from "../harness.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { ADMIN_TOKEN, clientOf, CONNECT, startParley } from "./real_server.ts";

const SLOW = { timeout: 20_000 };
const QUICK = { backoff: { minMs: 10, maxMs: 20 } };

/** A client behind a proxy that counts its dials. */
async function dialler(options: Partial<ServerOptions>, clientOptions: (server: TestServer) => ClientOptions) {
  const server = await TestServer.open(options);
  const proxy = await FaultProxy.open(server.parley.port);
  const codes: string[] = [];
  const client = createClient(proxy.url(CONNECT), {
    ...QUICK,
    onError: ({ code }) => codes.push(code),
    ...clientOptions(server),
  });
  return {
    server: server,
    proxy,
    client,
    codes,
    async [Symbol.asyncDispose]() {
      client.close();
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function ended(client: Client, reason: string): Promise<void> {
  await eventually(() => client.status.state === "closed");
  assertEquals(client.status.reason, reason);
}

const NO_TOKENS: Record<
  string,
  [reason: string, token: (testServer: TestServer) => string | undefined, sentence: RegExp]
> = {
  "no token": ["unauthorized", () => undefined, /a valid token is needed/],
  "an expired token": ["token_expired", (server) => server.sign({ sub: "ann", exp: 1 }), /expired/],
  "a forged token": ["unauthorized", (server) => server.sign({ sub: "ann" }) + "x", /Invalid token/],
  "a token that is none": ["unauthorized", () => "gibberish", /Invalid token/],
};

for (const [name, [reason, tokenOf, sentence]] of Object.entries(NO_TOKENS)) {
  for (const isFunction of [false, true]) {
    test(`${name}${isFunction ? " of a function" : ""}: ${reason}, and no more dials than help`, SLOW, async () => {
      await using world = await dialler({}, (server) => ({
        token: isFunction ? () => tokenOf(server) : tokenOf(server),
      }));
      world.client.connect();
      await ended(world.client, reason);
      assertMatch(world.client.status.error!.message, sentence);
      assertEquals(world.proxy.accepted, isFunction ? 2 : 1);
    });
  }
}

test("a forbidden origin: origin, once", SLOW, async () => {
  class FromElsewhere extends NodeWebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { origin: "https://evil.test" });
    }
  }
  await using world = await dialler({ websocketAllowedOrigins: ["https://app.test"] }, () => ({
    token: () => world.server.token("ann"),
    platform: { WebSocket: FromElsewhere as unknown as SocketConstructor },
  }));
  world.client.connect();
  await ended(world.client, "origin");
  assertMatch(world.client.status.error!.message, /origin "https:\/\/evil.test" is not allowed/);
  assertEquals(world.proxy.accepted, 1);
});

async function remove(server: TestServer, method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(server.url(path), {
    method,
    headers: { "x-api-key": ADMIN_TOKEN, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assertEquals(answer.status, 200, await answer.text());
}

test("kicked and blocked are told apart, and a block says how long at the next try", SLOW, async () => {
  await using world = await dialler({ adminToken: ADMIN_TOKEN }, (server) => ({ token: () => server.token("ann") }));
  const { client, server: server } = world;
  client.connect();
  await eventually(() => client.isOpen);
  await remove(server, "DELETE", `/websocket/connections/${client.status.connectionId}`);
  await ended(client, "kicked");
  client.connect();
  await eventually(() => client.isOpen);
  await remove(server, "POST", "/websocket/users/ann/disconnect", {});
  await ended(client, "kicked");
  client.connect();
  await eventually(() => client.isOpen);
  await remove(server, "POST", "/websocket/users/ann/disconnect", { blockSeconds: 60 });
  await ended(client, "blocked");
  client.connect();
  await eventually(() => client.status.state === "closed");
  const { code, message, retryAfter } = client.status.error!;
  assertEquals(code, "blocked");
  assertMatch(message, /blocked for \d+ s more/);
  assert(retryAfter! > 50_000 && retryAfter! <= 60_000);
  assertEquals(world.proxy.accepted, 4);
});

test("a full server: full, and back when there is a place", SLOW, async () => {
  await using world = await dialler({ websocketMaxConnections: 1 }, (server) => ({ token: () => server.token("ann") }));
  const { client, server: server } = world;
  const other = await server.kebab();
  client.connect();
  await eventually(() => client.status.reason === "full");
  assertMatch(client.status.error!.message, /the limit of 1 connections is reached/);
  assert(client.status.retryAt! - Date.now() > 4000, "when the server says, and not before");
  other.close();
  await eventually(() => {
    client.connect();
    return client.isOpen;
  }, { everyMs: 100 });
  assertEquals(client.status.error, undefined);
});

test("too many attempts: rate, and back when the server says", SLOW, async () => {
  await using world = await dialler({ websocketConnectRate: 1, websocketConnectBurst: 1 }, (server) => ({
    token: () => server.token("ann"),
  }));
  await world.server.kebab();
  world.client.connect();
  await eventually(() => world.client.status.reason === "rate");
  await eventually(() => world.client.isOpen);
  assertEquals(world.proxy.accepted, 2);
});

test("a wrong path and a dead port: unreachable, both named, and tried again", SLOW, async () => {
  await using server = await TestServer.open();
  const port = await freePort();
  const urls = [server.ws("/websocket/conect"), `ws://127.0.0.1:${port}/websocket/connect`];
  const clients = urls.map((url) => createClient(url, { ...QUICK, token: () => server.token("ann") }));
  for (const [index, client] of clients.entries()) {
    client.connect();
    await eventually(() => client.status.attempt > 2);
    assertEquals(client.status.reason, "unreachable");
    const { host, pathname } = new URL(urls[index]);
    const { message } = client.status.error!;
    assert(message.includes(host) && message.includes(pathname), message);
  }
  await using _late = await TestServer.open({ ports: [port] });
  await eventually(() => clients[1].isOpen);
  for (const client of clients) client.close();
});

test("a burst at the start: 100 rooms and 200 follows are all known, and nobody is refused", SLOW, async () => {
  const limits = { websocketMessageRate: 50, websocketMessageBurst: 100, websocketByteRate: 262_144 };
  await using world = await dialler({ ...limits, websocketJoinRate: 10 }, (server) => ({
    token: () => server.token("ann"),
  }));
  const { presenceOf } = await import("../../src/client/presence.ts");
  const { client, codes } = world;
  const book = presenceOf(client);
  const users = Array.from({ length: 200 }, (_, n) => `user-${n}`);
  const rooms = Array.from({ length: 100 }, (_, n) => client.room(`room-${n}`));
  for (const user of users) book.follow(user);
  client.connect();
  await Promise.all(rooms.map(async (room) => {
    await room.join();
    await room.history(10);
  }));
  await eventually(() => users.every((user) => book.of(user)?.status === "offline"), { withinMs: 10_000 });
  assertEquals(codes, []);
});

test("a restart without its data: draining, then back, with a reset of what was read", SLOW, async () => {
  const port = `${await freePort()}`;
  let server = await startParley({ PORT: port });
  const client = clientOf("ann", server.ws(CONNECT));
  const reasons = new Set<string | undefined>();
  client.subscribe(() => reasons.add(client.status.reason));
  const gaps: Gap[] = [];
  client.on("gap", (gap) => gaps.push(gap));
  const room = client.room("lobby");
  client.connect();
  await room.join();
  await room.send("before");
  await eventually(() => room.messages.length === 1);
  await server.stop();
  server = await startParley({ PORT: port });
  try {
    await eventually(() => gaps.length === 1, { withinMs: 10_000 });
    assertEquals([gaps[0].reason, room.messages], ["reset", []]);
    assert(reasons.has("draining"), [...reasons].join());
    await room.send("after");
    await eventually(() => room.messages.length === 1);
  } finally {
    client.close();
    await server[Symbol.asyncDispose]();
  }
});
