/** What history says it weighs is what it holds of the heap, within half as much again, whatever the messages are like. */
import process from "node:process";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assert, assertEquals } from "@std/assert";
import { MemoryHistory } from "../../src/brokers/memory/history.ts";
import { IdSource } from "../../src/id.ts";
import type { MessageEvent } from "../../src/message.ts";

const BYTES = 3_000_000;
const STEADY_BYTES = 50_000;
const WITHIN = 1.5;

let count = 0;
const unique = () => `k${(++count).toString(36)}`;
const object = (keys: number, key: (n: number) => string) =>
  Object.fromEntries(Array.from({ length: keys }, (_, n) => [key(n), n]));

/** As JSON, as clients send it. */
const MESSAGES: Record<string, () => unknown> = {
  "a line of chat": () => ({ text: `nobody knows how much this weighs ${++count}` }),
  "a text that is not Latin": () => ({ text: "ж".repeat(1000) + ++count }),
  "a few keys": () => object(5, (n) => `key${n}`),
  "many keys, always the same": () => object(500, (n) => `key${n}`),
  "many keys, never the same": () => object(200, unique),
  "keys that are numbers": () => object(200, (n) => String(n * 7)),
  "many small objects": () => Array.from({ length: 100 }, () => ({ a: {} })),
  "numbers": () => Array.from({ length: 200 }, Math.random),
  "a bare string": () => "é".repeat(500) + ++count,
};

/** Used when there is nothing left to collect. */
async function heapBytes(): Promise<number> {
  for (let used = Infinity;;) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = process.memoryUsage().heapUsed;
    if (now > used - STEADY_BYTES) return now;
    used = now;
  }
}

const { Bun } = globalThis as { Bun?: { gc(now: boolean): void } };
if (!Bun) setFlagsFromString("--expose-gc");
const collect: () => void = Bun ? () => Bun.gc(true) : runInNewContext("gc");

function append(history: MemoryHistory, ids: IdSource, make: () => unknown): void {
  const data = JSON.parse(JSON.stringify(make()));
  const from = { connection: ids.next(), user: unique(), name: unique() };
  const event: MessageEvent = { kind: "message", id: ids.next(), timestamp: Date.now(), from, data };
  history.append(`room${count % 20}`, event, { size: 100_000, ttlMs: 1e9 });
}

for (const [name, make] of Object.entries(MESSAGES)) {
  test(`history: it knows what it holds of ${name}`, { timeout: 60_000 }, async () => {
    const ids = new IdSource();
    const history = new MemoryHistory(1e12);
    for (let n = 0; n < 200; n++) append(history, ids, make);
    const [before, weighed] = [await heapBytes(), history.bytes];
    while (history.bytes - weighed < BYTES) append(history, ids, make);
    const ratio = (await heapBytes() - before) / (history.bytes - weighed);
    assert(ratio < WITHIN && ratio > 1 / WITHIN, `it holds ${ratio.toFixed(2)} times what it says`);
    assert(history.rooms > 0, "it is still there");
  });
}

test("history: what was said comes back as it was, whatever it is", () => {
  const history = new MemoryHistory(1e12);
  const said: unknown[] = [
    ...["text", "", 7, 1.5, null, true, [], {}, { text: "a" }, { text: 1 }, { text: "a", more: [1, { b: null }] }],
    ...[{ more: 1 }, ["a", ["b"]], { "": "" }, JSON.parse('{"__proto__":{"text":"x"}}')],
  ];
  const ids = new IdSource();
  for (const data of said) {
    const event: MessageEvent = {
      kind: "message",
      id: ids.next(),
      timestamp: 1,
      from: { connection: "c", name: "n" },
      data,
    };
    history.append("r", event, { size: 100, ttlMs: 1e9 });
  }
  const file = { name: "f", data: new Uint8Array([0, 255, 128]), list: [new Uint8Array([1])] };
  const from = { connection: "c", name: "n" };
  const event: MessageEvent = { kind: "message", id: ids.next(), timestamp: 1, from, data: file, binary: true };
  history.append("r", event, { size: 100, ttlMs: 1e9 });
  const { messages } = history.read("r", { limit: 100 });
  assertEquals(messages.map(({ data }) => data), [...said, file]);
  assertEquals(messages.at(-1)?.binary, true);
});
