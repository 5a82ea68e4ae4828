#!/usr/bin/env bash
# A slow `before` hook of node:test has a time-out option. Bun does not look at it.
#
# Versions: npm bun 1.4.5, npm deno 2.9.6, Node of the machine (seen with 20.20).
# Behaviour: `before(fn, { timeout: 20_000 })` whose function takes 1.5 s passes on Deno. `bun test --timeout=1000` ends
#   the hook after 1 s, the time-out of tests, and skips every test of the file. A test's own `{ timeout }` is honoured.
# Seen: bun: a beforeEach/afterEach hook timed out before its done callback was called … 0 pass 1 fail
#       deno: ok | 1 passed | 0 failed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true,"type":"module"}' >package.json
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6
cat >hook_test.ts <<'TS'
import { before, test } from "node:test";
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
before(async () => await wait(1500), { timeout: 20_000 });
test("a test of its own time", { timeout: 20_000 }, async () => await wait(1500));
TS
bun=$(NO_COLOR=1 ./node_modules/.bin/bun test --timeout=1000 ./hook_test.ts 2>&1) && exit 1
grep -q "hook timed out" <<<"$bun"
grep -q " 0 pass" <<<"$bun"
deno=$(NO_COLOR=1 ./node_modules/.bin/deno test --no-check --allow-all hook_test.ts 2>&1)
grep -q "1 passed | 0 failed" <<<"$deno"
echo "as described: Bun ended the hook after the time of tests, Deno let it finish"
