/**
 * Why there is no connection: what the server tells, what nobody tells, what the client does about it, and what is refused
 * before anything is tried.
 */
import { test } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createClient } from "../../src/client/client.ts";
import type { ClientError } from "../../src/client/client_error.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import { settled } from "./fake_platform.ts";
import { idleClient, openClient, tokenUntil } from "./fixture.ts";

const HOUR_MS = 3_600_000;

async function dialling(options: ClientOptions = {}) {
  const world = idleClient(options);
  world.client.connect();
  await settled();
  return world;
}

/** Close code, what is said before it, the code that the application gets, and whether the client comes back. */
const TOLD: [close: number, code: string, reason: string | undefined, seen: string, comesBack: boolean][] = [
  [4401, "unauthorized", undefined, "unauthorized", false],
  [4401, "token_expired", undefined, "token_expired", false],
  [4403, "forbidden", "blocked", "blocked", false],
  [4403, "forbidden", "origin", "origin", false],
  [4403, "forbidden", "backend", "backend", false],
  [1013, "unavailable", "full", "full", true],
  [1013, "unavailable", "draining", "draining", true],
  [1013, "unavailable", "broker", "broker", true],
  [1013, "rate_limited", "rate", "rate", true],
  [1013, "room_full", undefined, "room_full", true],
];

for (const [close, code, reason, seen, comesBack] of TOLD) {
  test(`refused with ${close} ${seen}: ${comesBack ? "comes back when it may" : "ends"}, in the server's words`, async () => {
    const { client, platform, errors } = await dialling({ token: "static" });
    const refusal = { code, reason, message: `Cannot connect: ${seen}`, retryAfter: comesBack ? 7000 : undefined };
    platform.socket.refuse(close, refusal);
    assertEquals(client.status.reason, seen);
    assertEquals(errors, [client.status.error as ClientError]);
    const [error] = errors;
    assertEquals([error.code, error.message, error.retryAfter], [seen, refusal.message, refusal.retryAfter]);
    assertEquals(Object(error.cause).code, code);
    assertEquals(client.status.state, comesBack ? "reconnecting" : "closed");
    await platform.advance(6999);
    assertEquals(platform.sockets.length, 1);
    await platform.advance(comesBack ? 1000 : HOUR_MS);
    assertEquals(platform.sockets.length, comesBack ? 2 : 1);
    client.close();
  });
}

/** Ends of an open connection, with the reason that stands in the close frame. */
const ENDS: [close: number, reason: string, seen: string][] = [
  [4403, "kicked", "kicked"],
  [4403, "blocked", "blocked"],
  [1008, "", "refused"],
  [4401, "Token expired", "token_expired"],
  [1001, "The server is going away", "draining"],
  [1006, "", "disconnected"],
];

for (const [close, reason, seen] of ENDS) {
  test(`ended with ${close} "${reason}": ${seen}`, async () => {
    const { client, platform, codes } = await openClient({ token: "static" });
    const ends: [number, string][] = [];
    client.on("disconnect", ({ code, error }) => ends.push([code, error.code]));
    platform.socket.drop(close, reason);
    assertEquals([client.status.reason, ends, codes()], [seen, [[close, seen]], [seen]]);
    assertMatch(client.status.error!.message, new RegExp(`^Cannot stay connected: ${reason || seen}$`));
  });
}

test("an error that answers a frame says nothing of the connection", async () => {
  const { client, platform } = await openClient();
  platform.socket.say({ type: "error", data: { code: "not_joined", message: "Cannot publish", request: "x" } });
  platform.socket.drop();
  assertEquals(client.status.reason, "disconnected");
});

test("an error and then another frame: the end is not for that error", async () => {
  const { client, platform } = await openClient();
  platform.socket.say({ type: "error", data: { code: "rate_limited", message: "Cannot take the signal" } });
  platform.socket.say({ type: "heartbeat", data: {} });
  platform.socket.drop();
  assertEquals(client.status.reason, "disconnected");
});

