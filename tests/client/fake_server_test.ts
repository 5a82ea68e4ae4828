/**
 * What programs are tested with: the client comes through cuts with the fake server as with the real one, and what the
 * fake one can be told to do reaches the client as what it is.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Client, createClient } from "../../src/client/client.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import type { SocketLike } from "../../src/client/platform.ts";
import { FakeServer, type FakeServerOptions } from "../../src/client/testing.ts";
import { TestServer } from "../e2e/test_server.ts";
import { eventually } from "../harness.ts";
import { FaultProxy } from "./fault_proxy.ts";

const URL_OF_FAKE = "wss://parley.test/websocket/connect";

// ---- with both ----

interface EitherServer extends AsyncDisposable {
  clientOf(user: string): Client;
  /** Cuts everybody. */
  cut(): void;
  until(isTrue: () => boolean): Promise<unknown>;
}

const QUICK: ClientOptions = { backoff: { minMs: 20, maxMs: 100 } };

function fakeServer(): EitherServer {
  const server = new FakeServer();
  return {
    clientOf: (user) => createClient(URL_OF_FAKE, { ...QUICK, token: () => user, platform: server.platform }),
    cut: () => server.cut(),
    until: (isTrue) =>
      eventually(async () => {
        await server.advance(20);
        return isTrue();
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function realServer(): Promise<EitherServer> {
  const server = await TestServer.open();
  const proxy = await FaultProxy.open(server.parley.port);
  return {
    clientOf: (user) => createClient(proxy.url("/websocket/connect"), { ...QUICK, token: () => server.token(user) }),
    cut: () => proxy.cut(),
    until: (isTrue) => eventually(isTrue),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function joined(server: EitherServer, ...users: string[]) {
  const clients = users.map((user) => server.clientOf(user));
  for (const client of clients) {
    client.connect();
    client.room("lobby").retain();
  }
  await server.until(() => clients.every((client) => client.room("lobby").members.length === users.length));
  return clients;
}

for (const [kind, open] of Object.entries({ fake: fakeServer, real: realServer })) {
  test(`${kind} server: cuts lose and double nothing, and what waited arrives once`, async () => {
    await using server = await open();
    const [ann, bob] = await joined(server, "ann", "bob");
    const gaps: unknown[] = [];
    for (const client of [ann!, bob!]) client.on("gap", (gap) => gaps.push(gap));
    const said: Promise<unknown>[] = [];
    for (let n = 0; n < 20; n++) {
      said.push(ann!.room("lobby").send(`${n}`));
      if (n % 3 === 0) await server.until(() => ann!.isOpen && bob!.isOpen);
      if (n % 3 === 1) server.cut();
    }
    let isAllSaid = false;
    void Promise.all(said).then(() => isAllSaid = true);
    const texts = (client: Client) => client.room("lobby").messages.map(({ data }) => data.text);
    await server.until(() => isAllSaid && [ann!, bob!].every((client) => texts(client).length >= 20));
    for (const client of [ann!, bob!]) assertEquals(texts(client), Array.from({ length: 20 }, (_, n) => `${n}`));
    await server.until(() => bob!.room("lobby").members.length === 2);
    assertEquals(gaps, []);
    for (const client of [ann!, bob!]) client.close();
  });

  test(`${kind} server: who comes, goes and is away is seen by the others`, async () => {
    await using server = await open();
    const [ann, bob] = await joined(server, "ann", "bob");
    void ann!.request({ type: "presence", data: { status: "away" } });
    const statusOfAnn = () => bob!.room("lobby").members.find((member) => member.user_id === "ann")?.status;
    await server.until(() => statusOfAnn() === "away");
    void ann!.room("lobby").signal("typing_start");
    await server.until(() => bob!.room("lobby").getSnapshot().typing.includes("ann"));
    ann!.close();
    await server.until(() => bob!.room("lobby").members.length === 1);
    bob!.close();
  });
}

// ---- what it can be told to do ----

/** A server, and a client of Ann's in the lobby. */
async function inLobby(options: FakeServerOptions = {}, clientOptions: ClientOptions = {}) {
  const server = new FakeServer(options);
  const { platform } = server;
  const codes: string[] = [];
  const onError = ({ code }: { code: string }) => void codes.push(code);
  const client = createClient(URL_OF_FAKE, { token: () => server.tokenOf("ann"), onError, platform, ...clientOptions });
  const room = client.room("lobby");
  client.connect();
  room.retain();
  await server.advance(10 * (options.latencyMs ?? 0));
  assert(room.getSnapshot().isJoined);
  return { server, client, room, codes };
}

const texts = ({ messages }: { messages: readonly { data: { text?: string } }[] }) =>
  messages.map(({ data }) => data.text);

test("fake server: nothing happens until the clock is turned", async () => {
  const server = new FakeServer({ startAt: 1000 });
  const client = createClient(URL_OF_FAKE, { token: "ann", platform: server.platform });
  client.connect();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([client.status.state, server.now, server.connections.length], ["connecting", 1000, 0]);
  await server.advance();
  assertEquals([client.status.state, server.connections[0]?.user], ["open", "ann"]);
  await server.advance(500);
  assertEquals(server.now, 1500);
});

test("fake server: a cut takes what is under way, one user's or everybody's", async () => {
  const { server, client, room } = await inLobby({ latencyMs: 100 });
  const sent = room.send("hi");
  await server.advance(50);
  server.cut("bob");
  assert(client.isOpen);
  server.cut("ann");
  assertEquals([client.status.state, server.messages("lobby").length], ["reconnecting", 0]);
  await server.advance(60_000);
  await sent;
  assertEquals([texts(room), texts({ messages: server.messages("lobby") })], [["hi"], ["hi"]]);
});

test("fake server: a token that expires is asked for anew, and one that is not ends the connection", async () => {
  const asked: number[] = [];
  const server: FakeServer = new FakeServer();
  const token = () => (asked.push(server.now), server.tokenOf("ann", { expiresInMs: 60_000 }));
  const renewing = createClient(URL_OF_FAKE, { token, platform: server.platform });
  const fixed = createClient(URL_OF_FAKE, { token: token(), platform: server.platform });
  for (const client of [renewing, fixed]) client.connect();
  await server.advance(300_000);
  assert(asked.length > 4);
  assertEquals([renewing.status.state, fixed.status.state, fixed.status.reason], ["open", "closed", "token_expired"]);
});

test("fake server: it goes away, nobody answers, it is back with all it kept", async () => {
  const { server, client, room } = await inLobby();
  server.publish("lobby", "before");
  await server.advance();
  server.stop();
  await server.advance();
  assertEquals([client.status.state, server.connections], ["reconnecting", []]);
  await server.advance(120_000);
  assertEquals(client.status.state, "reconnecting");
  server.publish("lobby", "meanwhile");
  server.start();
  await server.advance(60_000);
  assertEquals(texts(room), ["before", "meanwhile"]);
});

test("fake server: when it has forgotten, rooms start over and say so", async () => {
  const { server, client, room } = await inLobby();
  const gaps: string[] = [];
  client.on("gap", (gap) => gaps.push(gap.room));
  server.publish("lobby", "lost");
  await server.advance();
  server.forget();
  await server.advance();
  server.publish("lobby", "new");
  await server.advance();
  assertEquals([gaps, texts(room)], [["lobby"], ["new"]]);
});

test("fake server: history of a size covers an absence of that size", async () => {
  const { server, client, room } = await inLobby({ historySize: 2 });
  const gaps: unknown[] = [];
  client.on("gap", (gap) => gaps.push(gap));
  for (const more of [2, 3]) {
    server.cut();
    for (let n = 0; n < more; n++) server.publish("lobby", `${more}.${n}`);
    await server.advance(60_000);
  }
  assertEquals([gaps.length, texts(room)], [1, ["3.1", "3.2"]]);
});

test("fake server: a kicked user stays away, and a blocked one is not let in until then", async () => {
  const { server, client } = await inLobby();
  server.kick("ann", { blockedForMs: 5000 });
  await server.advance(1000);
  assertEquals([client.status.state, server.connections.length], ["closed", 0]);
  client.connect();
  await server.advance(1000);
  assertEquals(server.connections.length, 0);
  client.close();
  await server.advance(5000);
  client.connect();
  await server.advance();
  assert(client.isOpen);
});

test("fake server: whom it turns away it lets in again", async () => {
  const { server, client } = await inLobby();
  server.refuse("full", { retryAfterMs: 1000 });
  server.cut();
  await server.advance(120_000);
  assertEquals(client.status.state, "reconnecting");
  server.admit();
  await server.advance(60_000);
  assert(client.isOpen);
});

test("fake server: without a network nobody tries, with it everybody comes back", async () => {
  const { server, client } = await inLobby();
  server.setOffline(true);
  assertEquals([client.status.state, client.status.reason], ["reconnecting", "offline"]);
  await server.advance(600_000);
  assertEquals(client.status.attempt, 0);
  server.setOffline(false);
  await server.advance(5000);
  assert(client.isOpen);
});

test("fake server: while the machine sleeps nothing happens, and when it wakes it is noticed", async () => {
  const { server, client } = await inLobby();
  server.stop();
  server.sleep(3_600_000);
  assert(client.isOpen);
  await server.advance();
  assertEquals(client.status.state, "reconnecting");
});

test("fake server: rooms are open to whom the test lets in", async () => {
  const { server, client } = await inLobby({ mayJoin: (user, room) => `${user}:${room}` !== "ann:cellar" });
  const refused = client.room("cellar").join().catch(({ code }) => code);
  const entered = client.room("attic").join();
  await server.advance();
  assertEquals([await refused, await entered], ["forbidden", undefined]);
  assertEquals(server.connections[0]?.rooms, ["user:ann", "lobby", "attic"]);
});

test("fake server: an event of the application's reaches a room, or a user", async () => {
  const { server, client } = await inLobby();
  const heard: unknown[] = [];
  client.on("price", (data, { room }) => heard.push([room, data]));
  server.tell({ room: "lobby" }, "price", 1);
  server.tell({ user: "ann" }, "price", 2);
  server.tell({ user: "bob" }, "price", 3);
  await server.advance();
  assertEquals(heard, [["lobby", 1], ["user:ann", 2]]);
});

test("fake server: a frame over the limit closes the connection", async () => {
  const server = new FakeServer();
  const Socket = server.platform.WebSocket as new (url: string, protocols: string[]) => SocketLike;
  const socket = new Socket(URL_OF_FAKE, ["parley.bearer.ann"]);
  const ends: number[] = [];
  socket.onclose = ({ code }) => ends.push(code);
  await server.advance();
  socket.send(`"${"x".repeat(65_536)}"`);
  await server.advance();
  assertEquals(ends, [1009]);
});
