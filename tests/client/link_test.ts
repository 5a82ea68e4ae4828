/**
 * The state machine of the connection, every close code, and what a page's events do to it, in a fake world.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { backoffMs } from "../../src/client/backoff.ts";
import { DEFAULTS } from "../../src/client/options.ts";
import { settled } from "./fake_platform.ts";
import { idleClient, openClient } from "./fixture.ts";

test("backoff: full jitter from the first try, doubling to the bound", () => {
  const at = (random: number, more = {}) => (attempt: number) => backoffMs(attempt, random, { ...DEFAULTS, ...more });
  assertEquals([0, 1, 2, 4, 5, 20].map(at(0.5)), [500, 1000, 2000, 8000, 15_000, 15_000]);
  assertEquals(at(0)(3), 0);
  assertEquals([0, 1, 2, 3, 4].map(at(0.1, { jitter: false })), [1000, 2000, 4000, 8000, 16_000]);
});

test("nothing happens before connect, then: idle, connecting, open", async () => {
  const { client, platform } = idleClient();
  const states: string[] = [];
  client.subscribe(() => states.push(client.getSnapshot().state));
  assertEquals(client.status, { state: "idle", attempt: 0 });
  assertEquals(platform.sockets.length, 0);
  client.connect();
  client.connect();
  await settled();
  assertEquals(platform.sockets.length, 1);
  platform.socket.greet("c9");
  assertEquals(states, ["connecting", "open"]);
  assertEquals(client.status.connectionId, "c9");
  assertEquals(client.status.userId, "u1");
});

test("the URL: http becomes ws; the token rides in a subprotocol and stands in no URL", async () => {
  const { platform } = await openClient({ token: () => Promise.resolve("t.1") });
  assertEquals(platform.socket.url.href, "wss://chat.test/websocket/connect");
  assertEquals(platform.socket.protocols, ["parley.envelope", "parley.refusal", "parley.bearer.t.1"]);
  const { platform: other } = await openClient();
  assertEquals(other.socket.protocols, ["parley.envelope", "parley.refusal"], "a cookie says who it is");
});

test("a lost connection comes back, and the attempts start over only after a good one", async () => {
  const { client, platform, codes } = await openClient();
  platform.socket.drop();
  const { state, attempt, reason, retryAt } = client.status;
  assertEquals([state, attempt, reason, retryAt], ["reconnecting", 1, "disconnected", 500]);
  await platform.advance(499);
  assertEquals(platform.sockets.length, 1);
  await platform.advance(1);
  assertEquals(platform.sockets.length, 2);
  platform.socket.drop();
  assertEquals(client.status.attempt, 2);
  await platform.advance(1000);
  platform.socket.greet();
  platform.socket.drop();
  assertEquals(client.status.attempt, 3, "a connection that lived for no time changes nothing");
  await platform.advance(2000);
  platform.socket.greet();
  await platform.advance(5000);
  platform.socket.drop();
  assertEquals(client.status.attempt, 1);
  assertEquals(codes(), ["disconnected", "unreachable", "disconnected", "disconnected"]);
});

test("1001 is followed soon, however short the connection was", async () => {
  const { client, platform } = await openClient();
  for (let round = 0; round < 3; round++) {
    platform.socket.drop(1001);
    assertEquals(client.status.attempt, 1);
    await platform.advance(500);
    platform.socket.greet();
  }
  assertEquals(client.status.state, "open");
});

for (const code of [1000, 1006, 1009, 1011, 1012, 1013, 4408, 4409, 4429]) {
  test(`close code ${code}: the client comes back`, async () => {
    const { client, platform } = await openClient();
    platform.socket.drop(code);
    assertEquals(client.status.state, "reconnecting");
    await platform.advance(1000);
    platform.socket.greet("c2");
    assertEquals(client.status.connectionId, "c2");
  });
}

for (const [code, reason] of [[4403, "kicked"], [1008, "refused"], [4401, "token_expired"]] as const) {
  test(`close code ${code}: closed as ${reason}, and never again`, async () => {
    const { client, platform, codes } = await openClient({ token: "static" });
    platform.socket.drop(code);
    assertEquals(client.status.state, "closed");
    assertEquals(client.status.reason, reason);
    await platform.advance(3_600_000);
    platform.page("online");
    await platform.advance(3_600_000);
    assertEquals(platform.sockets.length, 1);
    assertEquals(codes(), [reason]);
  });
}

test("4401 with a token function: a fresh token first, then back at once", async () => {
  let served = 0;
  const { client, platform } = await openClient({ token: () => `t${++served}` });
  platform.socket.drop(4401);
  assertEquals(client.status.state, "reconnecting");
  await platform.advance(500);
  assertEquals(platform.socket.token, "t2");
});

test("maxAttempts: that many tries, then closed with a reason", async () => {
  const { client, platform, codes } = idleClient({ maxAttempts: 5, backoff: { jitter: false } });
  client.connect();
  await settled();
  const waits: number[] = [];
  for (let round = 0; client.status.state !== "closed" && round < 9; round++) {
    platform.socket.drop();
    if (client.status.retryAt === undefined) break;
    waits.push(client.status.retryAt - platform.now());
    await platform.advance(waits[round]);
  }
  assertEquals(waits, [1000, 2000, 4000, 8000, 16_000]);
  assertEquals(client.status.reason, "max_attempts");
  assertEquals(codes().at(-1), "max_attempts");
  client.connect();
  await settled();
  assertEquals(client.status, { state: "connecting", attempt: 0 });
});

test("a try that gets no greeting is given up", async () => {
  const { client, platform } = idleClient({ connectTimeoutMs: 3000 });
  client.connect();
  await platform.advance(3000);
  assertEquals(platform.sockets[0].closedWith, 1000);
  assertEquals(client.status.state, "reconnecting");
  platform.sockets[0].greet();
  assertEquals(client.status.state, "reconnecting", "a socket that was given up is heard no more");
});

test("a connect that takes over 30 s is told once", async () => {
  let warnings = 0;
  const { client, platform } = idleClient({ onSlowConnect: () => warnings++ });
  client.connect();
  await platform.advance(29_999);
  assertEquals(warnings, 0);
  await platform.advance(60_000);
  assertEquals(warnings, 1);
  client.connect();
  await settled();
  platform.socket.greet();
  await platform.advance(1);
  platform.socket.drop();
  await platform.advance(31_000);
  assertEquals(warnings, 2);
  client.close();
  assertEquals(platform.pending, 0, "nothing is left behind");
});

test("close: from every state, with nothing left behind", async () => {
  for (const reach of ["idle", "connecting", "open", "reconnecting"]) {
    const { client, platform } = idleClient();
    if (reach !== "idle") client.connect();
    await settled();
    if (reach === "open" || reach === "reconnecting") platform.socket.greet();
    if (reach === "reconnecting") platform.socket.drop();
    assertEquals(client.status.state, reach);
    client.close();
    client.close();
    assertEquals(client.status.state, "closed");
    assertEquals(client.status.reason, "closed");
    assertEquals(platform.pending, 0);
    await platform.advance(60_000);
    assert(platform.sockets.length <= 1);
  }
});

test("closing while the token is fetched opens no socket", async () => {
  let give: (token: string) => void = () => {};
  const { client, platform } = idleClient({ token: () => new Promise((resolve) => give = resolve) });
  client.connect();
  client.close();
  give("late");
  await settled();
  assertEquals(platform.sockets.length, 0);
});

test("a token function that throws is told and tried again", async () => {
  let tries = 0;
  const { client, platform, codes } = idleClient({
    token() {
      if (++tries === 1) throw new Error("no session");
      return "t";
    },
  });
  client.connect();
  await settled();
  assertEquals(codes(), ["connect_failed"]);
  await platform.advance(500);
  assertEquals(platform.sockets.length, 1);
  client.close();
});

test("offline pauses the tries, online resumes them", async () => {
  const { client, platform } = await openClient();
  platform.online = false;
  platform.socket.drop();
  assertEquals(client.status.reason, "offline");
  await platform.advance(600_000);
  assertEquals(platform.sockets.length, 1);
  platform.page("online");
  await platform.advance(1000);
  platform.socket.greet();
  assertEquals(client.status.state, "open");
  platform.socket.drop();
  platform.page("offline");
  assertEquals(client.status.reason, "offline", "a wait under way is paused as well");
  client.connect();
  await settled();
  assertEquals(platform.sockets.length, 3, "the application may try all the same");
});

test("a page that is shown again asks whether the server is still there", async () => {
  const { client, platform } = await openClient();
  platform.page("visibilitychange");
  assertEquals(platform.socket.count("heartbeat"), 1);
  platform.page("online");
  assertEquals(platform.socket.count("heartbeat"), 1, "one question at a time");
  await platform.advance(10_000);
  assertEquals(client.status.state, "reconnecting");
});

test("heartbeat: asks after silence only, and gives up on a peer that does not answer", async () => {
  const { client, platform } = await openClient();
  await platform.advance(20_000);
  platform.socket.say({ type: "heartbeat", data: {} });
  await platform.advance(24_999);
  assertEquals(platform.socket.count("heartbeat"), 0);
  await platform.advance(1);
  assertEquals(platform.socket.count("heartbeat"), 1);
  platform.socket.say({ type: "heartbeat", data: {} });
  await platform.advance(34_000);
  assertEquals(client.status.state, "open");
  await platform.advance(11_000);
  assertEquals(client.status.state, "reconnecting");
});

test("sleep: a timer that fires late asks again before it gives up", async () => {
  const { client, platform } = await openClient();
  await platform.advance(25_000);
  await platform.sleep(3_600_000);
  assertEquals(client.status.state, "open");
  assertEquals(platform.socket.count("heartbeat"), 2);
  platform.socket.say({ type: "heartbeat", data: {} });
  await platform.advance(11_000);
  assertEquals(client.status.state, "open");
});

test("a frame that is no JSON is told and hurts nothing", async () => {
  const { client, platform, codes } = await openClient();
  platform.socket.onmessage?.({ data: "{" });
  assertEquals(codes(), ["unexpected"]);
  assertEquals(client.status.state, "open");
});

test("retain: connects for the first holder, closes after the last, survives a change of hands", async () => {
  const { client, platform } = idleClient();
  const first = client.retain();
  const second = client.retain();
  await settled();
  first();
  second();
  const third = client.retain();
  await platform.advance(0);
  assertEquals(client.status.state, "connecting");
  third();
  await platform.advance(0);
  assertEquals(client.status.state, "closed");
  assertEquals(platform.sockets.length, 1);
});