test("nothing answers: unreachable, with host and path in its sentence and the event as its cause", async () => {
  const { client, platform, errors } = await dialling({ token: "secret.to.all" });
  const event = { message: "Invalid status code: 404" };
  platform.socket.onerror?.(event);
  platform.socket.drop();
  assertEquals(client.status.reason, "unreachable");
  assertEquals(errors.length, 1);
  assertMatch(errors[0].message, /chat\.test.*\/websocket\/connect.*404/);
  assertEquals(errors[0].cause, event);
  assert(!errors[0].message.includes("secret"));
  assertEquals(client.status.state, "reconnecting", "the server may be on its way");
});

test("a token that cannot be got is told, and is not the server's fault", async () => {
  const { client, platform, errors } = await dialling({
    token: () => {
      throw new Error("no session");
    },
  });
  assertEquals([errors[0].code, errors[0].message], ["connect_failed", "Cannot get a token: no session"]);
  assertEquals([client.status.state, platform.sockets.length], ["reconnecting", 0]);
});

test("a refused token: a function is asked once more, then it ends", async () => {
  let served = 0;
  const { client, platform, codes } = await dialling({ token: () => `t${++served}` });
  const refusal = { code: "unauthorized", message: "Invalid token" };
  platform.socket.refuse(4401, refusal);
  assertEquals(client.status.state, "reconnecting");
  await platform.advance(1000);
  assertEquals(platform.socket.token, "t2");
  platform.socket.refuse(4401, refusal);
  assertEquals([client.status.state, client.status.reason], ["closed", "unauthorized"]);
  await platform.advance(HOUR_MS);
  assertEquals([platform.sockets.length, codes()], [2, ["unauthorized", "unauthorized"]]);
});

test("a token that was good and has expired is asked for anew each time", async () => {
  let served = 0;
  const { client, platform } = await openClient({ token: () => `t${++served}` });
  for (let round = 2; round < 5; round++) {
    platform.socket.drop(4401);
    await platform.advance(1000);
    assertEquals(platform.socket.token, `t${round}`);
    platform.socket.greet();
  }
  assertEquals(client.status.state, "open");
});

// ---- waking ----

test("given up: online, the page shown, a new holder of the client or of a room wake it; a hidden page does not", async () => {
  const { client, platform } = await dialling({ maxAttempts: 0 });
  client.retain();
  const fail = () => {
    platform.socket.drop();
    assertEquals(client.status.reason, "max_attempts");
  };
  fail();
  platform.page("offline");
  platform.page("visibilitychange", true);
  await platform.advance(HOUR_MS);
  assertEquals(platform.sockets.length, 1);
  const wakes = [
    () => platform.page("online"),
    () => platform.page("visibilitychange"),
    () => client.retain(),
    () => client.room("lobby").retain(),
    () => client.connect(),
  ];
  for (const [index, wake] of wakes.entries()) {
    wake();
    await settled();
    assertEquals(platform.sockets.length, index + 2);
    fail();
  }
  client.close();
  platform.page("online");
  await settled();
  assertEquals(platform.sockets.length, wakes.length + 1, "closed by the application, it sleeps well");
});

test("a refused token: waking asks the function again, and a value not", async () => {
  for (const [token, dials] of [[() => "t", 3], ["t", 1]] as const) {
    const { platform } = await dialling({ token });
    const refuse = () => platform.socket.refuse(4401, { code: "unauthorized", message: "Invalid token" });
    refuse();
    await platform.advance(1000);
    if (dials > 1) refuse();
    platform.page("visibilitychange");
    await settled();
    assertEquals(platform.sockets.length, dials);
  }
});

