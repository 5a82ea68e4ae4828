/** The history checker finds every fault it is there for, and none in a faultless history. */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { FAULTLESS, HistoryChecker, type Report, type Seen } from "../e2e/checker.ts";

const ROOM = "r";

function at(offset: number, key = `m${offset}`, epoch = "e"): Seen {
  return { key, position: { epoch, offset } };
}

function start(offset = 0, members = ["a", "b"]) {
  return { position: { epoch: "e", offset }, members };
}

/** Two witnesses who joined an empty room, and what the checker makes of the rest. */
function story(tell: (one: Told) => void): Report {
  let now = 0;
  const checker = new HistoryChecker(() => now);
  const [a, b] = [checker.witness("a", ROOM), checker.witness("b", ROOM)];
  const present = new Set(["a", "b"]);
  a.joined(start());
  b.joined(start());
  tell({ a, b, checker, present, pass: (ms) => now += ms });
  return checker.check(new Map([[ROOM, present]]));
}

interface Told {
  a: ReturnType<HistoryChecker["witness"]>;
  b: ReturnType<HistoryChecker["witness"]>;
  checker: HistoryChecker;
  present: Set<string>;
  pass(ms: number): void;
}

/** How many findings of which kind. */
function counts(report: Report): Record<string, number> {
  return Object.fromEntries(
    Object.entries(report).filter(([, found]) => found.length > 0).map(([kind, found]) => [kind, found.length]),
  );
}

test("a faultless history has no findings", () => {
  const report = story(({ a, b, present }) => {
    for (const each of [a, b]) for (const n of [1, 2, 3]) each.saw(at(n));
    a.acceptedAt("m3", at(3).position);
    b.away();
    present.delete("b");
    a.memberLeft("b");
    a.saw(at(4));
    b.joined({ ...start(5, ["a", "b2"]), recovered: true, messages: [at(4), at(5)] });
    present.add("b2");
    a.memberJoined("b2");
    a.saw(at(5));
    b.reset({ epoch: "f", offset: 7 });
    b.saw(at(8, "x", "f"));
    a.reset({ epoch: "f", offset: 7 });
    a.saw(at(8, "x", "f"));
  });
  assertEquals(report, FAULTLESS);
});

test("a message in the middle that one did not see is lost", () => {
  const report = story(({ a, b }) => {
    for (const n of [1, 2, 3]) a.saw(at(n));
    for (const n of [1, 3]) b.saw(at(n));
  });
  assertEquals(counts(report), { lost: 1 });
  assertEquals(report.lost, ["b never saw m2 at r e:2"]);
});

test("the last message that one did not see is lost", () => {
  assertEquals(counts(story(({ a }) => a.saw(at(1)))), { lost: 1 });
});

test("an accepted message that nobody saw is lost to all", () => {
  assertEquals(counts(story(({ a }) => a.acceptedAt("m1", at(1).position))), { lost: 2 });
});

test("a recovery with a hole in it is a loss", () => {
  const report = story(({ a, b }) => {
    for (const n of [1, 2, 3]) a.saw(at(n));
    b.away();
    b.joined({ ...start(3), recovered: true, messages: [at(1), at(3)] });
  });
  assertEquals(counts(report), { lost: 1 });
});

test("a recovery that ends early is a loss", () => {
  const report = story(({ a, b }) => {
    for (const n of [1, 2]) a.saw(at(n));
    b.away();
    b.joined({ ...start(2), recovered: true, messages: [at(1)] });
  });
  assertEquals(counts(report), { lost: 1 });
});

test("whoever is told that it cannot recover has lost nothing", () => {
  const report = story(({ a, b }) => {
    for (const n of [1, 2]) a.saw(at(n));
    b.away();
    b.joined({ ...start(2), recovered: false, messages: [at(2)] });
  });
  assertEquals(report, FAULTLESS);
});

test("another epoch without a reset is a loss", () => {
  const report = story(({ a, b }) => {
    a.saw(at(1, "x", "f"));
    b.reset({ epoch: "f", offset: 1 });
  });
  assertEquals(counts(report), { lost: 1 });
});

test("a message seen twice is duplicated", () => {
  const report = story(({ a, b }) => {
    for (const each of [a, b]) each.saw(at(1));
    b.saw(at(1));
  });
  assertEquals(counts(report), { duplicated: 1 });
});

test("a message that stands at two places is duplicated", () => {
  const report = story(({ a, b }) => {
    for (const each of [a, b]) for (const n of [1, 2]) each.saw(at(n, "same"));
  });
  assertEquals(counts(report), { duplicated: 2 });
});

test("a message after a later one is reordered, not lost", () => {
  const report = story(({ a, b }) => {
    for (const n of [1, 2, 3]) a.saw(at(n));
    for (const n of [1, 3, 2]) b.saw(at(n));
  });
  assertEquals(counts(report), { reordered: 1 });
});

test("two messages at one place are two orders", () => {
  const report = story(({ a, b }) => {
    a.saw(at(1, "x"));
    b.saw(at(1, "y"));
  });
  assertEquals(counts(report), { reordered: 1 });
});

test("who is gone and believed to be there is a ghost, who is there and unknown is missing", () => {
  const report = story(({ a, b, present }) => {
    present.delete("b");
    present.add("c");
    b.away();
    a.memberJoined("d");
  });
  assertEquals(report.ghosts, ["a believes b to be in r", "a believes d to be in r"]);
  assertEquals(report.missing, ["a does not know that c is in r"]);
});

test("a leave that comes too late, or twice, is found", () => {
  const late = story(({ a, b, checker, present, pass }) => {
    b.away();
    present.delete("b");
    checker.died("b");
    pass(15_001);
    a.memberLeft("b");
  });
  assertEquals(counts(late), { lateLeaves: 1 });
  const twice = story(({ a, b, checker, present, pass }) => {
    b.away();
    present.delete("b");
    checker.died("b");
    pass(14_999);
    a.memberLeft("b");
    a.memberLeft("b");
  });
  assertEquals(counts(twice), { lateLeaves: 1 });
});
