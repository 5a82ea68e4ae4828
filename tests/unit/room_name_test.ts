/** Which names a room can have, and which of them are the server's. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { isRoomName, typeOfRoom } from "../../src/room_name.ts";

test("a room's name has 1 to 255 characters", () => {
  assertEquals(["", "a", "x".repeat(255), "x".repeat(256)].map(isRoomName), [false, true, true, false]);
});

test("a room's name has no control characters", () => {
  const names = ["a\u0000", "\t", "a\nb", "\u001f", "\u007f", "\u0080", "a\u009fb"];
  assertEquals(names.filter(isRoomName), []);
});

test("a room's name is well-formed text", () => {
  assertEquals(["\ud83d\ude00", "\ud83d", "\ude00", "a\ud800b"].map(isRoomName), [true, false, false, false]);
});

test("nobody's room is called like everybody", () => {
  assertEquals(["*", "**", "*a", " *"].map(isRoomName), [false, true, true, true]);
});

test("slashes, spaces and names of JavaScript's own are names like others", () => {
  const names = ["a/b", "a b", "user:7", "__proto__", "constructor", "ünïcödé", "\u2028"];
  assertEquals(names.filter(isRoomName), names);
});

test("the prefix says whose room it is", () => {
  const names = ["user:7", "user:", "group:fleet", "presence:7", "thread:5", "users:7", "User:7", "lobby"];
  const types = ["personal", "personal", "group", "presence", "custom", "custom", "custom", "custom"];
  assertEquals(names.map(typeOfRoom), types);
});
