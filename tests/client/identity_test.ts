/**
 * One client, several users: what one of them said, heard and queued is nobody else's.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { TokenSource } from "../../src/client/token.ts";
import { userOf } from "../../src/client/token.ts";
import { settled } from "./fake_platform.ts";
import { idleClient, openClient, tokenUntil } from "./fixture.ts";

const tokenOf = (user: string, note = "") => tokenUntil(9e9, note, user);

test("whose a token is stands where the server looks for it, and in no other token", () => {
  const jwt = (claims: object) => `h.${btoa(JSON.stringify(claims))}.s`;
  assertEquals(userOf(jwt({ sub: "ann", id: "x" })), "ann");
  assertEquals(userOf(jwt({ sub: "", userId: 7, id: "x" })), "7");
  assertEquals(userOf(jwt({ user_id: "u" })), "u");
  assertEquals(userOf(jwt({ id: "i" })), "i");
  for (const token of [undefined, null, "", "opaque", "a.b.c", jwt({}), "h.bnVsbA.s"]) assertEquals(userOf(token), "");
});

/** Ann, in a room, with messages on the wire and in the queue behind her limits, and one heard. */
async function annAtWork(token: TokenSource = tokenOf("ann")) {
  const world = idleClient({ token });
  const { client, platform } = world;
  client.connect();
  await settled();
  platform.socket.greet("c1", 0, { user_id: "ann", limits: { rate: 1, burst: 30 } });
  const room = client.room("lobby");
  room.retain();
  const member = { connection_id: "c1", user_id: "ann", name: "Ann" };
  platform.socket.admit("lobby", { position: { epoch: "e", offset: 1 }, members: [member], total: 1 });
  const fates: string[] = [];
  for (let n = 0; n < 40; n++) room.send(`ann ${n}`).catch((error) => fates.push(error.code));
  const heard = { type: "message", id: "m", message_id: "m2", from: "c9", position: { epoch: "e", offset: 2 } };
  platform.socket.say({ ...heard, room: "lobby", data: { text: "for ann" } });
  assertEquals(room.messages.length, 1);
  let switches = 0;
  client.on("switch", () => switches++);
  return { ...world, room, fates, anns: platform.socket, switches: () => switches };
}

const NEXT: Record<string, TokenSource> = {
  "another user's token": tokenOf("bob"),
  "a function": () => tokenOf("bob"),
  "a token that says nobody's name": "opaque",
  "none": null,
};

for (const [name, token] of Object.entries(NEXT)) {
  test(`setToken with ${name}: the connection ends, its user is forgotten, and the client begins anew`, async () => {
    const { client, platform, room, fates, anns, switches } = await annAtWork();
    const before = anns.sent.length;
    const set = client.setToken(token);
    room.send("bob's").catch(() => undefined);
    await set;
    await settled();
    assertEquals([anns.closedWith, anns.sent.length], [1000, before], "nothing more on ann's connection");
    assertEquals(fates, Array(40).fill("signed_out"));
    assertEquals([room.messages, room.members, switches()], [[], [], 1]);
    assertEquals([client.status.state, client.status.userId], ["connecting", undefined]);
    const value = typeof token === "function" ? tokenOf("bob") : token ?? undefined;
    assertEquals(platform.socket.token, value);
    platform.socket.greet("c2", 0, { user_id: "bob" });
    const said = platform.socket.sent.map(({ type, data }) => data.text ?? data.action ?? type);
    assertEquals(said, ["join", "bob's"]);
    assertEquals(platform.socket.last("join").data.since, undefined);
    anns.say({ type: "message", id: "x", room: "lobby", data: { text: "late, for ann" } });
    assertEquals(room.messages, []);
    assertEquals(switches(), 1);
  });
}

test("setToken with a fresh token of the same user is shown on the open connection", async () => {
  const { client, platform } = await openClient({ token: tokenOf("ann") });
  let switches = 0;
  client.on("switch", () => switches++);
  const fate = client.send({ room: "lobby" }, "hello");
  const shown = client.setToken(tokenOf("ann", "fresh"));
  await settled();
  const { id, data } = platform.socket.last("authenticate");
  assertEquals(data.token, tokenOf("ann", "fresh"));
  platform.socket.say({ type: "system", id, data: { action: "authenticate" } });
  await shown;
  platform.socket.say({ ...platform.socket.last("message"), from: "c1", message_id: "m" });
  assertEquals((await fate).id, "m");
  assertEquals([platform.sockets.length, switches], [1, 0]);
});

test("setToken before the first connection: what was queued for another user is not sent", async () => {
  const { client, platform } = idleClient({ token: tokenOf("ann") });
  const fate = client.send({ room: "lobby" }, "ann's").catch((error) => error.code);
  await client.setToken(tokenOf("bob"));
  assertEquals(await fate, "signed_out");
  assertEquals(platform.sockets.length, 0, "idle it stays");
  client.connect();
  await settled();
  platform.socket.greet("c1", 0, { user_id: "bob" });
  assertEquals(platform.socket.sent, []);
});

test("setToken with none where there was none: another cookie may have come, so it begins anew", async () => {
  const { client, platform } = await openClient();
  await client.setToken(undefined);
  await settled();
  assertEquals([platform.sockets[0].closedWith, platform.sockets.length], [1000, 2]);
});

