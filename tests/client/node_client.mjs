/**
 * The committed client on Node, with the `ws` package as its WebSocket: enters a room, and says on its standard output
 * what it heard. Run by node_test.ts, which cuts its connection; ends when its standard input does.
 *
 *   node node_client.mjs <url> <token> <room>
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import WebSocket from "ws";

const [url, token, room] = process.argv.slice(2);
const source = readFileSync(new URL("../../src/http/assets/client.js", import.meta.url), "utf8");
const { createClient } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const client = createClient(url, {
  token: () => token,
  backoff: { minMs: 20, maxMs: 200 },
  connectTimeoutMs: 2000,
  platform: { WebSocket },
});
const tell = (fact) => console.log(JSON.stringify(fact));
client.on("gap", () => tell({ gap: true }));
client.room(room).onMessage((message) => tell({ text: message.data.text }));
client.connect();
await client.room(room).join();
tell({ joined: true });
process.stdin.resume().on("end", () => client.close());
