/**
 * What was typed while away arrives: clients that come back send it before their program has joined its rooms again.
 */
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { eventually } from "../harness.ts";
import { type SocketioClient, SocketioClients, TRANSPORTS } from "./socketio_clients.ts";
import { JOIN, type JsonFrame, TestServer } from "./test_server.ts";

const SLOW = { timeout: 30_000 };
const conversationId = "lobby";

/** Cuts the transport under a client, which comes back by itself. */
async function cut(client: SocketioClient): Promise<void> {
  const gone = new Promise((resolve) => client.socket.once("disconnect", resolve));
  client.socket.io.engine.close();
  await gone;
}

for (const [way, transports] of Object.entries(TRANSPORTS)) {
  test(
    `${way}: socket.io-client's buffer is delivered in order, before the first connect and after a cut`,
    SLOW,
    async () => {
      await using server = await TestServer.open();
      await using clients = new SocketioClients(server, { transports });
      const bob = await clients.connect("bob");
      await bob.ask("joinConversation", { conversationId });
      const ann = clients.open({ auth: { token: await server.token("ann") } });
      // As programs do it: whenever it is connected.
      ann.socket.on("connect", () => ann.say("joinConversation", { conversationId }));
      let said = 0;
      for (let round = 0; round < 3; round++) {
        if (round > 0) await cut(ann);
        const acks = Array.from({ length: 5 }, () => {
          return ann.ask("sendMessage", { conversationId, content: String(said++) });
        });
        assertEquals((await Promise.all(acks)).map(({ ok }) => ok), [true, true, true, true, true]);
      }
      await eventually(() => bob.heard("newMessage").length === said);
      const contents = Array.from({ length: said }, (_, n) => String(n));
      assertEquals(bob.heard("newMessage").map(({ content }) => content), contents);
      assertEquals([ann.heard("exception"), bob.heard("exception")], [[], []]);
    },
  );
}

test("an event with attachments waits for its join whole", SLOW, async () => {
  await using server = await TestServer.open();
  await using clients = new SocketioClients(server, { transports: ["websocket"] });
  const bob = await clients.connect("bob");
  await bob.ask("joinConversation", { conversationId });
  const ann = await clients.connect("ann");
  const bytes = new Uint8Array([1, 2, 3]);
  ann.say("sendMessage", { conversationId, content: "look", bytes });
  ann.say("stroke", { conversationId, bytes });
  assert((await ann.ask("joinConversation", { conversationId })).ok);
  assertEquals(new Uint8Array((await bob.hear("newMessage")).bytes), bytes);
  assertEquals(new Uint8Array((await bob.hear("stroke")).bytes), bytes);
});

const SAYS: Record<string, (room: string, text: string) => JsonFrame> = {
  envelope: (room, text) => ({ type: "message", id: text, room, data: { text } }),
  kebab: (roomId, message) => ({ type: "message", roomId, message }),
  snake: (roomId, content) => ({ type: "message", roomId, content }),
  plain: (room, content) => ({ type: "message", room, content }),
};

for (const dialect of ["envelope", "kebab", "snake", "plain"] as const) {
  test(`${dialect}: a queue that is sent before the join is delivered in order`, SLOW, async () => {
    await using server = await TestServer.open();
    const bob = await server.snake("bob");
    await bob.ask(...JOIN.snake!("lobby"));
    const ann = await server[dialect]("ann");
    for (const text of ["1", "2", "3"]) ann.say(SAYS[dialect]!("lobby", text));
    await ann.ask(...JOIN[dialect]!("lobby"));
    ann.say(SAYS[dialect]!("lobby", "4"));
    await bob.hear({ type: "new_message", content: "4" });
    assertEquals(bob.heard({ type: "new_message" }).map(({ content }) => content), ["1", "2", "3", "4"]);
    assertEquals(ann.heard({ type: "error" }), []);
  });
}
