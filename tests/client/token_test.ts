/**
 * Tokens: asked for anew where it matters, shown in-band before they run out, counted on the server's clock.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { expiryMs } from "../../src/client/token.ts";
import { settled } from "./fake_platform.ts";
import { idleClient, openClient, tokenUntil } from "./fixture.ts";

test("exp is read from any JWT, and from nothing else", () => {
  assertEquals(expiryMs(tokenUntil(1700000000, "ÿ?>~")), 1700000000000);
  for (const token of [undefined, null, "", "opaque", "a.b.c"]) assert(Number.isNaN(expiryMs(token)), String(token));
});

test("the function is called anew for every connect", async () => {
  let served = 0;
  const { platform } = await openClient({ token: () => `t${++served}` });
  platform.socket.drop();
  await platform.advance(1000);
  assertEquals(platform.sockets.map((socket) => socket.token), ["t1", "t2"]);
});

test("a fresh token is shown in-band before the old one expires, by the server's clock", async () => {
  const serverNow = 5_000_000_000;
  const tokens = [tokenUntil(5_000_100), tokenUntil(5_000_200), tokenUntil(5_000_300)];
  let served = 0;
  const { client, platform } = idleClient({ token: () => tokens[served++] });
  client.connect();
  await settled();
  platform.socket.greet("c1", serverNow);
  await platform.advance(24_000);
  platform.socket.say({ type: "heartbeat", data: {} });
  await platform.advance(20_000);
  platform.socket.say({ type: "heartbeat", data: {} });
  await platform.advance(24_000);
  platform.socket.say({ type: "heartbeat", data: {} });
  await platform.advance(21_999);
  assertEquals(platform.socket.count("authenticate"), 0);
  await platform.advance(1);
  const frame = platform.socket.last("authenticate");
  assertEquals(frame.data.token, tokens[1]);
  platform.socket.say({
    type: "system",
    id: frame.id,
    data: { action: "authenticate" },
    timestamp: serverNow + 90_000,
  });
  await settled();
  for (let n = 0; n < 4; n++) {
    platform.socket.say({ type: "heartbeat", data: {} });
    await platform.advance(24_750);
  }
  assertEquals(platform.socket.last("authenticate").data.token, tokens[2], "and the next one before that one");
});

test("a token that is a value is not refreshed", async () => {
  const { client, platform } = idleClient({ token: tokenUntil(10) });
  client.connect();
  await settled();
  platform.socket.greet();
  await platform.advance(9500);
  assertEquals(platform.socket.count("authenticate"), 0);
});

test("a refresh that fails is told; the server's 4401 then asks for another", async () => {
  let served = 0;
  const { client, platform, codes } = idleClient({ token: () => tokenUntil(100, String(++served)) });
  client.connect();
  await settled();
  platform.socket.greet();
  for (let n = 0; n < 4; n++) {
    await platform.advance(22_500);
    platform.socket.say({ type: "heartbeat", data: {} });
  }
  const { id } = platform.socket.last("authenticate");
  platform.socket.say({
    type: "error",
    id: "e",
    data: { code: "unauthorized", message: "Cannot refresh", request: id },
  });
  await settled();
  assertEquals(codes(), ["unauthorized"]);
  platform.socket.drop(4401);
  await platform.advance(1000);
  assertEquals(platform.sockets.length, 2);
  assertEquals(served, 3);
});
