#!/usr/bin/env bash
# A BroadcastChannel is a queue on Bun. On Deno it is a ring: a reader that falls behind loses the oldest, untold.
#
# Versions: npm bun 1.4.5, npm deno 2.9.6.
# Behaviour: a worker is busy for half a second while 2,000 small messages are posted to it. Bun delivers 2,000. Deno
#   delivers a few hundred, the newest 256 among them, without an error, a `messageerror` event or any other sign. postMessage to the worker
#   loses nothing on either.
# Seen: bun 2000 first 0 last 1999 errors 0 · deno 322 first 0 last 1999 errors 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6
cat >main.mjs <<'JS'
import { isMainThread, parentPort, Worker } from "node:worker_threads";
const COUNT = 2000;
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const channel = new BroadcastChannel("news");
  worker.on("message", (said) => {
    if (said === "ready") {
      for (let n = 0; n < COUNT; n++) channel.postMessage(n);
      worker.postMessage("all posted");
    } else {
      console.log(`${said.heard.length} first ${said.heard[0]} last ${said.heard.at(-1)} errors ${said.errors}`);
      process.exit(0);
    }
  });
} else {
  const heard = [];
  let errors = 0;
  const channel = new BroadcastChannel("news");
  channel.onmessage = ({ data }) => {
    if (heard.length === 0) for (const end = Date.now() + 500; Date.now() < end;);
    heard.push(data);
  };
  channel.onmessageerror = () => errors++;
  parentPort.on("message", () => setTimeout(() => parentPort.postMessage({ heard, errors }), 3000));
  setTimeout(() => parentPort.postMessage("ready"), 200);
}
JS
bun=$(./node_modules/.bin/bun main.mjs)
deno=$(./node_modules/.bin/deno run --allow-all --quiet main.mjs)
echo "bun $bun"
echo "deno $deno"
[ "$bun" = "2000 first 0 last 1999 errors 0" ]
read -r count _ _ _ last _ errors <<<"$deno"
[ "$count" -lt 600 ] && [ "$last" = 1999 ] && [ "$errors" = 0 ]
