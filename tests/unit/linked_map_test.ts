/** The map that knows its oldest entry: order, renewal, deletion in every place, and a walk that deletes. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { LinkedMap } from "../../src/linked_map.ts";

function filled(...keys: string[]): LinkedMap<string, number> {
  const map = new LinkedMap<string, number>();
  for (const [at, key] of keys.entries()) map.set(key, at);
  return map;
}

function keysOf(map: LinkedMap<string, number>): string[] {
  return [...map].map(({ key }) => key);
}

test("setting again makes an entry the newest, getting does not", () => {
  const map = filled("a", "b", "c");
  map.set("a", 7);
  map.set("a", 8);
  assertEquals([map.get("a"), map.get("b"), map.has("c"), map.get("x")], [8, 1, true, undefined]);
  assertEquals([keysOf(map), map.oldest?.key, map.size], [["b", "c", "a"], "b", 3]);
});

for (const [gone, left] of [["a", "b c"], ["b", "a c"], ["c", "a b"]] as const) {
  test(`without "${gone}" the others keep their order`, () => {
    const map = filled("a", "b", "c");
    assertEquals([map.delete(gone), map.delete(gone)], [true, false]);
    map.set("d", 3);
    assertEquals([keysOf(map).join(" "), map.size], [`${left} d`, 3]);
  });
}

test("an emptied map begins anew", () => {
  const map = filled("a");
  map.delete("a");
  assertEquals([map.oldest, map.size], [undefined, 0]);
  map.set("b", 1);
  map.clear();
  assertEquals([map.oldest, keysOf(map)], [undefined, []]);
  map.set("c", 2);
  assertEquals([map.oldest?.value, keysOf(map)], [2, ["c"]]);
});

test("a walk may delete the entry at hand", () => {
  const map = filled("a", "b", "c", "d");
  for (const { key, value } of map) if (value % 2 === 0) map.delete(key);
  assertEquals(keysOf(map), ["b", "d"]);
});

test("taking out the oldest of many, over and over, keeps the order", () => {
  const map = new LinkedMap<number, number>();
  for (let n = 0; n < 10_000; n++) map.set(n, n);
  for (let n = 10_000; n < 60_000; n++) {
    map.set(n, n);
    assertEquals(map.oldest!.key, n - 10_000);
    map.delete(map.oldest!.key);
  }
  assertEquals(map.size, 10_000);
});
