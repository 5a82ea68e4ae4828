/**
 * The rules for rooms in the CONFIG file: how they are completed, and what is said of a wrong one.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { configOf, problemsOf } from "./settings_given.ts";

test("config: a room rule is completed from the settings, the rooms no rule matches have one too", () => {
  const rooms = [
    { match: "thread:*", join: "authenticated", history: { size: 10 }, maxMembers: 200 },
    { match: "lobby", history: { size: 5, ttl: "1m30s" }, publish: "nobody", presence: false },
    { match: "silent", history: false },
    { match: "empty", history: { size: 0 }, coalesce: "4ms" },
  ];
  const config = configOf({ env: { HISTORY_SIZE: "50", HISTORY_TTL: "2h" }, file: { rooms } });
  const standard = { join: "anyone", publish: "member", presence: true, maxMembers: 0 } as const;
  assertEquals(config.rooms, [
    { ...standard, match: "thread:*", join: "authenticated", maxMembers: 200, history: { size: 10, ttlMs: 7_200_000 } },
    { ...standard, match: "lobby", publish: "nobody", presence: false, history: { size: 5, ttlMs: 90_000 } },
    { ...standard, match: "silent" },
    { ...standard, match: "empty", coalesceMs: 4 },
  ]);
  assertEquals(config.defaultRoom, { ...standard, match: "*", history: { size: 50, ttlMs: 7_200_000 } });
  assertEquals(configOf({ env: { HISTORY_SIZE: "0" } }).defaultRoom.history, undefined);
});

test("config: what is wrong with a room rule is said with its place", () => {
  assertEquals(problemsOf({ file: { rooms: {} } }), ["rooms: expected a list of rules, got {}"]);
  assertEquals(
    problemsOf({
      file: {
        rooms: [{ match: "a", history: { size: 1, ttl: "soon" } }, { match: "b", maxMembers: -1 }, 3, {
          match: "c",
          coalesce: "1s",
        }],
      },
    }),
    [
      'rooms[0].history.ttl: expected a duration of at least 1s, such as 1h, got "soon"',
      "rooms[1].maxMembers: expected a whole number from 0 on, got -1",
      'rooms[2]: expected a rule such as {"match":"thread:*"}, got 3',
      'rooms[3].coalesce: expected a duration from 1ms to 100ms, got "1s"',
    ],
  );
});

test("config: what is wrong inside of a rule's history is said of that field", () => {
  const said = (history: unknown) => problemsOf({ file: { rooms: [{ match: "a", history }] } });
  const whole = "expected a whole number from 0 to 100000";
  assertEquals(said({ size: -1 }), [`rooms[0].history.size: ${whole}, got -1`]);
  assertEquals(said({ size: "9" }), [`rooms[0].history.size: ${whole}, got "9"`]);
  assertEquals(said({ size: -1, ttl: 60 }), [
    `rooms[0].history.size: ${whole}, got -1`,
    "rooms[0].history.ttl: expected a duration of at least 1s, such as 1h, got 60",
  ]);
  assertEquals(said({ sise: 1 }), ["rooms[0].history.sise: there is no such field, did you mean size?"]);
  for (const odd of [true, 100, "1h", null]) {
    const expected = 'expected false or {"size":100,"ttl":"1h"}';
    assertEquals(said(odd), [`rooms[0].history: ${expected}, got ${JSON.stringify(odd)}`]);
  }
});
