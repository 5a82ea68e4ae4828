#!/usr/bin/env bash
# A program that outlives its terminal can go on logging on Bun and Node. On Deno console.log throws.
#
# Versions: npm deno 2.9.6, npm bun 1.4.5; the terminal is Python's pty module.
# Behaviour: a program with a handler for SIGHUP prints a line to a pseudo-terminal whose other end has been closed. On
#   Deno `console.log` throws "Input/output error (os error 5)"; on Bun the line is lost and the program goes on.
# Seen: deno threw: Input/output error (os error 5) · bun went on
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6
cat >main.mjs <<'JS'
import { writeFileSync } from "node:fs";
import process from "node:process";
process.on("SIGHUP", () => {});
setTimeout(() => {
  let seen = "went on";
  try {
    console.log("anybody there?");
  } catch (error) {
    seen = `threw: ${error.message}`;
  }
  writeFileSync(process.argv[2], seen);
  process.exit(0);
}, 1500);
JS
cat >terminal.py <<'PY'
import os, pty, sys, time
child, master = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
time.sleep(0.7)
os.close(master)
os.waitpid(child, 0)
PY
python3 terminal.py ./node_modules/.bin/deno run --allow-all --quiet main.mjs deno.txt
python3 terminal.py ./node_modules/.bin/bun main.mjs bun.txt
echo "deno $(cat deno.txt) · bun $(cat bun.txt)"
grep -q "os error 5" deno.txt
[ "$(cat bun.txt)" = "went on" ]
