/**
 * A crowd on every transport, arriving while text and binary events flow: nobody misses one, gets one twice or out of
 * order, and the one who is left out hears nothing.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { eventually } from "../harness.ts";
import { type SocketioClient, SocketioClients, TRANSPORTS } from "./socketio_clients.ts";
import { TestServer } from "./test_server.ts";

const conversationId = "square";
const CLIENTS = 30;
const EVENTS = 400;

/** Numbers of the events a client has heard, in order; binary ones checked against their number. */
function numbersOf(client: SocketioClient): number[] {
  return client.inbox.all.flatMap(([name, event]) => {
    if (name === "newMessage") return [Number(event.content)];
    if (name !== "stroke") return [];
    const [first, second] = [new Uint8Array(event.first), new Uint8Array(event.second)];
    assertEquals([first.length, second.length, first[0], second[0]], [
      event.n % 50 + 1,
      3,
      event.n & 255,
      event.n & 255,
    ]);
    return [event.n];
  });
}

async function speak(speaker: SocketioClient): Promise<void> {
  for (let n = 1; n <= EVENTS; n++) {
    if (n % 2 === 1) speaker.say("sendMessage", { conversationId, content: String(n), echo: false });
    else {
      const first = new Uint8Array(n % 50 + 1).fill(n & 255);
      speaker.say("stroke", { conversationId, n, first, second: new Uint8Array(3).fill(n & 255) });
    }
    // The crowd needs turns of its own to arrive in between.
    if (n % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

test("thirty clients of all transports join while four hundred events flow", { timeout: 60_000 }, async () => {
  await using server = await TestServer.open({ websocketMessageRate: 0 });
  server.parley.on("settle", () => true);
  await using clients = new SocketioClients(server);
  const speaker = await clients.connect("speaker", { transports: ["websocket"] });
  await speaker.ask("joinConversation", { conversationId });
  const watcher = await clients.connect("watcher", { transports: ["websocket"] });
  await watcher.ask("joinConversation", { conversationId });
  const ways = Object.values(TRANSPORTS);
  const arrivals = Array.from({ length: CLIENTS }, async (_, at) => {
    await eventually(() => watcher.inbox.all.length >= at * 8, { withinMs: 20_000 });
    const client = await clients.connect(`user-${at}`, { transports: ways[at % ways.length] });
    const { position } = await client.ask("joinConversation", { conversationId });
    return { client, offset: position.offset as number };
  });
  await speak(speaker);
  await speaker.settle();
  for (const { client, offset } of await Promise.all(arrivals)) {
    await client.settle();
    const numbers = numbersOf(client);
    // The join's position counts the text messages before it: the next of them, an odd number, was the first heard.
    const firstText = 2 * offset + 1;
    assertEquals(numbers.find((n) => n % 2 === 1) ?? EVENTS + 1, firstText);
    const first = numbers[0] ?? firstText;
    assertEquals(numbers, Array.from({ length: numbers.length }, (_, at) => first + at));
    assertEquals(numbers.at(-1) ?? EVENTS, EVENTS);
  }
  await watcher.settle();
  assertEquals(numbersOf(watcher).length, EVENTS);
  assertEquals([speaker.heard("newMessage"), speaker.heard("stroke")], [[], []]);
});
