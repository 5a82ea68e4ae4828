/** What is counted, in the shape that Prometheus scrapes. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Histogram, Stats } from "../../src/hub/metrics.ts";

test("a histogram's buckets are cumulative, a bound belongs to its bucket", () => {
  const histogram = new Histogram([1, 10]);
  for (const value of [0, 1, 1.5, 10, 11, 1e9]) histogram.observe(value);
  assertEquals(histogram.series("h"), {
    'h_bucket{le="1"}': 2,
    'h_bucket{le="10"}': 4,
    'h_bucket{le="+Inf"}': 6,
    h_sum: 23.5 + 1e9,
    h_count: 6,
  });
});

test("labelled counters have a series for each label", () => {
  const stats = new Stats();
  stats.count("errors", "forbidden");
  stats.count("errors", "forbidden");
  stats.count("closes", 1000);
  stats.count("refused", "rate");
  stats.framesIn = 5;
  const figures = stats.snapshot();
  assertEquals(figures['parley_errors_total{code="forbidden"}'], 2);
  assertEquals(figures['parley_closes_total{code="1000"}'], 1);
  assertEquals(figures['parley_refused_total{reason="rate"}'], 1);
  assertEquals(figures.parley_frames_in_total, 5);
});
