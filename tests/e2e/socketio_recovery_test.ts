/**
 * Connection state recovery with the real client: nobody sees it go, and it misses nothing.
 */
import { test } from "node:test";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { defaultConfig } from "../../src/config/config.ts";
import { eventually } from "../harness.ts";
import { type SocketioClient, SocketioClients, TRANSPORTS } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const SLOW = { timeout: 30_000 };
const conversationId = "lobby";

/** Cuts the transport under a client, which comes back by itself. */
async function cut(client: SocketioClient): Promise<void> {
  const gone = new Promise((resolve) => client.socket.once("disconnect", resolve));
  client.socket.io.engine.close();
  await gone;
}

for (const [way, transports] of Object.entries(TRANSPORTS)) {
  test(`${way}: a client that lost its transport goes on where it was`, SLOW, async () => {
    await using server = await TestServer.open({ socketioRecovery: true });
    server.parley.on("settle", () => true);
    await using clients = new SocketioClients(server, { transports });
    const [ann, bob] = [await clients.connect("ann"), await clients.connect("bob")];
    for (const client of [ann, bob]) await client.ask("joinConversation", { conversationId });
    const { id } = bob.socket;
    for (let round = 1; round <= 3; round++) {
      bob.say("typing", { conversationId });
      await ann.hear("userTyping");
      await cut(bob);
      // Sooner than by running out, for which nobody here has the patience.
      await ann.hear("userStoppedTyping");
      ann.say("sendMessage", { conversationId, content: `text ${round}` });
      ann.say("stroke", { conversationId, round, bytes: new Uint8Array(round) });
      await ann.settle();
      await bob.connected();
      assertEquals([bob.socket.recovered, bob.socket.id], [true, id]);
      assertEquals((await bob.hear("newMessage")).content, `text ${round}`);
      assertEquals(new Uint8Array((await bob.hear("stroke")).bytes), new Uint8Array(round));
      assert((await bob.ask("sendMessage", { conversationId, content: "back", echo: false })).ok);
    }
    assertEquals([bob.heard("newMessage").length, bob.heard("stroke").length], [3, 3]);
    assertEquals(ann.heard("userLeft"), []);
    assertEquals(ann.heard("userJoined").length, 1);
    assertEquals(server.parley.getClientCount(), 2);
    bob.close();
    await ann.hear("userLeft");
    await eventually(() => server.parley.getClientCount() === 1);
  });
}

test("nobody else goes on with a connection, whatever secret they show", SLOW, async () => {
  await using server = await TestServer.open({ socketioRecovery: true });
  await using clients = new SocketioClients(server, { transports: ["websocket"] });
  let user = "ann";
  const auth = (give: (payload: object) => void) => void server.token(user).then((token) => give({ token }));
  const ann = await clients.open({ auth }).connected();
  const { id } = ann.socket;
  user = "mallory";
  await cut(ann);
  await ann.connected();
  assertNotEquals(ann.socket.id, id);
  assertEquals(ann.socket.recovered, false);
  assertEquals(server.parley.getClient(ann.socket.id!)?.userId, "mallory");
});

test("a kicked client does not go on", SLOW, async () => {
  await using server = await TestServer.open({ socketioRecovery: true, adminToken: "an admin key of the tests" });
  await using clients = new SocketioClients(server);
  const ann = await clients.connect("ann");
  await cut(ann);
  ann.socket.disconnect();
  await fetch(server.url("/websocket/users/ann/disconnect"), {
    method: "POST",
    headers: { authorization: "Bearer an admin key of the tests", "content-type": "application/json" },
    body: "{}",
  }).then((response) => response.body?.cancel());
  await eventually(() => server.parley.getClientCount() === 0);
});

test("one who is away holds its place among the connections, and for as long as is set", SLOW, async () => {
  await using server = await TestServer.open({
    socketioRecovery: true,
    socketioRecoveryWindowMs: 1000,
    websocketMaxConnections: 1,
  });
  await using clients = new SocketioClients(server, { transports: ["websocket"], reconnection: false });
  const ann = await clients.connect("ann");
  await cut(ann);
  const answer = await fetch(server.url("/socket.io/?EIO=4&transport=polling"));
  await answer.body?.cancel();
  assertEquals([answer.status, server.parley.getClientCount()], [503, 1], "away, and still in");
  await eventually(() => server.parley.getClientCount() === 0);
  await clients.connect("bob");
});

test("who is away is waited for 15 seconds, unless said otherwise", () => {
  assertEquals(defaultConfig().socketioRecoveryWindowMs, 15_000);
});
