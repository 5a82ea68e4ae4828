/**
 * Token buckets: bursts, refills and overdrafts of the one number that each is kept as, one by itself, and many by name
 * with a bound on how many are kept.
 */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { overdrawnMs, spend, TokenBucket, TokenBuckets } from "../../src/token_bucket.ts";
import { FakeClock } from "../fakes.ts";

test("a bucket is the time at which it will be full: what is taken beyond its burst overdraws it", () => {
  const rate = { perSecond: 100, burst: 10 };
  const fullAtMs = spend(rate, 10, 5000);
  assertEquals([fullAtMs, overdrawnMs(rate, fullAtMs - 5000)], [5100, 0]);
  const overdrawn = spend(rate, 30, fullAtMs);
  assertEquals([5000, 5250, 5299, 5300].map((now) => overdrawnMs(rate, overdrawn - now)), [300, 50, 1, 0]);
  const unlimited = { perSecond: 0, burst: 1 };
  assertEquals([spend(unlimited, 1e9, 5000), overdrawnMs(unlimited, 1e9)], [5000, 0]);
});

test("a rate that divides nothing evenly still gives the whole burst", () => {
  for (const perSecond of [3, 7, 13, 49, 1 / 60]) {
    const bucket = new TokenBucket({ perSecond, burst: 100 }, { now: new FakeClock().now });
    const waits = Array.from({ length: 101 }, () => bucket.take());
    assertEquals([perSecond, waits.findIndex((waitMs) => waitMs > 0)], [perSecond, 100]);
  }
});

test("a single bucket: what is refused takes nothing", () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, { now: clock.now });
  assertEquals([1, 2, 3, 4, 5].map(() => bucket.take()), [0, 0, 0, 500, 500]);
  clock.advance(500);
  assertEquals([bucket.take(), bucket.take()], [0, 500]);
});

test("by name: a burst, then one token each time a token's time has passed", () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets({ perSecond: 2, burst: 3 }, { now: clock.now });
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
  const buckets = new TokenBuckets({ perSecond: 10, burst: 100 }, { now: clock.now });
  assertEquals([buckets.take("ann", 60), buckets.take("ann", 60), buckets.take("ann", 40)], [0, 2000, 0]);
  clock.advance(9000);
  assertEquals([buckets.waitMs("ann", 1000), buckets.take("bob", 1000), buckets.take("bob")], [1000, 0, 100]);
});

test("a rate of 0 is no limit", () => {
  const buckets = new TokenBuckets({ perSecond: 0, burst: 1 });
  assertEquals([1, 2, 3].map(() => buckets.take("ann")), [0, 0, 0]);
  assertEquals(buckets.size, 0);
});

test("of too many names the one silent longest is forgotten", () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, { now: clock.now, namesKept: 2 });
  buckets.take("ann");
  buckets.take("bob");
  buckets.take("cat");
  assertEquals(buckets.size, 2);
  assertEquals([buckets.waitMs("ann"), buckets.waitMs("bob"), buckets.waitMs("cat")], [0, 1000, 1000]);
});
