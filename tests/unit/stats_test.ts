/** What is counted, in the shape that Prometheus scrapes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { Histogram, Stats } from "../../src/hub/metrics.ts";

const NOTHING = { connections: 0, connectionsByDialect: {}, zombies: 0, unsentBytes: 0 };

test("a histogram's buckets are cumulative, a bound belongs to its bucket", () => {
  const histogram = new Histogram("h", "Values", [1, 10]);
  for (const value of [0, 1, 1.5, 10, 11, 1e9]) histogram.observe(value);
  assertEquals(histogram.series(), {
    'h_bucket{le="1"}': 2,
    'h_bucket{le="10"}': 4,
    'h_bucket{le="+Inf"}': 6,
    h_sum: 23.5 + 1e9,
    h_count: 6,
  });
});

test("labelled counters have a series for each label", () => {
  const stats = new Stats();
  stats.errors.add("forbidden");
  stats.errors.add("forbidden");
  stats.closes.add(1000);
  stats.refused.add("rate");
  stats.framesIn.add(5);
  const figures = stats.snapshot(NOTHING);
  assertEquals(figures['parley_errors_total{code="forbidden"}'], 2);
  assertEquals(figures['parley_closes_total{code="1000"}'], 1);
  assertEquals(figures['parley_refused_total{reason="rate"}'], 1);
  assertEquals(figures.parley_frames_in_total, 5);
});

test("what is declared once is a figure: its series, its kind and its help", () => {
  const stats = new Stats();
  stats.lastConnectionAt = 5000;
  stats.roomResized("custom", 0, 3);
  const figures = stats.snapshot({
    connections: 2,
    connectionsByDialect: { kebab: 1, snake: 1 },
    zombies: 4,
    unsentBytes: 7,
  });
  const expected = {
    "parley_connections": 2,
    'parley_dialect_connections{dialect="snake"}': 1,
    "parley_last_connection_timestamp_seconds": 5,
    "parley_zombie_sockets": 4,
    "parley_unsent_bytes": 7,
    "parley_rooms": 1,
    "parley_room_members_count": 1,
  };
  for (const [series, value] of Object.entries(expected)) assertEquals([series, figures[series]], [series, value]);
  const names = stats.families.map(({ name }) => name);
  assertEquals(names, [...new Set(names)]);
  for (const series of Object.keys(figures)) {
    const name = series.split("{")[0]!;
    assert(names.includes(name) || names.includes(name.replace(/_(bucket|sum|count)$/, "")), series);
  }
  for (const { name, help } of stats.families) assertMatch(`${name} ${help}`, /^parley_[a-z_]+ [A-Z].+[^.]$/);
});
