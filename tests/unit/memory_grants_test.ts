/** Decisions in memory are bounded: the longest untouched go. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { MemoryGrants } from "../../src/brokers/memory/grants.ts";

test("of a user's group changes the longest untouched go", () => {
  const grants = new MemoryGrants();
  for (let n = 0; n < 1_000; n++) grants.setGroup("ann", `g${n}`, true);
  grants.setGroup("ann", "g0", false);
  grants.setGroup("ann", "one too many", true);
  const groups = grants.groups("ann");
  assertEquals([groups.g0, groups.g1, groups.g2, groups["one too many"]], [false, undefined, true, true]);
  assertEquals(Object.keys(groups).length, 1_000);
});

test("of users the longest untouched go, with their groups and their blocks", () => {
  let now = 0;
  const grants = new MemoryGrants(() => now);
  for (let n = 0; n < 100_000; n++) {
    grants.setGroup(`u${n}`, "g", true);
    grants.block(`u${n}`, 1_000);
  }
  grants.setGroup("u0", "h", true);
  grants.setGroup("new", "g", true);
  grants.block("new", 2_000);
  assertEquals([grants.groups("u0"), grants.groups("u1"), grants.groups("u2")], [{ g: true, h: true }, {}, {
    g: true,
  }]);
  assertEquals([grants.blockedFor("u0"), grants.blockedFor("u1"), grants.blockedFor("new")], [0, 1_000, 2_000]);
  now = 1_500;
  grants.sweep();
  assertEquals([grants.blockedFor("u1"), grants.blockedFor("new")], [0, 500]);
});
