/**
 * A room that sends together what follows closely: the same messages in the same order as anywhere else.
 */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type JsonFrame, TestServer } from "./test_server.ts";

test("a busy room that coalesces loses, doubles and reorders nothing, also for who joins in between", {
  timeout: 20_000,
}, async () => {
  await using server = await TestServer.open({
    rooms: [{ match: "*", coalesce: "20ms", history: { size: 1000, ttl: "1h" } }],
  });
  const sender = await server.kebab();
  const { position } = await sender.ask({ type: "join-room", roomId: "busy" }, { type: "room-joined" });
  const joiners = await Promise.all(Array.from({ length: 5 }, () => server.plain()));
  for (let n = 1; n <= 100; n++) {
    sender.say({ type: "message", roomId: "busy", message: String(n) });
    if (n % 20 === 0) joiners[n / 20 - 1]!.say({ type: "join", room: "busy", since: position });
  }
  await sender.hear({ type: "message", message: "100" });
  const all = Array.from({ length: 100 }, (_, n) => String(n + 1));
  assertEquals(sender.heard({ type: "message" }).map(({ message }) => message), all);
  for (const joiner of joiners) {
    const { messages } = await joiner.hear({ type: "user_list" }) as { messages: JsonFrame[] };
    const told = messages.map(({ content }) => content);
    if (told.length < 100) await joiner.hear({ type: "message", content: "100" });
    assertEquals([...told, ...joiner.heard({ type: "message" }).map(({ content }) => content)], all);
  }
});
