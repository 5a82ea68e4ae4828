/** What travels through Redis: bytes survive, strangers are told apart, and addresses are read without repeating secrets. */
import { test } from "node:test";
import { Buffer } from "node:buffer";
import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import type { RoutedEvent } from "../../src/broker.ts";
import { nameOf, readAddresses } from "../../src/brokers/redis/address.ts";
import { Keys } from "../../src/brokers/redis/keys.ts";
import { decodeRouted, encodeId, encodeRouted, readArrival } from "../../src/brokers/wire.ts";
import { ParleyError } from "../../src/errors.ts";

const FROM = { connection: "c", name: "n" };

function routed(data: unknown, binary?: boolean): RoutedEvent {
  return { room: "r", event: { kind: "message", id: "i", timestamp: 1, room: "r", from: FROM, data, binary } };
}

test("bytes travel wherever they are, and nothing is mistaken for them", () => {
  const samples: unknown[] = [
    new Uint8Array([1, 2, 3]),
    [new Uint8Array(), "x", [new Uint8Array([255])]],
    { a: { "b.c": new Uint8Array([7]) }, bytes: [["data"], "AAAA"], v: 9 },
    Buffer.from("from a buffer"),
    new Uint8Array([9, 8, 7, 6]).subarray(1, 3),
    JSON.parse('{"__proto__": {"x": 1}}'),
  ];
  for (const data of samples) {
    const { event } = decodeRouted(encodeRouted(routed(data, true)), "r");
    const expected = Buffer.isBuffer(data) ? new Uint8Array(data) : data;
    assertEquals("data" in event && event.data, expected);
  }
});

test("data that only looks like bytes stays what it is", () => {
  const data = { bytes: [[["data"], "AAAA"]], $: null };
  const { event } = decodeRouted(encodeRouted(routed(data)), "r");
  assertEquals("data" in event && event.data, data);
});

test("who is left out and whom it is for travels along", () => {
  const told = { ...routed("x"), except: "c", only: "kebab" };
  assertEquals(decodeRouted(encodeRouted(told), "r"), JSON.parse(JSON.stringify(told)));
});

test("what is not ours is refused with a reason", () => {
  const good = JSON.parse(encodeRouted(routed("x")));
  const cases: [unknown, string][] = [
    [{ ...good, v: 2 }, "version is 2"],
    [{ ...good, v: undefined }, "version"],
    [{ ...good, room: "other" }, "for room"],
    [{ ...good, event: 5 }, "no event"],
    [{ ...good, event: { ...good.event, kind: "constructor" } }, "no event"],
    [{ ...good, event: { ...good.event, from: {} } }, "nobody"],
    [{ ...good, event: { ...good.event, id: 5 } }, "no id"],
    [{ ...good, bytes: [[["data", "x"], "AAAA"]] }, "no place"],
    [{ ...good, bytes: [[["__proto__", "x"], "AAAA"]] }, "no place"],
    [5, "no object"],
    [null, "no object"],
  ];
  for (const [value, reason] of cases) assertThrows(() => decodeRouted(JSON.stringify(value), "r"), Error, reason);
  assertThrows(() => decodeRouted("{", "r"), SyntaxError);
});

test("an arrival is split at its first three spaces", () => {
  assertEquals(readArrival("e 7 id {a b}"), { epoch: "e", offset: 7, id: "id", json: "{a b}" });
  assertEquals(readArrival("- 0 id {}"), { epoch: undefined, offset: 0, id: "id", json: "{}" });
  for (const id of ["two words", "50%", "é\n", ""]) {
    assertEquals(readArrival(`- 0 ${encodeId(id)} {}`)?.id, id);
  }
  assertEquals(readArrival("- 0 50% {}")?.id, "50%", "as older nodes write it");
  for (const text of ["", "hello", "a b c d", "e 1.5 id {}", "e -1 id {}", " 1 id {}", "e 1 id"]) {
    assertEquals(readArrival(text), undefined, text);
  }
});

test("addresses are read whole, and refused without their password", () => {
  assertEquals(readAddresses("redis://u%40:p%3A@h:7/3"), [
    { host: "h", port: 7, username: "u@", password: "p:", db: 3, secure: false },
  ]);
  const [one, two] = readAddresses("rediss://[::1],redis://b:9");
  assertEquals([one?.host, one?.port, one?.secure, two?.port], ["::1", 6379, true, 9]);
  assertEquals([one, two].map((each) => nameOf(each!)), ["[::1]:6379", "b:9"]);
  for (const url of ["", "http://h", "redis://", "localhost:6379", "redis://h/x", "redis://secret@h:99999"]) {
    const error = assertThrows(() => readAddresses(url), ParleyError, "REDIS_URL");
    assertFalse(error.message.includes("secret"));
  }
});

test("every key of a room is in one slot, whatever the room is called", () => {
  const keys = new Keys("p");
  for (const room of ["a", "a b}/{ü", "{}", "}", "{nodes}"]) {
    const { meta, log, members, users, events } = keys.room(room);
    const all = [meta, log, members, users, events, keys.room(room).once("s }", "k")];
    const tags = new Set(all.map((key) => /\{([^}]+)\}/.exec(key)?.[1]));
    assertEquals(tags, new Set([encodeURIComponent(room)]));
  }
});
