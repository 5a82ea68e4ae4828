/**
 * Token buckets by name: bursts, refills, and a bound on how many names are kept.
 */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Buckets } from "../../src/hub/token_bucket.ts";
import { FakeClock } from "../fakes.ts";

test("a burst, then one token each time a token's time has passed", () => {
  const clock = new FakeClock();
  const buckets = new Buckets({ perSecond: 2, burst: 3 }, { now: clock.now });
  assertEquals([1, 2, 3, 4].map(() => buckets.take("ann")), [0, 0, 0, 500]);
  clock.advance(200);
  assertEquals([buckets.take("ann"), buckets.waitMs("ann"), buckets.waitMs("bob")], [300, 300, 0]);
  clock.advance(300);
  assertEquals([buckets.take("ann"), buckets.take("ann")], [0, 500]);
  clock.advance(60_000);
  assertEquals([1, 2, 3, 4].map(() => buckets.take("ann")), [0, 0, 0, 500]);
});

test("several tokens at once are taken together or not at all, and never more than a bucket holds", () => {
  const clock = new FakeClock();
  const buckets = new Buckets({ perSecond: 10, burst: 100 }, { now: clock.now });
  assertEquals([buckets.take("ann", 60), buckets.take("ann", 60), buckets.take("ann", 40)], [0, 2000, 0]);
  clock.advance(9000);
  assertEquals([buckets.waitMs("ann", 1000), buckets.take("bob", 1000), buckets.take("bob")], [1000, 0, 100]);
});

test("a rate of 0 is no limit", () => {
  const buckets = new Buckets({ perSecond: 0, burst: 1 });
  assertEquals([1, 2, 3].map(() => buckets.take("ann")), [0, 0, 0]);
  assertEquals(buckets.size, 0);
});

test("of too many names the one silent longest is forgotten", () => {
  const clock = new FakeClock();
  const buckets = new Buckets({ perSecond: 1, burst: 1 }, { now: clock.now, namesKept: 2 });
  buckets.take("ann");
  buckets.take("bob");
  buckets.take("cat");
  assertEquals(buckets.size, 2);
  assertEquals([buckets.waitMs("ann"), buckets.waitMs("bob"), buckets.waitMs("cat")], [0, 1000, 1000]);
});
