/** Who may join and publish: the first rule that matches, the reserved rooms before it, the token's rooms beside it. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { ParleyError } from "../../src/errors.ts";
import type { Identity } from "../../src/message.ts";
import { matches, Permissions } from "../../src/policies/rules.ts";

const GUEST = undefined;
const EVE: Identity = { user: "eve", id: "eve", name: "Eve", groups: [], rooms: ["staff", "team:*"], roles: [] };

const { rooms, defaultRoom } = defaultConfig({
  jwtSecret: "x".repeat(32),
  rooms: [
    { match: "staff", join: "listed", publish: "authenticated" },
    { match: "team:*", join: "listed" },
    { match: "team:open", join: "anyone" },
    { match: "news*", join: "authenticated", publish: "nobody", history: false },
    { match: "vault", join: "nobody", publish: "anyone" },
  ],
});
const permissions = new Permissions(rooms, defaultRoom);

function verdict(check: () => void): string {
  try {
    check();
    return "yes";
  } catch (error) {
    if (error instanceof ParleyError) return error.code;
    throw error;
  }
}

test("joins", () => {
  const rows: [string, Identity | undefined, string][] = [
    ["lobby", GUEST, "yes"],
    ["staff", GUEST, "unauthorized"],
    ["staff", EVE, "yes"],
    ["staff", { ...EVE, rooms: [] }, "forbidden"],
    ["staff", { ...EVE, rooms: ["*"] }, "yes"],
    ["team:a", EVE, "yes"],
    // The first rule that matches decides, however open a later one is.
    ["team:open", GUEST, "unauthorized"],
    ["newsroom", GUEST, "unauthorized"],
    ["newsroom", EVE, "yes"],
    ["vault", GUEST, "forbidden"],
    ["vault", { ...EVE, rooms: ["*"] }, "forbidden"],
    ["user:eve", EVE, "forbidden"],
    ["group:crew", { ...EVE, rooms: ["*", "group:crew"] }, "forbidden"],
    ["presence:eve", GUEST, "forbidden"],
  ];
  for (const [room, identity, expected] of rows) {
    assertEquals([room, verdict(() => permissions.checkJoin(room, { identity }))], [room, expected]);
  }
});

test("publishing", () => {
  const rows: [string, Identity | undefined, boolean, string][] = [
    ["lobby", GUEST, true, "yes"],
    ["lobby", EVE, false, "not_joined"],
    ["staff", EVE, false, "yes"],
    ["staff", GUEST, true, "unauthorized"],
    ["newsroom", EVE, true, "forbidden"],
    ["vault", GUEST, false, "yes"],
    ["group:crew", EVE, true, "yes"],
    ["group:crew", EVE, false, "not_joined"],
    ["user:eve", EVE, true, "forbidden"],
    ["presence:eve", EVE, true, "forbidden"],
  ];
  for (const [room, identity, joined, expected] of rows) {
    assertEquals([room, verdict(() => permissions.checkPublish(room, { identity, joined }))], [room, expected]);
  }
});

test("reserved rooms keep nothing and tell nobody, rules or not; others as their rule says", () => {
  for (const room of ["user:a", "group:a", "presence:a"]) {
    const { history, presence } = permissions.ruleOf(room);
    assertEquals([history, presence], [undefined, false]);
  }
  assertEquals(permissions.ruleOf("news").history, undefined);
  assertEquals(permissions.ruleOf("lobby").history, { size: 100, ttlMs: 3_600_000 });
});

test("a pattern is a name or a prefix", () => {
  const rows: [string, string, boolean][] = [
    ["a", "a", true],
    ["a", "ab", false],
    ["a*", "ab", true],
    ["a*", "a", true],
    ["*", "anything", true],
    ["a:*", "a", false],
  ];
  for (const [pattern, room, expected] of rows) assertEquals(matches(pattern, room), expected);
});
