/** Text on its way out: never half a character. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { quote } from "../../src/dialects/frame.ts";
import { cutText, toWellFormedJson } from "../../src/unicode.ts";

test("a text is cut between two characters", () => {
  assertEquals(["ab🎉", "a🎉b", "🎉🎉", "abc", "abcd"].map((text) => cutText(text, 3)), [
    "ab",
    "a🎉",
    "🎉",
    "abc",
    "abc",
  ]);
});

test("halves of a pair become the unknown character, in keys too, and everything else stays as it is", () => {
  const value = { "k\ud83d": ["\udf89", "a\ud800b", "🎉", "\\ud800", "\\\\ud83d", '\u2028"\n'] };
  const expected = { "k\ufffd": ["\ufffd", "a\ufffdb", "🎉", "\\ud800", "\\\\ud83d", '\u2028"\n'] };
  assertEquals(JSON.parse(toWellFormedJson(value)), expected);
});

test("a stranger's word is quoted up to a whole character", () => {
  assertEquals(quote(`${"n".repeat(39)}🎉`), `"${"n".repeat(39)}…"`);
  assertEquals(quote("\ud83c"), '"\ufffd"');
});
