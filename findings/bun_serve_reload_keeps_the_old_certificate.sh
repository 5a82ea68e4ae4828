#!/usr/bin/env bash
# server.reload({ tls }) of Bun takes a new certificate without a word and goes on showing the old one.
#
# Versions: npm bun 1.4.5; certificates by the machine's openssl.
# Behaviour: a server with the certificate "CN=old" is reloaded with that of "CN=new". reload() returns, nothing is
#   logged, and every later handshake still gets "CN=old". A second Bun.serve on the port after stop() shows "CN=new",
#   while WebSockets of the first one live on.
# Seen: before old · after reload old · after stop and serve new
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund bun@1.4.5
for name in old new; do
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -keyout "$name.key" -out "$name.crt" 2>/dev/null
done
cat >main.mjs <<'JS'
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
const tls = (name) => ({ cert: readFileSync(`${name}.crt`, "utf8"), key: readFileSync(`${name}.key`, "utf8") });
const shown = (port) => new Promise((resolve, reject) => {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().subject.CN);
    socket.destroy();
  }).on("error", reject);
});
const fetch = () => new Response("hello");
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", tls: tls("old"), fetch });
const { port } = server;
console.log("before", await shown(port));
server.reload({ tls: tls("new"), fetch });
console.log("after reload", await shown(port));
server.stop();
Bun.serve({ port, hostname: "127.0.0.1", tls: tls("new"), fetch });
console.log("after stop and serve", await shown(port));
process.exit(0);
JS
seen=$(./node_modules/.bin/bun main.mjs)
echo "$seen"
[ "$seen" = "$(printf 'before old\nafter reload old\nafter stop and serve new')" ]
