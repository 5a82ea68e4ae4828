/** Ids: short, unique, and telling which node made them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { IdSource, looksLikeId, nodeOf, randomId } from "../../src/id.ts";

test("ids of a node begin with the node, never repeat, and go on past each page of tails", () => {
  const ids = new IdSource();
  const made = Array.from({ length: 10_000 }, () => ids.next());
  assertEquals(new Set(made).size, made.length);
  for (const id of made) assert(looksLikeId(id) && nodeOf(id) === ids.node);
  assertEquals(made, [...made].sort((a, b) => order(a) < order(b) ? -1 : 1));
});

/** In the order of the alphabet, not of the characters' codes. */
function order(id: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return [...id].map((character) => String.fromCharCode(33 + alphabet.indexOf(character))).join("");
}

test("random ids use the whole alphabet and differ", () => {
  const text = Array.from({ length: 200 }, () => randomId(22)).join("");
  assertMatch(text, /^[\w-]+$/);
  assertEquals(new Set(text).size, 64);
  assert(new IdSource().node !== new IdSource().node);
});

test("what has another shape is no id of ours", () => {
  for (const text of ["", "alice", "a".repeat(21), "a".repeat(23), `${"a".repeat(21)} `, `${"a".repeat(21)}é`]) {
    assertEquals([text, looksLikeId(text)], [text, false]);
  }
});
