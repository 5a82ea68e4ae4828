#!/usr/bin/env bash
# `deno task` runs a word of the shell, and yet fetches every package of package.json before it, those for development too.
#
# Versions: npm deno 2.9.6, with `nodeModulesDir: none`, an empty cache, and a task that needs no package.
# Behaviour: the task `echo hello` of deno.json downloads `dependencies` and `devDependencies` and writes deno.lock, before
#   it prints anything. A server whose start is a task makes its users wait for the packages of its tests.
# Seen: Download …/left-pad-1.3.0.tgz · Download …/ms-2.1.3.tgz · Task hello echo hello · hello
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir tool project
(cd tool && echo '{"private":true}' >package.json && npm install --silent --no-audit --no-fund deno@2.9.6)
cd project
echo '{"private":true,"dependencies":{"ms":"2.1.3"},"devDependencies":{"left-pad":"1.3.0"}}' >package.json
echo '{"nodeModulesDir":"none","tasks":{"hello":"echo hello"}}' >deno.json
said=$(NO_COLOR=1 DENO_DIR="$folder/cache" ../tool/node_modules/.bin/deno task hello 2>&1)
grep -q "left-pad-1.3.0.tgz" <<<"$said"
grep -q "ms-2.1.3.tgz" <<<"$said"
[ "$(tail -n 1 <<<"$said")" = hello ]
[ -e deno.lock ]
echo "as described: both packages were downloaded for a task that uses none"
