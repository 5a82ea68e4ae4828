/**
 * A program of somebody's: joins a room, says a word, and prints what comes back.
 *
 *   chat.mjs <url> <token> <room>
 */
import process from "node:process";
import { createClient } from "parley-client";
import WebSocket from "ws";

const [url, token, room] = process.argv.slice(2);
const client = createClient(url, { token, platform: { WebSocket: globalThis.WebSocket ?? WebSocket } });
client.connect();
await client.room(room).join();
client.room(room).onMessage((message) => {
  console.log(message.data.text);
  client.close();
});
await client.room(room).send("hello");