for (const [close, reason] of [[4403, "kicked"], [4403, "blocked"], [1008, ""]] as const) {
  test(`${close} ${reason}: nothing wakes it, but who begins to use it`, async () => {
    const { client, platform } = await openClient();
    const release = client.retain();
    platform.socket.drop(close, reason);
    platform.page("online");
    platform.page("visibilitychange");
    const second = client.retain();
    client.room("lobby").retain();
    await settled();
    assertEquals(platform.sockets.length, 1);
    release();
    second();
    await platform.advance(1);
    client.retain();
    await settled();
    assertEquals(platform.sockets.length, 2);
    client.close();
  });
}

// ---- holding ----

test("every release works once", async () => {
  const { client, platform } = await openClient();
  const [first, second] = [client.retain(), client.retain()];
  first();
  first();
  await platform.advance(1);
  assert(client.isOpen, "the second holder has it still");
  const room = client.room("lobby");
  const [one, other] = [room.retain(), room.retain()];
  one();
  one();
  await platform.advance(1);
  assertEquals(platform.socket.count("leave"), 0);
  room.leave();
  await platform.advance(1);
  assertEquals(platform.socket.count("leave"), 0, "nobody has joined, so there is nothing to undo");
  room.join().catch(() => undefined);
  other();
  room.leave();
  room.leave();
  await platform.advance(1);
  assertEquals(platform.socket.count("leave"), 1);
  second();
  await platform.advance(1);
  assertEquals(client.status.state, "closed");
});

// ---- what is wrong before anything is tried ----

test("a URL that is none is a TypeError at once", () => {
  const urls = ["ws://[", "ftp://chat.test/", "localhost:3000/websocket", "", "mailto:ann@chat.test"];
  for (const url of urls) assertThrows(() => createClient(url), TypeError);
  assertThrows(() => createClient(undefined as unknown as string), TypeError);
});

test("an option that is none, or of another kind, is a TypeError at once that names it", async () => {
  const wrong: Record<string, unknown>[] = [
    { tokn: "t" },
    { token: 7 },
    { token: "two words" },
    { maxAttempts: "5" },
    { heartbeatMs: -1 },
    { queueSize: NaN },
    { onError: "toast" },
    { backoff: 5 },
    { backoff: { minMs: "soon" } },
    { debug: 1 },
  ];
  for (const options of wrong) {
    const error = assertThrows(() => createClient("ws://chat.test/", options as ClientOptions), TypeError);
    const [name] = Object.keys(options.backoff instanceof Object ? options.backoff : options);
    assertMatch(error.message, new RegExp(name === "token" ? "token" : `\\b${name}\\b`));
    assert(!error.message.includes("two words"), "a token is nobody's to read");
  }
  createClient("ws://chat.test/", { token: null, maxAttempts: undefined, backoff: { jitter: false }, queueSize: 0 });
  const { client } = idleClient();
  for (const token of [7, "two words"]) {
    assertEquals(await client.setToken(token as string).catch((error) => error.name), "TypeError");
  }
});

test("a platform without a WebSocket: says which option to give, and tries nothing", async () => {
  const { client, platform } = idleClient({ platform: { WebSocket: undefined } });
  const error = assertThrows(() => client.connect(), TypeError);
  assertMatch(error.message, /platform: \{ WebSocket \}/);
  assertEquals([client.status.state, platform.pending], ["idle", 0]);
  await settled();
});

test("a WebSocket that cannot be made is not tried for ever", async () => {
  class Forbidding {
    constructor() {
      throw new Error("The operation is insecure");
    }
  }
  const { client, platform, errors } = await dialling({ platform: { WebSocket: Forbidding as never } });
  assertEquals([client.status.state, client.status.reason], ["closed", "connect_failed"]);
  assertMatch(errors[0].message, /^Cannot open a WebSocket: The operation is insecure$/);
  assertEquals(platform.pending, 0);
});

test("a token that no subprotocol can carry ends it, and is not told", async () => {
  const { client, errors } = await dialling({ token: () => "two words" });
  assertEquals(client.status.reason, "connect_failed");
  assert(!`${errors[0].message} ${errors[0].cause}`.includes("two words"));
  await client.setToken(tokenUntil(9e9, "", "ann"));
});
