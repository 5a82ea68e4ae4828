/**
 * Real clients on every transport against several workers on one port: their requests reach any of them.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { eventually, spawnServer } from "../harness.ts";
import { SocketioClient, TRANSPORTS } from "./socketio_clients.ts";

const conversationId = "lobby";
const EACH = 8;

test("clients of every transport connect and chat, whichever worker they meet", { timeout: 60_000 }, async () => {
  await using server = await spawnServer({
    env: { WORKERS: "2", DEMO: "1", LOG_LEVEL: "error", WEBSOCKET_CONNECT_RATE: "0" },
  });
  const ways = Object.values(TRANSPORTS).flatMap((transports) => Array.from({ length: EACH }, () => transports));
  const clients = ways.map((transports) => new SocketioClient(server.url, { transports, reconnection: false }));
  try {
    await Promise.all(clients.map((client) => client.connected()));
    // Who meets which worker is the system's choice, and the second one may have begun to listen a little later.
    await eventually(async () => {
      if (new Set(clients.map(workerOf)).size === 2) return true;
      ways.push(["websocket"]);
      const client = new SocketioClient(server.url, { transports: ["websocket"], reconnection: false });
      clients.push(client);
      await client.connected();
      return false;
    });
    for (const client of clients) await client.ask("joinConversation", { conversationId });
    const speakers = [clients[0]!, clients[EACH]!, clients.at(-1)!];
    for (const [at, speaker] of speakers.entries()) {
      speaker.say("sendMessage", { conversationId, content: String(at) });
      await Promise.all(clients.map((client) => client.hear("newMessage", ({ content }) => content === String(at))));
    }
    for (const client of clients) assertEquals(client.heard("newMessage").length, speakers.length);
    await eventually(() => clients.every((client, at) => client.transport === ways[at]!.at(-1)));
  } finally {
    for (const client of clients) client.close();
  }
});

/** Its session's id begins with the port at which other workers find the one that has it. */
function workerOf({ socket }: SocketioClient): string | undefined {
  return socket.io.engine.id?.split(".")[0];
}
