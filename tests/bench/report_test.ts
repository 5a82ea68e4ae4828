// The report's judgement: medians looked up, targets met or missed, and the README's table. A renamed scenario, server or
// metric would make a target silently unmeasured, so what they all ask for must exist.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import type { Sample } from "./measure/metrics.ts";
import { Book, type Place } from "./report/book.ts";
import { excerpt } from "./report/excerpt.ts";
import { TARGETS } from "./report/targets.ts";
import { targetTable } from "./report/verdicts.ts";
import { SCENARIOS } from "./scenarios/table.ts";
import { SERVERS } from "./servers/table.ts";

const PLACE: Place = { scenario: "fanout-1000", load: "1 in flight", metric: "cpuUs" };
const CROWDED: Place = { ...PLACE, load: "16 in flight" };

const samplesOf = (server: string, values: readonly number[], { load, scenario } = PLACE): Sample[] =>
  values.map((cpuUs) => ({ scenario, load, server, metrics: { cpuUs } }));

class AskedBook extends Book {
  readonly asked: { server: string; place: Place }[] = [];

  override median(server: string, place: Place): number {
    this.asked.push({ server, place });
    return 1;
  }
}

test("a book gives medians, and ratios only of what was measured", () => {
  const book = new Book([...samplesOf("a", [3, 1, 2]), ...samplesOf("b", [4]), ...samplesOf("c", [1])]);
  assertEquals(book.median("a", PLACE), 2);
  assertEquals(book.ratio("a", "b", PLACE), 0.5);
  assertEquals(book.ratioToBest("a", ["b", "c", "d"], PLACE), 2);
  assertEquals(book.ratio("a", "d", PLACE), undefined);
  assertEquals(book.ratioToBest("a", ["d"], PLACE), undefined);
  assertEquals(book.median("a", CROWDED), undefined);
});

test("a target is judged at its worst place, and only a miss has a reason", () => {
  const bare = [...samplesOf("bare-bun", [1]), ...samplesOf("bare-bun", [1], CROWDED)];
  const missed = targetTable(
    new Book([...bare, ...samplesOf("parley-bun", [1.05]), ...samplesOf("parley-bun", [1.3], CROWDED)]),
  );
  const [line = ""] = missed.split("\n").filter((row) => row.startsWith("| Bun: fan-out beside the bare publish"));
  assertStringIncludes(line, "| 1.10 | 1.30 | 1 × 1,000, 16 in flight | 1 of 2 |");
  assertStringIncludes(line, TARGETS[0]!.because!);
  const met = targetTable(new Book([...bare, ...samplesOf("parley-bun", [1.05])]));
  assertStringIncludes(met, "1 of 1 |  |");
});

test("the README's table has numbers, ratios, and by how much a row misses", () => {
  const samples = [...samplesOf("bare-bun", [4]), ...samplesOf("parley-bun", [5.5]), ...samplesOf("bare-deno", [8])];
  const [, , row = ""] = excerpt(new Book(samples)).split("\n");
  assertStringIncludes(row, "| 5.50 (1.38 ×) | 4.00 |");
  assertStringIncludes(row, "| Bun 25 %: not found out |");
});

test("why a row misses is read off the bare server with frames as large", () => {
  const rowWith = (equal: number, scenario: string, row: number): string => {
    const values = { "bare-bun": 4, "parley-bun": 5.5, "bare-bun-event": equal };
    const samples = Object.entries(values).flatMap(([server, value]) =>
      samplesOf(server, [value], { ...PLACE, scenario })
    );
    return excerpt(new Book(samples)).split("\n")[row]!;
  };
  assertStringIncludes(rowWith(5, "fanout-1000", 2), "| Bun 25 %: frames |");
  assertStringIncludes(rowWith(4.5, "fanout-1000", 2), "| Bun 25 %: frames and scatter |");
  assertStringIncludes(rowWith(4.5, "fanout-small", 5), "| Bun 25 %: frames and work |");
});

test("targets and the README's table ask only for what the bench measures", () => {
  const book = new AskedBook([]);
  for (const target of TARGETS) assert(target.readings(book).length > 0, target.title);
  excerpt(book);
  for (const { server, place } of book.asked) {
    assert(SERVERS.some(({ name }) => name === server), `there is no server "${server}"`);
    const scenario = SCENARIOS.find(({ name }) => name === place.scenario);
    assert(scenario?.columns.includes(place.metric), `"${place.scenario}" does not measure "${place.metric}"`);
  }
});
