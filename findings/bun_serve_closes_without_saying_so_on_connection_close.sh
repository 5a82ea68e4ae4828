#!/usr/bin/env bash
# Asked with `Connection: close`, Bun.serve ends the TCP connection after its answer but does not say so in the answer.
#
# Versions: npm bun 1.4.5; the client is Node of the machine (seen with 20.20).
# Behaviour: the answer to `GET / HTTP/1.1` with `Connection: close` has no `Connection` header, so a client that pools
#   connections believes that it may use this one again. RFC 9112, 9.6 wants the header. `node:http` on the same Bun sends
#   it.
# Seen: Bun.serve: connection header: none, ended by the server: true · node:http on Bun: connection header: close
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund bun@1.4.5
cat >main.mjs <<'JS'
import { connect } from "node:net";
import { createServer } from "node:http";
const ask = (port) => new Promise((resolve) => {
  let text = "";
  const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  socket.on("data", (chunk) => text += chunk);
  socket.on("end", () => resolve(/^connection: *(\S+)/im.exec(text)?.[1] ?? "none"));
});
const native = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
console.log("Bun.serve", await ask(native.port));
const http = createServer((_, response) => response.end("hello"));
await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
console.log("node:http", await ask(http.address().port));
process.exit(0);
JS
seen=$(./node_modules/.bin/bun main.mjs)
echo "$seen"
grep -qx "Bun.serve none" <<<"$seen"
grep -qx "node:http close" <<<"$seen"
