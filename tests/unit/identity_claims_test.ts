/**
 * What a good token says: the table of claims, and the tokens of demo mode.
 */
import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ParleyError } from "../../src/errors.ts";
import { identityOf } from "../../src/verifiers/claims.ts";
import { DemoVerifier } from "../../src/verifiers/demo.ts";

const WHO = { name: "1", groups: [], rooms: [], roles: [] };

const CLAIMS: [what: string, claims: Record<string, unknown>, identity: Record<string, unknown>][] = [
  ["the id is sub before userId, user_id and id", { id: "d", user_id: "c", userId: "b", sub: "a" }, {
    user: "a",
    id: "a",
  }],
  ["userId before user_id", { id: "d", user_id: "c", userId: "b" }, { user: "b", id: "b" }],
  ["user_id before id", { id: "d", user_id: "c" }, { user: "c", id: "c" }],
  ["id last", { id: "d" }, { user: "d", id: "d" }],
  ["an empty id is none", { sub: "", userId: null, id: 7 }, { user: "7", id: 7 }],
  ["a number stays one", { sub: 42 }, { user: "42", id: 42, name: "42" }],
  ["zero is an id", { sub: 0 }, { user: "0", id: 0 }],
  ["the name is the id if nothing names it", { sub: "a" }, { name: "a" }],
  ["name before username and character_name", { sub: "a", character_name: "C", username: "B", name: "A" }, {
    name: "A",
  }],
  ["username before character_name", { sub: "a", character_name: "C", username: "B", name: "" }, { name: "B" }],
  ["character_name last", { sub: "a", character_name: "C", name: 3 }, { name: "C" }],
  ["a long name is cut", { sub: "a", name: "n".repeat(500) }, { name: "n".repeat(128) }],
  ["a long name is cut between characters", { sub: "a", name: `${"n".repeat(127)}🎉` }, { name: "n".repeat(127) }],
  ["half a character in a name is told as one that is unknown", { sub: "a", name: "n\ud83c" }, { name: "n\ufffd" }],
  ["an id may be as long as a room's name", { sub: "a".repeat(255) }, { user: "a".repeat(255) }],
  ["email", { sub: "a", email: "a@example.com" }, { email: "a@example.com" }],
  ["groups are names, numbers or objects", { sub: "a", groups: ["g", 5, { id: "h", name: "H" }, { id: 6 }] }, {
    groups: [{ id: "g" }, { id: "5" }, { id: "h", name: "H" }, { id: "6" }],
  }],
  ["what is no group is left out", {
    sub: "a",
    groups: [null, true, "", {}, { id: "" }, "x".repeat(250), "a\nb", ["n"]],
  }, { groups: [] }],
  ["groups that are no list are one group", { sub: "a", groups: "fleet" }, { groups: [{ id: "fleet" }] }],
  ["rooms are names and prefixes", { sub: "a", rooms: ["lobby", "team:*", "*", "", 3, "a\u0000b"] }, {
    rooms: ["lobby", "team:*", "*"],
  }],
  ["roles and role are one list", { sub: "a", roles: ["x", 1], role: "admin" }, { roles: ["x", "admin"] }],
  ["exp is the end, in milliseconds", { sub: "a", exp: 1000.5 }, { expiresAtMs: 1_000_500 }],
];

for (const [what, claims, expected] of CLAIMS) {
  test(`claims: ${what}`, () => {
    const identity: Record<string, unknown> = { ...identityOf(claims) };
    const asked = Object.fromEntries(Object.keys(expected).map((key) => [key, identity[key]]));
    assertEquals(asked, expected);
  });
}

test("claims: what is absent in the token is absent in the identity", () => {
  assertEquals({ ...identityOf({ sub: 1 }) }, { ...WHO, user: "1", id: 1 });
});

test("claims: a number that JSON cannot hold exactly is no id, neither of the user nor of a group", () => {
  const inexact = ["9007199254740992", "9007199254740993", "-9007199254740993", "1e400", "-1e400", "1.5", "1e-7"];
  for (const digits of inexact) {
    for (const payload of [`{"sub":${digits}}`, `{"sub":"","id":${digits}}`]) {
      const error = assertThrows(() => identityOf(JSON.parse(payload)), ParleyError, "write it as a string");
      assertEquals([error.code, /^Invalid token: its user id /.test(error.message)], ["unauthorized", true], payload);
    }
    for (const group of [digits, `{"id":${digits},"name":"G"}`]) {
      const claims = JSON.parse(`{"sub":"ann","groups":["fleet",${group}]}`);
      const error = assertThrows(() => identityOf(claims), ParleyError, "write it as a string");
      assertEquals([error.code, /^Invalid token: the id of a group /.test(error.message)], ["unauthorized", true]);
    }
  }
  for (const exact of [9007199254740991, -9007199254740991, 1]) {
    const { user, id, groups } = identityOf({ sub: exact, groups: [exact] });
    assertEquals([user, id, groups], [String(exact), exact, [{ id: String(exact) }]]);
  }
});

test("claims: minus zero is zero", () => {
  const { user, id, groups } = identityOf(JSON.parse('{"sub":-0,"groups":[-0]}'));
  assertEquals([user, Object.is(id, 0), groups], ["0", true, [{ id: "0" }]]);
});

test("claims: an id that can name no room makes the token invalid", () => {
  for (const sub of ["*", "a\nb", "x".repeat(256), "\ud800", {}, [], true, NaN]) {
    assertEquals(assertThrows(() => identityOf({ sub }), ParleyError).code, "unauthorized", String(sub));
  }
  for (const claims of [{}, { sub: "" }, { name: "alice" }]) {
    assertThrows(() => identityOf(claims), ParleyError, "it has none of sub, userId, user_id, id");
  }
});

// ---- demo mode ----

test("demo: its tokens are good for this run only, and carry no roles and no rooms", async () => {
  const [one, other] = [
    await DemoVerifier.create(),
    await DemoVerifier.create(),
  ];
  const token = await one.issue({ user: "visitor", name: "Visitor", groups: ["demo"], ttlMs: 60_000 });
  const identity = await one.verify(token);
  assertEquals([identity.user, identity.name, identity.groups, identity.roles], [
    "visitor",
    "Visitor",
    [{ id: "demo" }],
    [],
  ]);
  assertEquals((await assertRejects(() => other.verify(token), ParleyError)).code, "unauthorized");
  const content = { user: "v", roles: ["admin"], rooms: ["*"], ttlMs: 60_000 };
  const visitor = await one.verify(await one.issue(content));
  assertEquals([visitor.roles, visitor.rooms], [[], []]);
});
