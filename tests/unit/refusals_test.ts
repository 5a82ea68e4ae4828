/** Which close stands for which error, and how many may be refused so at once. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { type ErrorCode, ParleyError } from "../../src/errors.ts";
import { closeReasonOf, Refusals } from "../../src/gateway/refusals.ts";
import { FakeClock } from "../fakes.ts";

test("each cause that a client can act on has its close, the others are said in HTTP", () => {
  const rows: [ErrorCode, string | undefined, number | undefined, string?][] = [
    ["unauthorized", undefined, 4401, "Not authenticated"],
    ["token_expired", undefined, 4401, "Token expired"],
    ["forbidden", "blocked", 4403, "blocked"],
    ["forbidden", "origin", 4403, "origin"],
    ["forbidden", "backend", 4403, "backend"],
    ["forbidden", undefined, undefined],
    ["unavailable", "full", 1013, "full"],
    ["unavailable", "draining", 1013, "draining"],
    ["unavailable", "broker", 1013, "broker"],
    ["unavailable", undefined, 1013, "unavailable"],
    ["unavailable", "disabled", undefined],
    ["rate_limited", "rate", 1013, "rate"],
    ["bad_message", undefined, undefined],
    ["not_found", undefined, undefined],
    ["internal", undefined, undefined],
  ];
  for (const [code, reason, close, said] of rows) {
    const closing = closeReasonOf(new ParleyError(code, "no", { reason }));
    assertEquals([code, reason, closing?.code, closing?.reason], [code, reason, close, said]);
  }
});

test("ten of one network and a hundred in all, until they are given back", () => {
  const refusals = new Refusals();
  const taken = Array.from({ length: 10 }, (_, n) => refusals.take(`2001:db8::${n}`));
  assert(taken.every((place) => place !== undefined));
  assertEquals(refusals.take("2001:db8::ff"), undefined);
  for (let n = 0; n < 90; n++) assert(refusals.take(`203.0.113.${n}`));
  assertEquals(refusals.take("203.0.113.99"), undefined);
  refusals.giveBack(taken[0]!);
  refusals.giveBack(taken[0]!);
  assert(refusals.take("2001:db8::ff"));
  assertEquals([refusals.take("203.0.113.99"), refusals.take("2001:db8::1")], [undefined, undefined]);
});

test("a place whose socket never opens comes back after a while, an open one does not", () => {
  const clock = new FakeClock();
  const refusals = new Refusals({ now: clock.now });
  const [open] = Array.from({ length: 10 }, () => refusals.take("203.0.113.1")!);
  refusals.opened(open!);
  clock.advance(4999);
  assertEquals(refusals.take("203.0.113.1"), undefined);
  clock.advance(1);
  assertEquals(Array.from({ length: 10 }, () => refusals.take("203.0.113.1") !== undefined), [
    ...new Array(9).fill(true),
    false,
  ]);
});
