/** Who may join, read and publish: the first rule that matches, the reserved rooms before it, the token's rooms beside it. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import type { Identity } from "../../src/message.ts";
import { isPromise, type MaybePromise } from "../../src/maybe.ts";
import { PolicyChain } from "../../src/policies/chain.ts";
import { matches, RoomRules } from "../../src/policies/rules.ts";
import type { Asker, Verdict } from "../../src/policy.ts";

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
const rules = new RoomRules(rooms, defaultRoom);
const policies = new PolicyChain({ rules });

function asker(identity?: Identity, joined = false): Asker {
  const member = { connection: "c", name: "c" };
  const dialect = { name: "kebab" };
  return { id: "c", identity, member, dialect, rooms: [], address: "::1", createdAt: 0, isIn: () => joined };
}

/** Rules and reserved rooms answer at once. */
function said(verdict: MaybePromise<Verdict>): string {
  if (isPromise(verdict)) throw new Error("nothing here waits");
  return verdict.allow ? "yes" : `${verdict.code} by ${verdict.by}`;
}

test("joins, and looks from outside", () => {
  const rows: [string, Identity | undefined, string][] = [
    ["lobby", GUEST, "yes"],
    ["staff", GUEST, "unauthorized by rule"],
    ["staff", EVE, "yes"],
    ["staff", { ...EVE, rooms: [] }, "forbidden by rule"],
    ["staff", { ...EVE, rooms: ["*"] }, "yes"],
    ["team:a", EVE, "yes"],
    // The first rule that matches decides, however open a later one is.
    ["team:open", GUEST, "unauthorized by rule"],
    ["newsroom", GUEST, "unauthorized by rule"],
    ["newsroom", EVE, "yes"],
    ["vault", GUEST, "forbidden by rule"],
    ["vault", { ...EVE, rooms: ["*"] }, "forbidden by rule"],
    ["user:eve", EVE, "forbidden by reserved"],
    ["group:crew", { ...EVE, rooms: ["*", "group:crew"] }, "forbidden by reserved"],
    ["presence:eve", GUEST, "forbidden by reserved"],
  ];
  for (const [room, identity, expected] of rows) {
    assertEquals([room, said(policies.join(asker(identity), room, {}))], [room, expected]);
    assertEquals([room, said(policies.read(asker(identity), room, "history"))], [room, expected]);
  }
});

test("publishing", () => {
  const rows: [string, Identity | undefined, boolean, string][] = [
    ["lobby", GUEST, true, "yes"],
    ["lobby", EVE, false, "not_joined by rule"],
    ["staff", EVE, false, "yes"],
    ["staff", GUEST, true, "unauthorized by rule"],
    ["newsroom", EVE, true, "forbidden by rule"],
    ["vault", GUEST, false, "yes"],
    ["group:crew", EVE, true, "yes"],
    ["group:crew", EVE, false, "not_joined by reserved"],
    ["user:eve", EVE, true, "forbidden by reserved"],
    ["presence:eve", EVE, true, "forbidden by reserved"],
  ];
  for (const [room, identity, joined, expected] of rows) {
    const message = { kind: "publish" as const, target: { room }, data: 1 };
    assertEquals([room, said(policies.publish(asker(identity, joined), { room }, message))], [room, expected]);
    // To somebody the room is only context.
    assertEquals(said(policies.publish(asker(identity, joined), { room, to: "kim" }, message)), "yes");
  }
});

test("reserved rooms keep nothing and tell nobody, rules or not; others as their rule says", () => {
  for (const room of ["user:a", "group:a", "presence:a"]) {
    const { history, presence } = rules.ruleOf(room);
    assertEquals([history, presence], [undefined, false]);
  }
  assertEquals(rules.ruleOf("news").history, undefined);
  assertEquals(rules.ruleOf("lobby").history, { size: 100, ttlMs: 3_600_000 });
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