test("setToken after the end: a fresh token mends a refused one, another user begins anew even after a kick", async () => {
  const { client, platform } = await openClient({ token: tokenOf("ann") });
  platform.socket.drop(4401);
  await client.setToken(tokenOf("ann", "fresh"));
  await settled();
  assertEquals(platform.socket.token, tokenOf("ann", "fresh"));
  platform.socket.greet();
  platform.socket.drop(4403, "kicked");
  await client.setToken(tokenOf("ann", "fresher"));
  await settled();
  assertEquals([client.status.reason, platform.sockets.length], ["kicked", 2], "a kick is the user's");
  await client.setToken(tokenOf("bob"));
  await settled();
  assertEquals(platform.socket.token, tokenOf("bob"));
  client.close();
  await client.setToken(tokenOf("cid"));
  await settled();
  assertEquals([client.status.state, platform.sockets.length], ["closed", 3], "the application has closed it");
});

test("a fresh token that comes while the old one is being refused is tried", async () => {
  const { client, platform } = idleClient({ token: tokenOf("ann") });
  client.connect();
  await settled();
  await client.setToken(tokenOf("ann", "fresh"));
  const refuse = () =>
    platform.socket.refuse(4401, { code: "token_expired", message: "Cannot connect: it has expired" });
  refuse();
  await platform.advance(1000);
  assertEquals(platform.socket.token, tokenOf("ann", "fresh"));
  refuse();
  assertEquals([client.status.state, platform.sockets.length], ["closed", 2]);
});

test("a function that turns into another user's: nothing queued goes along", async () => {
  let user = "ann";
  const { client, platform, room, fates } = await annAtWork(() => tokenOf(user));
  platform.socket.drop();
  room.send("still ann").catch((error) => fates.push(error.code));
  user = "bob";
  await platform.advance(1000);
  assertEquals(fates, Array(41).fill("signed_out"), "known by its token, before it connects");
  platform.socket.greet("c2", 0, { user_id: "bob" });
  assertEquals(platform.socket.sent.map(({ data }) => data.action), ["join"]);
  assertEquals([client.status.userId, room.messages], ["bob", []]);
});

test("tokens or cookies that say no name: the server's word decides, before anything is sent", async () => {
  for (const token of [() => "opaque", undefined]) {
    const { platform, room, fates, switches } = await annAtWork(token);
    platform.socket.drop();
    await platform.advance(1000);
    assertEquals(fates, []);
    platform.socket.greet("c2", 0, { user_id: "bob" });
    await settled();
    assertEquals([fates.length, new Set(fates), switches()], [40, new Set(["signed_out"]), 1]);
    assertEquals(platform.socket.sent.map(({ data }) => data.action), ["join"]);
    assertEquals(room.messages, []);
  }
});

test("the same user again keeps everything", async () => {
  const { platform, room, fates, switches } = await annAtWork(() => "opaque");
  platform.socket.drop();
  await platform.advance(1000);
  platform.socket.greet("c2", 0, { user_id: "ann" });
  assertEquals([fates, switches(), room.messages.length], [[], 0, 1]);
  assertEquals(platform.socket.last("join").data.since, { epoch: "e", offset: 2 });
});

for (const isReadable of [true, false]) {
  test(`a refresh that brings ${isReadable ? "another user's token" : "a token the server knows for another's"}`, async () => {
    const exp = 100;
    let user = "ann";
    const token = () => tokenUntil(exp, isReadable ? "" : user, isReadable ? user : "someone");
    const { client, platform } = idleClient({ token });
    client.connect();
    await settled();
    platform.socket.greet("c1", 0, { user_id: "ann" });
    const anns = platform.socket;
    user = "bob";
    for (let n = 0; n < 4; n++) {
      await platform.advance(22_500);
      anns.say({ type: "heartbeat", data: {} });
    }
    if (!isReadable) {
      const { id } = anns.last("authenticate");
      const data = { code: "forbidden", message: "Cannot authenticate", request: id };
      anns.say({ type: "error", id: "e", data });
      await settled();
    }
    assertEquals([anns.closedWith, client.status.state, platform.sockets.length], [1000, "connecting", 2]);
    assertEquals(platform.socket.token, token());
    client.close();
  });
}

test("a listener of the old connection's end cannot slip a message in", async () => {
  const { client, platform, room } = await annAtWork();
  client.on("disconnect", () => room.send("ann's last word").catch(() => undefined));
  await client.setToken(tokenOf("bob"));
  await settled();
  platform.socket.greet("c2", 0, { user_id: "bob" });
  assert(!platform.socket.sent.some(({ data }) => data.text));
});

test("a room that did not let ann in is tried again for bob", async () => {
  const { client, platform } = await openClient({ token: tokenOf("ann") });
  client.room("bobs").retain();
  const { id } = platform.socket.last("join");
  platform.socket.say({
    type: "error",
    room: "bobs",
    data: { code: "forbidden", message: "Cannot join", request: id },
  });
  await settled();
  assertEquals(client.room("bobs").getSnapshot().status, "left");
  await client.setToken(tokenOf("bob"));
  await settled();
  platform.socket.greet("c2", 0, { user_id: "bob" });
  platform.socket.admit("bobs");
  assertEquals(client.room("bobs").getSnapshot().error, undefined);
  assert(client.room("bobs").getSnapshot().isJoined);
});
