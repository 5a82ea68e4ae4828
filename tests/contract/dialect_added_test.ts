/**
 * A dialect that is added to the list, held to the laws of dialect.ts, with the names that the list then reserves.
 */
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import type { Dialect } from "../../src/dialect.ts";
import { reservedBy } from "../../src/dialects/all.ts";
import { ALL_FAMILIES, dialectsFor, isReserved } from "../dialects.ts";
import { testJsonDialect } from "./json_dialect.ts";

const dialects = dialectsFor({}, ALL_FAMILIES);

testJsonDialect("pubsub", dialects.get("pubsub") as Dialect, {
  join: (channel) => ({ type: "sub", channel }),
  publish: (channel, text, beside) => ({ ...beside, type: "pub", channel, text }),
  types: ["sub", "pub", "unsub", "authenticate", "ping", "join"],
  isReserved: reservedBy(ALL_FAMILIES),
});

test("its names are refused as custom ones in every dialect, and in none where it is not", () => {
  assertEquals([isReserved("subbed"), reservedBy(ALL_FAMILIES)("subbed")], [false, true]);
});
