/**
 * Figures of several nodes in one exposition: what adds up, what does not, and what the table does not know.
 */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Stats } from "../../src/hub/metrics.ts";
import { addUp, exposition } from "../../src/http/metrics.ts";

const { families } = new Stats();

test("figures of several nodes add up by series; of moments the latest counts", () => {
  const at = "parley_last_connection_timestamp_seconds";
  const closes = 'parley_closes_total{code="1000"}';
  const series = addUp([
    { node: "a", counters: { parley_connections: 2, [at]: 7, [closes]: 1 } },
    { node: "b", counters: { parley_connections: 3, [at]: 5 } },
    { node: "c", counters: { [closes]: 4 } },
  ], families);
  assertEquals([...series], [["parley_connections", 5], [at, 7], [closes, 5]]);
});

test("series of one family stand together, whatever order they come in", () => {
  const text = exposition(
    new Map([
      ['parley_closes_total{code="1000"}', 1],
      ["parley_delivery_latency_seconds_sum", 0.5],
      ["parley_connections", 2],
      ['parley_closes_total{code="1001"}', 3],
      ['parley_delivery_latency_seconds_bucket{le="+Inf"}', 4],
      ["some_other_count", 9],
    ]),
    families,
  );
  const lines = text.split("\n").filter((line) => !line.startsWith("# HELP"));
  assertEquals(lines, [
    "# TYPE parley_connections gauge",
    "parley_connections 2",
    "# TYPE parley_closes_total counter",
    'parley_closes_total{code="1000"} 1',
    'parley_closes_total{code="1001"} 3',
    "# TYPE parley_delivery_latency_seconds histogram",
    "parley_delivery_latency_seconds_sum 0.5",
    'parley_delivery_latency_seconds_bucket{le="+Inf"} 4',
    "# TYPE some_other_count untyped",
    "some_other_count 9",
    "",
  ]);
});
