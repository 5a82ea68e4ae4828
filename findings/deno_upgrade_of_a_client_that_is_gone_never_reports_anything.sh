#!/usr/bin/env bash
# Deno.upgradeWebSocket gives a socket to a client that has hung up meanwhile, and no event ever comes of it.
#
# Versions: npm deno 2.9.6; the clients are plain TCP sockets of Node (seen with 20.20).
# Behaviour: the handler awaits something for 50 ms, as one that checks a token does, while the client goes away. The
#   upgrade is made and returned as ever. Neither `open` nor `error` nor `close` is told of the socket, and `readyState`
#   stays 0, so whoever counts a connection from the upgrade on counts it for ever.
# Seen: upgraded 20 open 0 error 0 close 0 still connecting 20
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund deno@2.9.6
cat >server.ts <<'TS'
const sockets: WebSocket[] = [];
const told = { open: 0, error: 0, close: 0 };
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, async (request) => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { socket, response } = Deno.upgradeWebSocket(request);
  sockets.push(socket);
  socket.onopen = () => told.open++;
  socket.onerror = () => told.error++;
  socket.onclose = () => told.close++;
  return response;
});
setTimeout(() => {
  const { open, error, close } = told;
  const connecting = sockets.filter(({ readyState }) => readyState === 0).length;
  console.log(`upgraded ${sockets.length} open ${open} error ${error} close ${close} still connecting ${connecting}`);
  Deno.exit(0);
}, 6000);
void server;
TS
cat >clients.mjs <<'JS'
import { connect } from "node:net";
for (let n = 0; n < 20; n++) {
  const socket = connect(Number(process.argv[2]), "127.0.0.1", () => {
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    setTimeout(() => socket.resetAndDestroy(), 10);
  });
  socket.on("error", () => {});
}
JS
./node_modules/.bin/deno run --allow-net --quiet server.ts >out.txt &
server=$!
for _ in $(seq 100); do [ -s out.txt ] && break; sleep 0.1; done
node clients.mjs "$(head -1 out.txt)"
wait "$server"
tail -1 out.txt
[ "$(tail -1 out.txt)" = "upgraded 20 open 0 error 0 close 0 still connecting 20" ]
