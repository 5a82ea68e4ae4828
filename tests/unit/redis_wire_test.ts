/** What travels through Redis: bytes survive, invalid are told apart, and addresses are read without repeating secrets. */
import { test } from "node:test";
import { Buffer } from "node:buffer";
import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import type { RoutedEvent } from "../../src/broker.ts";
import { nameOf, readLocation } from "../../src/brokers/redis/address.ts";
import { Keys } from "../../src/brokers/redis/keys.ts";
import { decodeRouted, encodeId, encodeRouted, readReceived } from "../../src/brokers/cluster/wire.ts";
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
    [{ ...good, event: { ...good.event, from: {} } }, "is not a member"],
    [{ ...good, event: { ...good.event, id: 5 } }, "no id"],
    [{ ...good, bytes: [[["data", "x"], "AAAA"]] }, "no place"],
    [{ ...good, bytes: [[["__proto__", "x"], "AAAA"]] }, "no place"],
    [5, "not an object"],
    [null, "not an object"],
  ];
  for (const [value, reason] of cases) assertThrows(() => decodeRouted(JSON.stringify(value), "r"), Error, reason);
  assertThrows(() => decodeRouted("{", "r"), SyntaxError);
});

test("a received event is split at its first three spaces", () => {
  assertEquals(readReceived("e 7 id {a b}"), { epoch: "e", offset: 7, isKept: true, id: "id", json: "{a b}" });
  const behind = { epoch: "e", offset: 7, isKept: false, id: "id", json: "{}" };
  assertEquals(readReceived("e >7 id {}"), behind);
  assertEquals(readReceived("e >7 id "), { ...behind, json: "" });
  assertEquals(readReceived("- 0 id {}"), { ...behind, epoch: undefined, offset: 0 });
  for (const id of ["two words", "50%", "é\n", ""]) {
    assertEquals(readReceived(`- 0 ${encodeId(id)} {}`)?.id, id);
  }
  assertEquals(readReceived("- 0 50% {}"), undefined, "not an id as nodes write it");
  for (
    const text of [
      "",
      "hello",
      "a b c d",
      "e 1.5 id {}",
      "e -1 id {}",
      "e >-1 id {}",
      "e >x id {}",
      " 1 id {}",
      "e 1 id",
    ]
  ) {
    assertEquals(readReceived(text), undefined, text);
  }
});

test("addresses are read whole, and refused without their password", () => {
  assertEquals(readLocation("redis://u%40:p%3A@h:7/3"), {
    addresses: [{ host: "h", port: 7, username: "u@", password: "p:", db: 3, secure: false }],
  });
  const [one, two] = readLocation("rediss://[::1],redis://b:9").addresses;
  assertEquals([one?.host, one?.port, one?.secure, two?.port], ["::1", 6379, true, 9]);
  assertEquals([one, two].map((each) => nameOf(each!)), ["[::1]:6379", "b:9"]);
  for (const url of ["", "http://h", "redis://", "localhost:6379", "redis://h/x", "redis://secret@h:99999"]) {
    const error = assertThrows(() => readLocation(url), ParleyError, "REDIS_URL");
    assertFalse(error.message.includes("secret"));
  }
});

test("sentinels are read with the master they know, and what is for Redis itself", () => {
  const common = { username: "u", password: "p@", db: 2, secure: false };
  assertEquals(readLocation("redis+sentinel://u:p%40@a:7,b,[::1]:9/the%20master/2"), {
    addresses: [{ host: "a", port: 7, ...common }, { host: "b", port: 26379, ...common }, {
      host: "::1",
      port: 9,
      ...common,
    }],
    master: "the master",
  });
  const [{ username, db } = { username: "", db: -1 }] = readLocation("redis+sentinel://a/m").addresses;
  assertEquals([username, db], [undefined, 0]);
  for (const tail of ["", "/", "h", "h/", "h,/m", "h/m/x", "h/m/0/more", "h:99999/m", "secret@h"]) {
    const error = assertThrows(() => readLocation(`redis+sentinel://${tail}`), ParleyError, "REDIS_URL");
    assertFalse(error.message.includes("secret"));
  }
});

test("no name of one kind meets one of another in Redis, nor does a channel one of another database", () => {
  const names = [
    "members",
    "meta",
    "status",
    "nodes",
    "leases",
    "run",
    "a",
    "{a}",
    "events",
    "ids",
    "1",
    "",
    "control",
  ];
  const seen = new Map<string, string>();
  const add = (key: string, what: string) => {
    assertEquals(seen.get(key) ?? what, what, key);
    seen.set(key, what);
  };
  const keys = new Keys("p");
  const other = new Keys("p", 1);
  for (const name of names) {
    const room = keys.room(name);
    for (const part of ["meta", "log", "members", "users"] as const) add(room[part], `${part} of room ${name}`);
    for (const inner of names) add(room.once(name, inner), `once ${name} ${inner}`);
    add(keys.status(name), `status of ${name}`);
    for (const [at, key] of keys.inbox(name).entries()) add(key, `inbox ${at} of ${name}`);
    add(keys.groups(name), `groups of ${name}`);
    add(keys.block(name), `block of ${name}`);
    add(keys.roomsOf(name), `rooms of lease ${name}`);
    for (const [db, of] of [keys, other].entries()) {
      add(of.room(name).events, `channel of ${name} in ${db}`);
      add(of.control(name), `orders to ${name} in ${db}`);
    }
  }
  for (const part of ["leases", "reaping", "run"] as const) add(keys[part], part);
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
