/**
 * The targets judged by a run: how many of its places meet each, the worst of them, and by how much that misses.
 */
import type { Book } from "./book.ts";
import { type Target, TARGETS } from "./targets.ts";

export function targetTable(book: Book): string {
  const lines = TARGETS.flatMap((target) => lineOf(target, book));
  if (lines.length === 0) return "No target was measured.";
  const head = ["target", "at most", "worst", "where", "met", "missed, probably because"];
  return [head, ["---", "---:", "---:", "---", "---:", "---"], ...lines].map((row) => `| ${row.join(" | ")} |`).join(
    "\n",
  );
}

function lineOf(target: Target, book: Book): string[][] {
  const { title, most, digits = 2, because = "was not found out" } = target;
  const known = target.readings(book).flatMap(({ where, value }) => value === undefined ? [] : [{ where, value }]);
  const [worst] = known.toSorted((a, b) => b.value - a.value);
  if (!worst) return [];
  const met = known.filter(({ value }) => value <= most).length;
  const why = met === known.length ? "" : because;
  return [[title, most.toFixed(digits), worst.value.toFixed(digits), worst.where, `${met} of ${known.length}`, why]];
}
